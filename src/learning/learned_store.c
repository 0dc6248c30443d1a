/*
 * Between records and the store's rows.
 *
 *     learner ─► additions ─► one task on the writer's connection:
 *                  keyed    find ─► keep the greater ─► put
 *                  by gap   near ─► unite ─► cut ─► delete old, put new
 *     statistics ◄─ nxc__learned ◄─ rows in the order of their keys
 *
 * Keyed sessions form a semilattice (the greater of two stays), sessions of a
 * gap are unions of multisets cut by a rule, so the table does not depend on
 * the order in which files were learnt, nor on how often.
 *
 * What is near: a session of the same group that ends at most a gap before the
 * first new call and begins at most a gap after the last. Its own neighbours
 * further away keep their cuts, because the next cut follows from the calls
 * after it.
 *
 * Threading: a task runs on the writer's thread while its caller waits, so both
 * may use the caller's memory. Cost: some microseconds a session, without new
 * calls a look-up.
 */
#include "learning/learned_store.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

/* Sessions that are united at once; a user with more of them within two gaps
 * is a robot. */
#define MAX_NEAR 64

/* ---------------------------------------------------------------- keys */

static nxc_status make_secret(void *user, struct nxc__store_db *db,
                              nxc_error *err) {
    nxc__secrets *secrets = user;
    NXC_TRY(nxc__learned_secrets_read(db, secrets, err));
    if (secrets->n) return NXC_OK;
    NXC_TRY(nxc__random_secret(secrets->bytes[0], NXC_SECRET_BYTES, err));
    secrets->n = 1;
    return nxc__learned_secret_add(db, secrets->bytes[0], err);
}

nxc_status nxc__learned_secret(nxc__store *store, uint8_t out[NXC_SECRET_BYTES],
                               nxc_error *err) {
    nxc__secrets secrets = {.n = 0};
    NXC_TRY(nxc__store_run(store, make_secret, &secrets, false, err));
    memcpy(out, secrets.bytes[0], NXC_SECRET_BYTES);
    return NXC_OK;
}

nxc_status nxc__learned_key(const uint8_t secret[NXC_SECRET_BYTES],
                            nxc__key_kind kind, nxc_str name, nxc__hash128 *out,
                            nxc_error *err) {
    uint8_t tagged[NXC_SECRET_BYTES + 1], digest[NXC_SHA256_BYTES];
    memcpy(tagged, secret, NXC_SECRET_BYTES);
    tagged[NXC_SECRET_BYTES] = (uint8_t)kind;
    NXC_TRY(nxc__hmac_sha256(tagged, sizeof tagged, name.len ? name.ptr : "",
                             name.len, digest, err));
    memcpy(out, digest, sizeof *out);
    return NXC_OK;
}

/* ---------------------------------------------------------------- adding */

typedef struct adding {
    struct nxc__store_db *db;
    const nxc__learned_addition *additions;
    size_t n;
    nxc__learned_counts counts;
    nxc__arena arena;    /* of one addition */
    nxc__buffer payload; /* of one row */
    const nxc__learned_addition *now;
    /* near sessions of now */
    nxc__record near[MAX_NEAR];
    size_t n_near;
    bool is_known, is_less; /* keyed: what the row of its key is */
} adding;

static void times_of(const nxc__record *r, nxc__learned_row *row) {
    row->first_ms = row->last_ms = NXC_TIME_UNKNOWN;
    for (size_t i = 0; i < r->n; i++) {
        if (r->calls[i].ms == NXC_TIME_UNKNOWN) continue;
        if (row->first_ms == NXC_TIME_UNKNOWN || r->calls[i].ms < row->first_ms)
            row->first_ms = r->calls[i].ms;
        if (r->calls[i].ms > row->last_ms) row->last_ms = r->calls[i].ms;
    }
}

