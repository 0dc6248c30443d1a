/*
 * From rows of numbers to scores.
 *
 *     rows -> quantise (a block's columns) -> level: block | row -> scores
 *
 * Rows are taken in blocks as wide as the level has them while enough are left
 * to make a block worth its price, which does not depend on how many of its
 * rows are used; what is left goes one by one.
 *
 * Scratch of a call:
 *
 *     slots     (n_slots, 64)              leaf numbers, columns, temporaries
 *     bits      (n_decisions / 64)         of one row, and NXC_WALK_AFTER bytes
 *     sums      (64)
 *
 * It comes from a pool of POOL blocks, each behind an atomic pointer: a thread
 * takes the first that it finds and puts it back. One is made with the scorer;
 * another is allocated only when all are in use.
 *
 * Threading: any. Cost: about 40 ns to take and return scratch; a value is
 * quantised in two looks at 16 thresholds.
 */
#include "ranker/forest_score.h"

#include <stdatomic.h>
#include <string.h>

#include "ranker/forest_explain.h"

#define POOL 64
#define MAX_BLOCK 64

typedef struct scratch {
    uint8_t *slots, *columns;
    uint64_t *bits;
    double sums[MAX_BLOCK];
} scratch;

struct nxc__forest_scorer {
    nxc__forest *forest;
    nxc__forest_plan *plan;         /* or NULL */
    const nxc__forest_level *level; /* NULL: the reference */
    size_t slot_bytes, scratch_bytes, nodes_a_tree;
    _Atomic(scratch *) pool[POOL];
    _Atomic(nxc__forest_explainer *) explainer; /* NULL until asked for */
    _Atomic(void *) explain_scratch;            /* of the last call */
};

/* -------------------------------------------------------------- scratch */

static scratch *new_scratch(const nxc__forest_scorer *s) {
    scratch *w = nxc__alloc_zero(s->forest->alloc, s->scratch_bytes);
    if (!w) return NULL;
    uint8_t *next = (uint8_t *)(w + 1);
    next += (64 - (uintptr_t)next % 64) % 64;
    w->slots = next;
    w->columns = w->slots + (size_t)NXC_PLAN_LEAVES * NXC_PLAN_SLOT_BYTES;
    w->bits = (uint64_t *)(void *)(w->slots + s->slot_bytes);
    for (size_t i = 0; i < NXC_PLAN_LEAVES; i++)
        memset(w->slots + i * NXC_PLAN_SLOT_BYTES, (int)i, NXC_PLAN_SLOT_BYTES);
    return w;
}

static scratch *take_scratch(nxc__forest_scorer *s) {
    for (size_t i = 0; i < POOL; i++) {
        if (!atomic_load_explicit(&s->pool[i], memory_order_relaxed)) continue;
        scratch *w =
            atomic_exchange_explicit(&s->pool[i], NULL, memory_order_acquire);
        if (w) return w;
    }
    return new_scratch(s);
}

