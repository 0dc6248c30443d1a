/*
 * Nextcall, the part about learning: sessions of the past into the store. Comes
 * with nextcall.h, whose conventions it follows.
 */
#ifndef NEXTCALL_LEARN_H
#define NEXTCALL_LEARN_H

#include <nextcall/nextcall.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sessions of the past are kept in the store (option store) under the name of
 * their catalog: which operations, in which order, when, and the prompts if
 * they were asked for; no query strings, headers, bodies or identifiers
 * (docs/learn.md). An engine with a store that has learned sessions ranks with
 * them, unless the option use_learned is off. */

/* What can be wrong with a log; never fatal. */
typedef enum nxc_learn_kind {
    NXC_LEARN_MALFORMED = 0,         /* a line or a value is no such thing */
    NXC_LEARN_TOO_LONG = 1,          /* a line of over max_line_bytes */
    NXC_LEARN_ENCODING = 2,          /* malformed UTF-8; UTF-16 (converted) */
    NXC_LEARN_UNKNOWN_OPERATION = 3, /* a call that the catalog has not */
    NXC_LEARN_UNKNOWN_CATALOG = 4,   /* a session of a catalog not loaded */
    NXC_LEARN_NO_TIME = 5,           /* a call of a log without a time */
    NXC_LEARN_CLOCK = 6,             /* the clock went back by over a gap */
    NXC_LEARN_NO_SESSION = 7,        /* the field that tells sessions apart is
                                        missing */
    NXC_LEARN_STATIC = 8,            /* a file: image, style, script */
    NXC_LEARN_OTHER_HOST = 9,        /* none of the hosts asked for */
    NXC_LEARN_FAILED = 10,           /* answered by a status of 400 or more */
    NXC_LEARN_EMPTY = 11,            /* a session without a known call */
    NXC_LEARN_GZIP = 12,             /* damaged or cut short */
    NXC_LEARN_LIMIT = 13             /* more than a limit allows */
} nxc_learn_kind;
#define NXC_LEARN_N_KINDS 14
/* "malformed", "too_long", ...; "unknown" for another number. Since 0.1. */
NXC_API const char *nxc_learn_kind_name(nxc_learn_kind kind);

#define NXC_LEARN_N_EXAMPLES 3
typedef struct nxc_learn_finding {
    uint64_t n;
    char examples[NXC_LEARN_N_EXAMPLES][120]; /* the first, "<name>:<line>:
                                                 ..."; else empty */
} nxc_learn_finding;

/* What a log gave. Sums over calls of nxc_engine_learn with the same report.
 * Start from NXC_LEARN_REPORT_INIT. */
typedef struct nxc_learn_report {
    size_t size;          /* sizeof(nxc_learn_report) */
    const char *format;   /* of the last log: "sessions", "har", ... */
    uint64_t n_bytes;     /* unpacked */
    uint64_t n_records;   /* lines, entries or workflows that were read */
    uint64_t n_calls;     /* of them that are operations of a catalog */
    uint64_t n_new;       /* sessions that were not there */
    uint64_t n_changed;   /* that were there with fewer or other calls */
    uint64_t n_same;      /* that were there so */
    uint64_t n_forgotten; /* by nxc_engine_forget */
    nxc_learn_finding findings[NXC_LEARN_N_KINDS];
} nxc_learn_report;
#define NXC_LEARN_REPORT_INIT                                \
    {                                                        \
        sizeof(nxc_learn_report), "", 0, 0, 0, 0, 0, 0, 0, { \
            {                                                \
                0, { "" }                                    \
            }                                                \
        }                                                    \
    }

/* How a log is read. Start from NXC_LEARN_OPTIONS_INIT. */
typedef struct nxc_learn_options {
    size_t size;     /* sizeof(nxc_learn_options) */
    nxc_str catalog; /* name; "": the one that a session names, or whichever of
                        the loaded ones has the operation */
    const char *format;     /* "auto" (or NULL), "sessions", "har", "access",
                               "json", "arazzo" (docs/formats/logs.md) */
    const char *session_by; /* fields that tell users apart, with commas; of a
                               HAR file "page" or "gap"; NULL: the format's */
    double gap_seconds;     /* that ends a session of a log; over 0 */
    bool keep_prompts;      /* of sessions (a workflow's description is always
                               kept) */
    bool keep_failed;       /* calls with a status of 400 or more too */
    const nxc_str *hosts; /* (n_hosts) calls of other hosts are left out; none:
                             any host */
    size_t n_hosts;
    nxc_str user; /* whose log it is, or "" */
    bool dry_run; /* only read and report: nothing is kept, n_new counts what
                     would be */
} nxc_learn_options;
#define NXC_LEARN_OPTIONS_INIT                                             \
    {                                                                      \
        sizeof(nxc_learn_options), {0, 0}, 0, 0, 1800, false, false, 0, 0, \
            {0, 0}, false                                                  \
    }

/* Read a log and keep its sessions in the store. bytes.ptr NULL: the file
 * called name ("-": standard input); gzip is unpacked. Reading a log twice
 * changes nothing; reading A and then B is reading both. What was kept before a
 * failure stays. options and report may be NULL. Rankings of this engine do not
 * change: see nxc_engine_use_learned.
 * Errors: NXC_ERR_STATE (no store that can be written, no catalog),
 * NXC_ERR_INVALID (an option), NXC_ERR_NOT_FOUND (the catalog), NXC_ERR_IO,
 * NXC_ERR_NOMEM. Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_learn(
    nxc_engine *engine, nxc_str name, nxc_str bytes,
    const nxc_learn_options *options, nxc_learn_report *report, nxc_error *err);
/* Add the learned sessions of another store's database, which is only read.
 * Errors: as above, and those of opening it. Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_engine_merge_learned(nxc_engine *engine, const char *path,
                         nxc_learn_report *report, nxc_error *err);
/* Forget the session of that name, or all sessions of the user, in all
 * catalogs; report->n_forgotten says how many. Errors: NXC_ERR_STATE.
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_forget(nxc_engine *engine,
                                                    nxc_str session,
                                                    nxc_str user,
                                                    nxc_learn_report *report,
                                                    nxc_error *err);
/* Rank by what the store has learnt of the catalog by now ("": of all), as
 * nxc_engine_add_catalog does for a catalog when it is added. Encodes prompts
 * that have no embedding yet. Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_use_learned(nxc_engine *engine,
                                                         nxc_str catalog,
                                                         nxc_error *err);

/* What the store has learnt, of one catalog. */
typedef struct nxc_learned_info {
    nxc_str catalog; /* valid in visit */
    uint64_t n_sessions, n_calls, n_users, n_bytes;
    double first_time, last_time; /* seconds since 1970, or NaN */
} nxc_learned_info;
/* visit(user, info) for each catalog, by name; false stops. Errors:
 * NXC_ERR_STATE (no store). Thread-safety: any. Since 0.1. */
typedef bool (*nxc_learned_visit)(void *user, const nxc_learned_info *info);
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_learned(nxc_engine *engine,
                                                     nxc_learned_visit visit,
                                                     void *user,
                                                     nxc_error *err);

#ifdef __cplusplus
}
#endif
#endif