static nxc_status put_record(adding *a, const nxc__record *r, nxc_error *err) {
    nxc__learned_row row = {.catalog = a->now->catalog,
                            .key = r->key,
                            .group = r->group,
                            .n_calls = (uint32_t)r->n};
    a->payload.len = 0;
    a->payload.status = NXC_OK;
    NXC_TRY(nxc__record_encode(r, &a->payload, err));
    row.payload = nxc__buffer_str(&a->payload);
    times_of(r, &row);
    return nxc__learned_row_put(a->db, &row, err);
}

/* Which of two payloads of one key stays: more calls, then the greater bytes.
 */
static nxc_status compare_known(void *user, const nxc__learned_row *row,
                                nxc_error *err) {
    adding *a = user;
    nxc__record known;
    nxc_status st = nxc__record_decode(row, &a->arena, &known, err);
    if (st == NXC_ERR_FORMAT) return NXC_OK; /* replaced */
    if (st != NXC_OK) return st;
    nxc_str payload = nxc__buffer_str(&a->payload);
    a->is_known = true;
    a->is_less = a->now->record.n != known.n
                     ? a->now->record.n < known.n
                     : nxc__str_compare(payload, row->payload) <= 0;
    return NXC_OK;
}

static nxc_status add_keyed(adding *a, nxc_error *err) {
    const nxc__record *r = &a->now->record;
    a->is_known = a->is_less = false;
    a->payload.len = 0;
    a->payload.status = NXC_OK;
    NXC_TRY(nxc__record_encode(r, &a->payload, err));
    NXC_TRY(nxc__learned_row_find(a->db, a->now->catalog, r->key, compare_known,
                                  a, err));
    if (a->is_less)
        a->counts.n_same++;
    else if (a->is_known)
        a->counts.n_changed++;
    else
        a->counts.n_new++;
    return a->is_less ? NXC_OK : put_record(a, r, err);
}

static nxc_status keep_near(void *user, const nxc__learned_row *row,
                            nxc_error *err) {
    adding *a = user;
    nxc__record r;
    nxc_status st = nxc__record_decode(row, &a->arena, &r, err);
    if (st == NXC_ERR_FORMAT) return NXC_OK;
    if (st == NXC_OK && r.gap_ms && a->n_near < MAX_NEAR)
        a->near[a->n_near++] = r;
    return st;
}

/* Union of the new calls and those of the near sessions. */
static nxc_status unite(adding *a, const nxc__record_call **calls, size_t *n,
                        nxc_error *err) {
    const nxc__record *r = &a->now->record;
    size_t n_old = 0;
    for (size_t i = 0; i < a->n_near; i++)
        n_old += a->near[i].n;
    nxc__record_call *old =
        nxc__arena_alloc_array(&a->arena, n_old, sizeof *old);
    nxc__record_call *all =
        nxc__arena_alloc_array(&a->arena, n_old + r->n, sizeof *all);
    nxc__record_call *spare =
        nxc__arena_alloc_array(&a->arena, n_old, sizeof *spare);
    if (!old || !all || !spare)
        return nxc__error_nomem(err, (n_old + r->n) * sizeof *all);
    n_old = 0;
    for (size_t i = 0; i < a->n_near; i++) {
        /* disjoint sets of calls: what they share is there twice */
        nxc__record_call *t = spare;
        size_t k = 0, j = 0, m = 0;
        const nxc__record *b = &a->near[i];
        while (k < n_old || j < b->n)
            t[m++] = j == b->n || (k < n_old && old[k].ms <= b->calls[j].ms)
                         ? old[k++]
                         : b->calls[j++];
        spare = old;
        old = t;
        n_old = m;
    }
    *n = nxc__record_unite(old, n_old, r->calls, r->n, all);
    *calls = all;
    return NXC_OK;
}

/* Whether a session is there already, call for call. */
static bool is_near(const adding *a, const nxc__record *r) {
    for (size_t i = 0; i < a->n_near; i++) {
        const nxc__record *b = &a->near[i];
        if (!nxc__hash128_eq(b->key, r->key) || b->n != r->n) continue;
        size_t k = 0;
        while (k < r->n && b->calls[k].ms == r->calls[k].ms &&
               b->calls[k].operation == r->calls[k].operation)
            k++;
        if (k == r->n) return true;
    }
    return false;
}

