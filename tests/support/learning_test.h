/* Learning in a scratch store, and what was learnt as text. */
#ifndef NXC_LEARNING_TEST_H
#define NXC_LEARNING_TEST_H

#include <zlib.h>

#include "engine/engine.h"
#include "learning/learned_store.h"
#include "support/small_catalog.h"
#include "support/store_test.h"

/* An engine with the small catalog as "small" and a store in folder. */
static inline nxc_engine *learning_engine(const char *folder) {
    nxc_config *cfg;
    nxc_engine *e;
    nxc_error err;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "store", folder, &err), err);
    assert_ok(nxc_config_set(cfg, "max_line_bytes", "2000", &err), err);
    assert_ok(nxc_engine_open(cfg, NULL, &e, &err), err);
    nxc_config_free(cfg);
    assert_non_null(e->tiers.store);
    assert_ok(
        nxc_engine_add_catalog(e, NXC_STR("small"), small_catalog(), &err),
        err);
    return e;
}

static inline void learn_text(nxc_engine *e, nxc_str text,
                              const nxc_learn_options *options,
                              nxc_learn_report *report) {
    nxc_error err;
    assert_ok(nxc_engine_learn(e, NXC_STR("log"), text, options, report, &err),
              err);
}

/* "malformed=2 clock=1" */
static inline void findings_text(const nxc_learn_report *r, char *out,
                                 size_t cap) {
    size_t at = 0;
    out[0] = 0;
    for (size_t k = 0; k < NXC_LEARN_N_KINDS; k++)
        if (r->findings[k].n)
            at +=
                (size_t)snprintf(out + at, cap - at, "%s%s=%llu", at ? " " : "",
                                 nxc_learn_kind_name((nxc_learn_kind)k),
                                 (unsigned long long)r->findings[k].n);
}

/* ---- sessions as lines: number of the operation, "+gap", '"prompt'; sorted */

typedef struct learned_dump {
    const nxc_catalog *catalog;
    char lines[512][400];
    size_t n;
} learned_dump;

static inline uint32_t operation_of(const nxc_catalog *c, uint64_t hash) {
    nxc_operation op;
    for (uint32_t i = 0; nxc_catalog_get_operation(c, i, &op); i++)
        if (nxc__operation_hash(op.id) == hash) return i;
    return NXC_NONE;
}

static inline nxc_status dump_row(void *user, const nxc__learned_row *row,
                                  nxc_error *err) {
    learned_dump *d = user;
    nxc__arena arena;
    nxc__record r;
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    assert_ok(nxc__record_decode(row, &arena, &r, err), *err);
    assert_true(d->n < 512);
    char *out = d->lines[d->n++];
    size_t at = 0, cap = sizeof d->lines[0];
    for (size_t i = 0; i < r.n; i++) {
        const nxc__record_call *c = &r.calls[i];
        at += (size_t)snprintf(out + at, cap - at, "%s%u", i ? " " : "",
                               operation_of(d->catalog, c->operation));
        if (i && c->ms != NXC_TIME_UNKNOWN &&
            r.calls[i - 1].ms != NXC_TIME_UNKNOWN)
            at += (size_t)snprintf(out + at, cap - at, "+%lld",
                                   (long long)(c->ms - r.calls[i - 1].ms));
        if (c->prompt != NXC_NONE &&
            (i == 0 || c->prompt != r.calls[i - 1].prompt))
            at += (size_t)snprintf(out + at, cap - at, " '%.*s|%.*s'",
                                   NXC_STR_ARG(r.texts[c->prompt]),
                                   NXC_STR_ARG(r.texts[c->delta]));
        assert_true(at < cap);
    }
    nxc__arena_release(&arena);
    return NXC_OK;
}

static inline int compare_lines(const void *a, const void *b) {
    return strcmp(a, b);
}

/* All sessions of the store, separated by " / ". */
static inline void dump_text(nxc_engine *e, char *out, size_t cap) {
    static learned_dump d;
    nxc__store_reader *r = store_reader(e->tiers.store);
    nxc_error err;
    size_t at = 0;
    d.catalog = e->entries[0].catalog;
    d.n = 0;
    assert_ok(
        nxc__learned_rows_each(r, (nxc_str){NULL, 0}, dump_row, &d, NULL, &err),
        err);
    nxc__store_reader_free(r);
    qsort(d.lines, d.n, sizeof d.lines[0], compare_lines);
    out[0] = 0;
    for (size_t i = 0; i < d.n && at < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? " / " : "",
                               d.lines[i]);
}

/* ---- gzip */
static inline nxc_str gzip_text(nxc_str text, char *out, size_t cap) {
    z_stream z;
    memset(&z, 0, sizeof z);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
    union {
        const char *in;
        Bytef *out;
    } u = {text.ptr};
    z.next_in = u.out;
    z.avail_in = (unsigned)text.len;
    z.next_out = (Bytef *)out;
    z.avail_out = (unsigned)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = cap - z.avail_out;
    deflateEnd(&z);
    return (nxc_str){out, n};
}

#endif
