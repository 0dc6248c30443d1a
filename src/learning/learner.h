/*
 * From what readers of logs find to sessions in the store.
 *
 *     new -> (resolve -> user -> add_call | add_session)* -> flush -> free
 *
 * Readers say what is wrong through nxc__learn_note and go on; a failure is
 * memory, the operating system or the store.
 */
#ifndef NXC_LEARNING_LEARNER_H
#define NXC_LEARNING_LEARNER_H

#include "base/config.h"
#include "learning/learn_report.h"
#include "learning/learned_store.h"
#include "learning/log_source.h"

typedef struct nxc__learn_catalog {
    nxc_str name;
    const nxc_catalog *catalog;
} nxc__learn_catalog;

/* Borrowed until free. */
typedef struct nxc__learn_setup {
    const nxc__learn_catalog *catalogs; /* (n_catalogs) that may be learnt */
    size_t n_catalogs;
    const nxc_learn_options *options;
    const nxc_config *cfg;
    nxc__store *store; /* NULL: nothing is kept, sessions are counted as new */
    nxc_learn_report *report;
    const nxc_allocator *alloc;
} nxc__learn_setup;

typedef struct nxc__learner nxc__learner;
nxc_status nxc__learner_new(const nxc__learn_setup *setup, nxc__learner **out,
                            nxc_error *err);
void nxc__learner_free(nxc__learner *l);
const nxc__learn_setup *nxc__learner_setup(const nxc__learner *l);

/* A call of a log, as it stands there. */
typedef struct nxc__log_call {
    nxc_str method, url, host; /* url: a path or all of it; host: "" if only the
                                  url says it */
    bool is_file;    /* the log says that it is an image or the like */
    uint64_t status; /* 0: not known */
} nxc__log_call;

/* Which operation of which catalog a call is; false if it is to be left out,
 * which is then noted. */
bool nxc__learner_resolve(nxc__learner *l, const nxc__log_call *call,
                          nxc_str log, uint64_t number, uint32_t *catalog,
                          uint32_t *operation);
/* The number of a user, for add_call. session empty: the user's calls are cut
 * by gaps; else they are one session of that name. */
nxc_status nxc__learner_user(nxc__learner *l, nxc_str user, nxc_str session,
                             uint32_t *out, nxc_error *err);
/* *user may change when the calls so far are handed to the store. */
nxc_status nxc__learner_add_call(nxc__learner *l, uint32_t catalog,
                                 uint32_t operation, uint32_t user, int64_t ms,
                                 nxc_error *err);
/* Whether add_call would hand over the calls, so that users have new numbers:
 * then flush first. */
bool nxc__learner_is_full(const nxc__learner *l);

/* The name of a session and of its user ("": the session is its own group) to
 * keys. */
nxc_status nxc__learner_keys(nxc__learner *l, nxc_str session, nxc_str user,
                             nxc__hash128 *key, nxc__hash128 *group,
                             nxc_error *err);
/* Everything is copied; record->gap_ms is 0. */
nxc_status nxc__learner_add_session(nxc__learner *l, uint32_t catalog,
                                    const nxc__record *record, nxc_error *err);
/* Hand over what there is. */
nxc_status nxc__learner_flush(nxc__learner *l, nxc_error *err);

/* Seconds to milliseconds. */
static inline int64_t nxc__learn_ms(double seconds) {
    double ms = seconds * 1000;
    return (int64_t)(ms < 0 ? ms - 0.5 : ms + 0.5);
}
/* "10/Oct/2000:13:55:36 -0700", RFC 3339 or a number. */
bool nxc__learn_time(nxc_str text, int64_t *ms);

/* ---- log_format.c: read a log in the format that the options or its first
 * bytes say. Errors: NXC_ERR_INVALID (no such format), those above. */
nxc_status nxc__log_read(nxc__learner *l, nxc__log_source *source,
                         nxc_error *err);

/* ---- readers, one a format */
typedef nxc_status (*nxc__log_reader)(nxc__learner *l, nxc__log_source *source,
                                      nxc_error *err);
nxc_status nxc__read_access(nxc__learner *l, nxc__log_source *source,
                            nxc_error *err);
nxc_status nxc__read_json_log(nxc__learner *l, nxc__log_source *source,
                              nxc_error *err);
nxc_status nxc__read_sessions(nxc__learner *l, nxc__log_source *source,
                              nxc_error *err);
nxc_status nxc__read_har(nxc__learner *l, nxc__log_source *source,
                         nxc_error *err);
nxc_status nxc__read_arazzo(nxc__learner *l, nxc__log_source *source,
                            nxc_error *err);

#endif