static bool has_key(const nxc__record *list, size_t n, nxc__hash128 key) {
    for (size_t i = 0; i < n; i++)
        if (nxc__hash128_eq(list[i].key, key)) return true;
    return false;
}

/* The calls cut into sessions; a part that begins in the instant in which the
 * one before began has its key and is dropped. */
static nxc_status put_cut(adding *a, const nxc__record_call *calls, size_t n,
                          nxc__record *parts, size_t *n_parts, nxc_error *err) {
    const nxc__record *r = &a->now->record;
    *n_parts = 0;
    for (size_t i = 0; i < n;) {
        size_t len = nxc__record_cut(calls + i, n - i, r->gap_ms);
        nxc__record part = {.key = nxc__record_gap_key(r->group, calls[i].ms),
                            .group = r->group,
                            .gap_ms = r->gap_ms,
                            .calls = calls + i,
                            .n = len};
        i += len;
        if (*n_parts && nxc__hash128_eq(parts[*n_parts - 1].key, part.key)) {
            a->counts.n_dropped += len;
            continue;
        }
        parts[(*n_parts)++] = part;
        if (is_near(a, &part)) {
            a->counts.n_same++;
            continue;
        }
        if (has_key(a->near, a->n_near, part.key))
            a->counts.n_changed++;
        else
            a->counts.n_new++;
        NXC_TRY(put_record(a, &part, err));
    }
    return NXC_OK;
}

static nxc_status add_by_gap(adding *a, nxc_error *err) {
    const nxc__record *r = &a->now->record;
    const nxc__record_call *calls = r->calls;
    size_t n = r->n, n_parts = 0;
    a->n_near = 0;
    NXC_TRY(nxc__learned_row_near(
        a->db, a->now->catalog, r->group, calls[0].ms - (int64_t)r->gap_ms,
        calls[n - 1].ms + (int64_t)r->gap_ms, MAX_NEAR, keep_near, a, err));
    if (a->n_near) NXC_TRY(unite(a, &calls, &n, err));
    nxc__record *parts = nxc__arena_alloc_array(&a->arena, n, sizeof *parts);
    if (!parts) return nxc__error_nomem(err, n * sizeof *parts);
    NXC_TRY(put_cut(a, calls, n, parts, &n_parts, err));
    for (size_t i = 0; i < a->n_near; i++)
        if (!has_key(parts, n_parts, a->near[i].key))
            NXC_TRY(nxc__learned_row_delete(a->db, a->now->catalog,
                                            a->near[i].key, err));
    return NXC_OK;
}

static nxc_status add_task(void *user, struct nxc__store_db *db,
                           nxc_error *err) {
    adding *a = user;
    nxc_status st = NXC_OK;
    a->db = db;
    for (size_t i = 0; i < a->n && st == NXC_OK; i++) {
        a->now = &a->additions[i];
        st = a->now->record.gap_ms ? add_by_gap(a, err) : add_keyed(a, err);
        nxc__arena_reset(&a->arena);
    }
    return st;
}

static void adding_init(adding *a, const nxc_allocator *alloc) {
    nxc__arena_init(&a->arena, alloc, SIZE_MAX);
    nxc__buffer_init(&a->payload, alloc, NXC_LEARNED_MAX_PAYLOAD);
}
static void adding_release(adding *a) {
    nxc__arena_release(&a->arena);
    nxc__buffer_release(&a->payload);
}

static void add_counts(nxc__learned_counts *to, const nxc__learned_counts *c) {
    to->n_new += c->n_new;
    to->n_changed += c->n_changed;
    to->n_same += c->n_same;
    to->n_dropped += c->n_dropped;
}

