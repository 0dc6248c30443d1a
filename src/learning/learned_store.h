/*
 * Learned sessions in the store: adding, reading for statistics, forgetting,
 * merging.
 *
 *     secret -> keys of sessions and users -> add (many records) ...
 *     load -> nxc__learned, what statistics are computed from
 */
#ifndef NXC_LEARNING_LEARNED_STORE_H
#define NXC_LEARNING_LEARNED_STORE_H

#include "catalog/catalog.h"
#include "learning/record.h"
#include "statistics/learned.h"

/* A session of a catalog on its way to the store. */
typedef struct nxc__learned_addition {
    nxc_str catalog;
    nxc__record record;
} nxc__learned_addition;

typedef struct nxc__learned_counts {
    uint64_t n_new, n_changed, n_same; /* sessions */
    uint64_t n_dropped; /* calls over NXC_SESSION_MAX_CALLS of one instant */
} nxc__learned_counts;

/* The secret that keys are made with; made at the first call.
 * Errors: NXC_ERR_STATE if another process writes. */
nxc_status nxc__learned_secret(nxc__store *store, uint8_t out[NXC_SECRET_BYTES],
                               nxc_error *err);
/* HMAC-SHA-256 of a name, cut to 16 bytes; a user and a session of one name
 * have different keys. */
typedef enum nxc__key_kind {
    NXC_KEY_SESSION = 's',
    NXC_KEY_USER = 'u'
} nxc__key_kind;
nxc_status nxc__learned_key(const uint8_t secret[NXC_SECRET_BYTES],
                            nxc__key_kind kind, nxc_str name, nxc__hash128 *out,
                            nxc_error *err);

/* All of them in one transaction, in order. A session with a key: the one with
 * more calls stays (of as many: the one whose payload is the greater). Calls of
 * a gap are united with those of the user's near sessions and cut anew. counts
 * are added to on success. Thread-safety: any. */
nxc_status nxc__learned_add_all(nxc__store *store,
                                const nxc__learned_addition *additions,
                                size_t n, const nxc_allocator *alloc,
                                nxc__learned_counts *counts, nxc_error *err);
/* The same of every session of another store's file; its secrets are kept too,
 * so that its sessions can still be forgotten by name. */
nxc_status nxc__learned_merge(nxc__store *store, const char *path,
                              const nxc_allocator *alloc,
                              nxc__learned_counts *counts, nxc_error *err);
/* Delete the session, or all sessions of the user, of that name, in all
 * catalogs; the bytes are overwritten. */
nxc_status nxc__learned_forget_name(nxc__store *store, nxc__key_kind kind,
                                    nxc_str name, uint64_t *n, nxc_error *err);

typedef struct nxc__learned_loaded {
    size_t n_sessions, n_calls;
    size_t n_gone;    /* calls of operations that the catalog no longer has */
    size_t n_damaged; /* sessions whose bytes are no session */
    double newest;    /* time of the newest call, or NaN */
} nxc__learned_loaded;
/* The sessions that the store has under a name, against a catalog: calls of
 * operations that it does not have are left out. out is initialised. */
nxc_status nxc__learned_load(nxc__store_reader *reader, nxc_str name,
                             const nxc_catalog *catalog, nxc__learned *out,
                             nxc__learned_loaded *loaded, nxc_error *err);
/* The newest max sessions of the user of that name, or else the session of that
 * name; out is initialised. */
nxc_status nxc__learned_load_name(nxc__store_reader *reader,
                                  nxc_str catalog_name,
                                  const nxc_catalog *catalog, nxc_str name,
                                  size_t max, nxc__learned *out,
                                  nxc_error *err);

#endif
