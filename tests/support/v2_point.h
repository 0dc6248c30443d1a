/* A decision point over a JSONL catalog for the tests of set v2: no encoder
 * unless a test gives made-up embeddings. */
#ifndef NXC_V2_POINT_H
#define NXC_V2_POINT_H

#include "features/point.h"
#include "support/nxc_test.h"
#include "text/words.h"

enum { V2_MAX_OPS = 16, V2_MAX_CALLS = 8 };

typedef struct v2_point {
    const nxc_allocator *alloc;
    nxc_catalog *catalog;
    nxc__op_index *index;
    nxc__arena arena;
    uint8_t states[V2_MAX_OPS];
    nxc_call calls[V2_MAX_CALLS];
    nxc__session session;
    nxc__workflow workflow;
    nxc__query query;
    uint32_t candidates[V2_MAX_OPS];
    nxc__decision_point dp;
    float rows[V2_MAX_OPS][NXC_V2_N_FEATURES];
    uint8_t status[NXC_V2_N_FEATURES];
} v2_point;

static inline void v2_open(v2_point *p, const char *jsonl) {
    nxc_error err;
    memset(p, 0, sizeof *p);
    p->alloc = &nxc__allocator_default;
    assert_ok(nxc_catalog_import(NXC_STR("shop"), nxc__str(jsonl), NULL, NULL,
                                 NULL, &p->catalog, NULL, &err),
              err);
    assert_ok(nxc__op_index_new(p->catalog, NULL, &p->index, &err), err);
    nxc__arena_init(&p->arena, p->alloc, SIZE_MAX);
    nxc__workflow_states(p->catalog, p->states);
    size_t n = nxc_catalog_n_operations(p->catalog);
    assert_true(n <= V2_MAX_OPS);
    for (uint32_t i = 0; i < n; i++)
        p->candidates[i] = i;
    p->dp.n = n;
}
static inline void v2_close(v2_point *p) {
    nxc__arena_release(&p->arena);
    nxc__op_index_free(p->index);
    nxc_catalog_free(p->catalog);
}

/* Extract for a prompt, the prompt before it and calls (NULL ends them). */
static inline nxc_status v2_extract(v2_point *p, const char *prompt,
                                    const char *previous,
                                    const char *const *calls) {
    nxc_error err;
    nxc_request r = NXC_REQUEST_INIT;
    nxc_config *cfg;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    for (r.n_history = 0; calls && calls[r.n_history]; r.n_history++)
        p->calls[r.n_history] = (nxc_call){.call = nxc__str(calls[r.n_history]),
                                           .timestamp = NXC_NAN};
    r.history = p->calls;
    nxc__arena_reset(&p->arena);
    assert_ok(
        nxc__session_resolve(p->catalog, &r, cfg, &p->arena, &p->session, &err),
        err);
    nxc_config_free(cfg);
    nxc__workflow_observe(&p->session, p->states, 0, 0.7, UINT32_MAX,
                          &p->workflow);
    nxc_str text = nxc__str(prompt);
    p->query.delta = nxc__prompt_delta(text, nxc__str(previous));
    p->query.n_clauses = nxc__clauses(text, p->query.clauses);
    p->dp.catalog = p->catalog;
    p->dp.session = &p->session;
    p->dp.workflow = &p->workflow;
    p->dp.states = p->states;
    p->dp.prompt = text;
    p->dp.prompt_methods = nxc__prompt_methods(text);
    p->dp.now = NXC_NAN;
    p->dp.candidates = p->candidates;
    p->dp.index = p->index;
    p->dp.query = &p->query;
    p->dp.arena = &p->arena;
    return nxc__features_extract(&p->dp, nxc__feature_set_find(NXC_STR("v2")),
                                 p->rows[0], p->status, &err);
}

#define V2_VALUE(p, i, name) ((double)(p)->rows[i][NXC_V2_##name])
#define assert_v2(p, i, name, value)                                   \
    do {                                                               \
        double got_ = V2_VALUE(p, i, name), want_ = (value);           \
        if (!(fabs(got_ - want_) <= 1e-5))                             \
            fail_msg("%s of candidate %d: expected %g, got %g", #name, \
                     (int)(i), want_, got_);                           \
    } while (0)
#define assert_v2_missing(p, i, name) assert_true(isnan(V2_VALUE(p, i, name)))

#endif