nxc_status nxc__learned_add_all(nxc__store *store,
                                const nxc__learned_addition *additions,
                                size_t n, const nxc_allocator *alloc,
                                nxc__learned_counts *counts, nxc_error *err) {
    adding *a = nxc__alloc_zero(alloc, sizeof *a);
    if (!a) return nxc__error_nomem(err, sizeof *a);
    a->additions = additions;
    a->n = n;
    adding_init(a, alloc);
    nxc_status st = nxc__store_run(store, add_task, a, false, err);
    if (st == NXC_OK) add_counts(counts, &a->counts);
    adding_release(a);
    nxc__free(alloc, a, sizeof *a);
    return st;
}

/* ---------------------------------------------------------------- merging */

/* Rows of the other store, batch by batch: it is not read within a task. */
typedef struct merging {
    nxc__store *store;
    const nxc_allocator *alloc;
    nxc__arena arena; /* of a batch */
    nxc__learned_addition *batch;
    size_t n;
    nxc__learned_counts counts;
} merging;
#define MERGE_BATCH 1024

static nxc_status flush_batch(merging *m, nxc_error *err) {
    NXC_TRY(nxc__learned_add_all(m->store, m->batch, m->n, m->alloc, &m->counts,
                                 err));
    m->n = 0;
    nxc__arena_reset(&m->arena);
    return NXC_OK;
}

static nxc_status merge_row(void *user, const nxc__learned_row *row,
                            nxc_error *err) {
    merging *m = user;
    nxc__learned_addition *a = &m->batch[m->n];
    nxc_status st = nxc__record_decode(row, &m->arena, &a->record, err);
    if (st == NXC_ERR_FORMAT) return NXC_OK;
    if (st != NXC_OK) return st;
    a->catalog = nxc__arena_copy(&m->arena, row->catalog);
    if (!a->catalog.ptr) return nxc__error_nomem(err, row->catalog.len);
    return ++m->n == MERGE_BATCH ? flush_batch(m, err) : NXC_OK;
}

/* Those that are not there yet. An empty store takes the other's as its own, so
 * that both go on with the same keys. */
static nxc_status add_secrets(void *user, struct nxc__store_db *db,
                              nxc_error *err) {
    const nxc__secrets *other = user;
    nxc__secrets own = {.n = 0};
    NXC_TRY(nxc__learned_secrets_read(db, &own, err));
    for (size_t i = 0; i < other->n; i++) {
        size_t k = 0;
        while (k < own.n &&
               memcmp(own.bytes[k], other->bytes[i], NXC_SECRET_BYTES) != 0)
            k++;
        if (k < own.n) continue;
        if (own.n == NXC_MAX_SECRETS)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "merge: expected at most %d secrets, got more",
                              NXC_MAX_SECRETS);
        memcpy(own.bytes[own.n++], other->bytes[i], NXC_SECRET_BYTES);
        NXC_TRY(nxc__learned_secret_add(db, other->bytes[i], err));
    }
    return NXC_OK;
}

nxc_status nxc__learned_merge(nxc__store *store, const char *path,
                              const nxc_allocator *alloc,
                              nxc__learned_counts *counts, nxc_error *err) {
    merging m = {.store = store, .alloc = alloc};
    nxc__secrets secrets = {.n = 0};
    size_t bytes = MERGE_BATCH * sizeof *m.batch;
    m.batch = nxc__alloc(alloc, bytes);
    if (!m.batch) return nxc__error_nomem(err, bytes);
    nxc__arena_init(&m.arena, alloc, SIZE_MAX);
    nxc_status st = nxc__learned_rows_other(path, &secrets, merge_row, &m, err);
    if (st == NXC_OK) st = flush_batch(&m, err);
    if (st == NXC_OK)
        st = nxc__store_run(store, add_secrets, &secrets, false, err);
    if (st == NXC_OK) add_counts(counts, &m.counts);
    nxc__arena_release(&m.arena);
    nxc__free(alloc, m.batch, bytes);
    return st;
}