static void return_scratch(nxc__forest_scorer *s, scratch *w) {
    for (size_t i = 0; i < POOL; i++) {
        scratch *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&s->pool[i], &none, w,
                                                    memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    nxc__free(s->forest->alloc, w, s->scratch_bytes);
}

/* ---------------------------------------------------------------- score */

/* The block for n rows, or NULL: one row by its decision bits. A block visits
 * all nodes of a tree, a row only a path of them, so the more nodes a tree has,
 * the more rows make a block worth its price. */
static const nxc__forest_block *choose(const nxc__forest_scorer *s, size_t n) {
    const nxc__forest_block *b = s->level->blocks;
    bool has_row = s->plan->has_walk;
    if (n >= b[0].min_rows + s->nodes_a_tree / 16) return &b[0];
    if (b[1].score && n >= b[1].min_rows + s->nodes_a_tree / 16) return &b[1];
    return has_row ? NULL : b[1].score ? &b[1] : &b[0];
}

/* Columns of a block in the scratch -> its sums there. */
static void score_block(const nxc__forest_scorer *s, scratch *w,
                        const nxc__forest_block *b, size_t n) {
    if (b) {
        memset(w->sums, 0, sizeof w->sums);
        b->score(s->plan, w->slots, n, w->sums);
    } else {
        w->sums[0] = s->level->row(s->plan, w->columns, w->bits);
    }
}

/* The rows differ in their type only: one of f64 and f32 is NULL. */
static void score(nxc__forest_scorer *s, const double *f64, const float *f32,
                  size_t n, double *scores) {
    scratch *w = s->plan && s->level ? take_scratch(s) : NULL;
    size_t width = s->forest->n_features;
    if (!w) {
        if (f64)
            nxc__forest_ref_f64(s->forest, f64, n, scores);
        else
            nxc__forest_ref_f32(s->forest, f32, n, scores);
        return;
    }
    for (size_t done = 0, take; done < n; done += take) {
        const nxc__forest_block *b = choose(s, n - done);
        size_t stride = b ? NXC_PLAN_SLOT_BYTES : 1, rows = b ? b->rows : 1;
        take = n - done < rows ? n - done : rows;
        if (f64)
            s->level->quantise_f64(s->plan, f64 + done * width, take, stride,
                                   w->columns);
        else
            s->level->quantise_f32(s->plan, f32 + done * width, take, stride,
                                   w->columns);
        score_block(s, w, b, take);
        double divisor =
            s->forest->is_average ? (double)s->forest->n_trees : 1.0;
        for (size_t i = 0; i < take; i++)
            scores[done + i] = w->sums[i] / divisor;
    }
    return_scratch(s, w);
}

void nxc__forest_score_f64(nxc__forest_scorer *s, const double *rows, size_t n,
                           double *scores) {
    score(s, rows, NULL, n, scores);
}
void nxc__forest_score_f32(nxc__forest_scorer *s, const float *rows, size_t n,
                           double *scores) {
    score(s, NULL, rows, n, scores);
}

/* -------------------------------------------------------------- explain */

/* The first to have made one keeps it. */
static nxc_status get_explainer(nxc__forest_scorer *s,
                                nxc__forest_explainer **out, nxc_error *err) {
    *out = atomic_load_explicit(&s->explainer, memory_order_acquire);
    if (*out) return NXC_OK;
    nxc__forest_explainer *made, *none = NULL;
    NXC_TRY(nxc__forest_explainer_new(s->forest, &made, err));
    if (atomic_compare_exchange_strong_explicit(&s->explainer, &none, made,
                                                memory_order_acq_rel,
                                                memory_order_acquire)) {
        *out = made;
    } else {
        nxc__forest_explainer_free(made);
        *out = none;
    }
    return NXC_OK;
}

/* Room for a widened row before the explainer's scratch. */
static size_t explain_bytes(const nxc__forest_scorer *s,
                            const nxc__forest_explainer *x) {
    return nxc__forest_explainer_scratch(x) +
           s->forest->n_features * sizeof(double) + 64;
}

nxc_status nxc__forest_scorer_explain(nxc__forest_scorer *s, const double *f64,
                                      const float *f32, size_t n,
                                      double *contributions, double *expected,
                                      nxc_error *err) {
    nxc__forest_explainer *x;
    NXC_TRY(get_explainer(s, &x, err));
    size_t bytes = explain_bytes(s, x), width = s->forest->n_features;
    void *block = atomic_exchange_explicit(&s->explain_scratch, NULL,
                                           memory_order_acquire);
    if (!block) block = nxc__alloc(s->forest->alloc, bytes);
    if (!block) return nxc__error_nomem(err, bytes);
    double *row = block;
    char *room = (char *)(row + width);
    room += (64 - (uintptr_t)room % 64) % 64;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < width; j++)
            row[j] = f64 ? f64[i * width + j] : (double)f32[i * width + j];
        nxc__forest_explain(x, row, s->level, room, contributions + i * width);
    }
    *expected = nxc__forest_explainer_expected(x);
    void *none = NULL;
    if (!atomic_compare_exchange_strong_explicit(&s->explain_scratch, &none,
                                                 block, memory_order_release,
                                                 memory_order_relaxed))
        nxc__free(s->forest->alloc, block, bytes);
    return NXC_OK;
}

/* ------------------------------------------------------------ lifecycle */

/* Sizes of the scratch, and the first block of it. */
static nxc_status prepare(nxc__forest_scorer *s, nxc_error *err) {
    const nxc__forest_plan *p = s->plan;
    const nxc__forest_tree *last = &s->forest->trees[s->forest->n_trees - 1];
    s->nodes_a_tree =
        (last->first_node + (size_t)last->n_nodes) / s->forest->n_trees;
    /* of one row 256 columns are read */
    s->slot_bytes = p->n_slots * NXC_PLAN_SLOT_BYTES + NXC_WALK_COLUMNS;
    s->scratch_bytes = sizeof(scratch) + 64 + s->slot_bytes +
                       p->walk.n_decisions / 8 + NXC_WALK_AFTER;
    scratch *w = new_scratch(s);
    if (!w) return nxc__error_nomem(err, s->scratch_bytes);
    return_scratch(s, w);
    return NXC_OK;
}

nxc_status nxc__forest_scorer_new(nxc__forest *forest, uint32_t cpu,
                                  nxc__forest_scorer **out, nxc_error *err) {
    nxc__forest_scorer *s = nxc__alloc_zero(forest->alloc, sizeof *s);
    if (!s) return nxc__error_nomem(err, sizeof *s);
    s->forest = forest;
    s->level = nxc__forest_level_select(cpu);
    nxc_status st = NXC_OK;
    if (s->level) st = nxc__forest_plan_new(forest, &s->plan, err);
    if (st == NXC_OK && s->plan) st = prepare(s, err);
    if (st != NXC_OK) {
        nxc__forest_plan_free(s->plan);
        nxc__free(forest->alloc, s, sizeof *s);
        return st;
    }
    *out = s;
    return NXC_OK;
}

void nxc__forest_scorer_set_cpu(nxc__forest_scorer *s, uint32_t cpu) {
    s->level = nxc__forest_level_select(cpu);
}

void nxc__forest_scorer_free(nxc__forest_scorer *s) {
    if (!s) return;
    const nxc_allocator *alloc = s->forest->alloc;
    for (size_t i = 0; i < POOL; i++)
        if (s->pool[i]) nxc__free(alloc, s->pool[i], s->scratch_bytes);
    nxc__forest_explainer *x = s->explainer;
    if (x) nxc__free(alloc, s->explain_scratch, explain_bytes(s, x));
    nxc__forest_explainer_free(x);
    nxc__forest_plan_free(s->plan);
    nxc__forest_free(s->forest);
    nxc__free(alloc, s, sizeof *s);
}

const nxc__forest *nxc__forest_scorer_forest(const nxc__forest_scorer *s) {
    return s->forest;
}

const char *nxc__forest_scorer_kernels(const nxc__forest_scorer *s) {
    return s->plan && s->level ? s->level->name : "ref";
}