/* ---------------------------------------------------------------- forgetting
 */

typedef struct forgetting {
    nxc__key_kind kind;
    nxc_str name;
    uint64_t n;
} forgetting;

static nxc_status forget_task(void *user, struct nxc__store_db *db,
                              nxc_error *err) {
    forgetting *f = user;
    nxc__secrets secrets = {.n = 0};
    NXC_TRY(nxc__learned_secrets_read(db, &secrets, err));
    for (size_t i = 0; i < secrets.n; i++) {
        nxc__hash128 key;
        NXC_TRY(
            nxc__learned_key(secrets.bytes[i], f->kind, f->name, &key, err));
        NXC_TRY(nxc__learned_row_forget(db, key, f->kind == NXC_KEY_USER, &f->n,
                                        err));
    }
    return NXC_OK;
}

nxc_status nxc__learned_forget_name(nxc__store *store, nxc__key_kind kind,
                                    nxc_str name, uint64_t *n, nxc_error *err) {
    forgetting f = {kind, name, 0};
    NXC_TRY(nxc__store_run(store, forget_task, &f, true, err));
    *n = f.n;
    return NXC_OK;
}

/* ---------------------------------------------------------------- loading */

/* Hash of an operation's id -> its index: open addressing, at most half full;
 * of two operations with one hash the first counts. */
typedef struct op_slot {
    uint64_t hash;
    uint32_t operation, is_used;
} op_slot;

typedef struct loading {
    nxc__learned *out;
    nxc__learned_loaded loaded;
    op_slot *slots;
    size_t cap;
    nxc__arena arena; /* of one session */
} loading;

static uint32_t find_operation(const loading *l, uint64_t hash) {
    size_t i = (size_t)hash & (l->cap - 1);
    for (; l->slots[i].is_used; i = (i + 1) & (l->cap - 1))
        if (l->slots[i].hash == hash) return l->slots[i].operation;
    return NXC_NONE;
}

static nxc_status loading_init(loading *l, const nxc_catalog *catalog,
                               nxc__learned *out, nxc_error *err) {
    nxc_operation op;
    *l = (loading){.out = out, .cap = 16};
    l->loaded.newest = NXC_NAN;
    while (l->cap < 2 * nxc_catalog_n_operations(catalog))
        l->cap *= 2;
    l->slots = nxc__alloc_zero(out->alloc, l->cap * sizeof *l->slots);
    if (!l->slots) return nxc__error_nomem(err, l->cap * sizeof *l->slots);
    nxc__arena_init(&l->arena, out->alloc, SIZE_MAX);
    for (uint32_t i = 0; nxc_catalog_get_operation(catalog, i, &op); i++) {
        uint64_t hash = nxc__operation_hash(op.id);
        size_t k = (size_t)hash & (l->cap - 1);
        while (l->slots[k].is_used && l->slots[k].hash != hash)
            k = (k + 1) & (l->cap - 1);
        if (!l->slots[k].is_used) l->slots[k] = (op_slot){hash, i, 1};
    }
    return NXC_OK;
}
static void loading_release(loading *l) {
    nxc__arena_release(&l->arena);
    nxc__free(l->out->alloc, l->slots, l->cap * sizeof *l->slots);
}

/* Rows of a record's texts in out. */
static nxc_status load_texts(loading *l, const nxc__record *r, uint32_t *rows,
                             nxc_error *err) {
    for (size_t i = 0; i < r->n_texts; i++)
        NXC_TRY(nxc__learned_text(l->out, r->texts[i], &rows[i], err));
    return NXC_OK;
}

static nxc_status load_calls(loading *l, const nxc__record *r,
                             const uint32_t *texts, nxc__learned_call *calls,
                             nxc_error *err) {
    nxc__learned_session s = {
        .key = r->key, .group = r->group, .time = NXC_NAN};
    int64_t before = NXC_TIME_UNKNOWN;
    for (size_t i = 0; i < r->n; i++) {
        const nxc__record_call *c = &r->calls[i];
        uint32_t op = find_operation(l, c->operation);
        if (op == NXC_NONE) {
            l->loaded.n_gone++;
            continue;
        }
        bool has_gap =
            s.n && before != NXC_TIME_UNKNOWN && c->ms != NXC_TIME_UNKNOWN;
        calls[s.n++] = (nxc__learned_call){
            .operation = op,
            .prompt = c->prompt == NXC_NONE ? NXC_NONE : texts[c->prompt],
            .delta = c->delta == NXC_NONE ? NXC_NONE : texts[c->delta],
            .gap = has_gap ? (float)((double)(c->ms - before) / 1000)
                           : (float)NXC_NAN};
        before = c->ms;
        if (before != NXC_TIME_UNKNOWN && !(s.time >= (double)before / 1000))
            s.time = (double)before / 1000;
    }
    if (s.n == 0) return NXC_OK;
    l->loaded.n_sessions++;
    l->loaded.n_calls += s.n;
    if (!(l->loaded.newest >= s.time) && !isnan(s.time))
        l->loaded.newest = s.time;
    return nxc__learned_add(l->out, &s, calls, err);
}

static nxc_status load_row(void *user, const nxc__learned_row *row,
                           nxc_error *err) {
    loading *l = user;
    nxc__record r;
    nxc__arena_reset(&l->arena);
    nxc_status st = nxc__record_decode(row, &l->arena, &r, err);
    if (st == NXC_ERR_FORMAT) {
        l->loaded.n_damaged++;
        return NXC_OK;
    }
    if (st != NXC_OK) return st;
    uint32_t *texts =
        nxc__arena_alloc_array(&l->arena, r.n_texts, sizeof *texts);
    nxc__learned_call *calls =
        nxc__arena_alloc_array(&l->arena, r.n, sizeof *calls);
    if (!texts || !calls) return nxc__error_nomem(err, r.n * sizeof *calls);
    NXC_TRY(load_texts(l, &r, texts, err));
    return load_calls(l, &r, texts, calls, err);
}

nxc_status nxc__learned_load(nxc__store_reader *reader, nxc_str name,
                             const nxc_catalog *catalog, nxc__learned *out,
                             nxc__learned_loaded *loaded, nxc_error *err) {
    loading l;
    NXC_TRY(loading_init(&l, catalog, out, err));
    nxc_status st =
        nxc__learned_rows_each(reader, name, load_row, &l, NULL, err);
    if (st == NXC_OK && loaded) *loaded = l.loaded;
    loading_release(&l);
    return st;
}

static nxc_status load_name(loading *l, nxc__store_reader *reader,
                            nxc_str catalog_name, nxc_str name, size_t max,
                            nxc_error *err) {
    static const nxc__key_kind kinds[] = {NXC_KEY_USER, NXC_KEY_SESSION};
    nxc__secrets secrets = {.n = 0};
    NXC_TRY(nxc__learned_secrets(reader, &secrets, err));
    for (size_t k = 0; k < 2 && l->loaded.n_sessions == 0; k++)
        for (size_t i = 0; i < secrets.n; i++) {
            nxc__hash128 key;
            NXC_TRY(
                nxc__learned_key(secrets.bytes[i], kinds[k], name, &key, err));
            NXC_TRY(nxc__learned_rows_of(reader, catalog_name, key,
                                         kinds[k] == NXC_KEY_USER, max,
                                         load_row, l, err));
        }
    return NXC_OK;
}

nxc_status nxc__learned_load_name(nxc__store_reader *reader,
                                  nxc_str catalog_name,
                                  const nxc_catalog *catalog, nxc_str name,
                                  size_t max, nxc__learned *out,
                                  nxc_error *err) {
    loading l;
    NXC_TRY(loading_init(&l, catalog, out, err));
    nxc_status st = load_name(&l, reader, catalog_name, name, max, err);
    loading_release(&l);
    return st;
}
