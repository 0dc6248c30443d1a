/*
 * Builds the plan of a forest (forest_plan.h says what it is).
 *
 *     thresholds -> columns -> programs -> walk
 *
 * Thresholds of a feature are its nodes' distinct ones, ascending. A column is
 * made for each (feature, missing rule, chunk of 255 thresholds) that a node
 * asks for, and for each distinct category set. Columns are then grouped by
 * feature, which is the order in which they are quantised.
 *
 * Programs evaluate the child that needs more temporaries first (Sethi and
 * Ullman 1970), so that few slots are used and they stay in the L1 cache.
 *
 * Cost: n log n in the nodes; a tree of 31 leaves takes about 3 KB.
 */
#include "ranker/forest_plan.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"

#define NO_COLUMN UINT32_MAX

typedef struct builder {
    nxc__forest_plan *plan;
    const nxc__forest *forest;
    nxc__arena scratch;
    size_t n_nodes;        /* of the forest */
    uint32_t *feature_at;  /* (n_features) index of plan feature */
    uint32_t *node_column; /* (n_nodes) */
    uint8_t *node_rank;    /* (n_nodes) threshold byte */
    nxc__plan_column *columns;
    size_t n_columns;
    nxc__plan_feature *features;
    double *sorted;
    uint32_t *rank; /* (n_nodes) of the threshold among its feature's */
    /* the tree at hand */
    const nxc__forest_tree *tree;
    const nxc__forest_node *nodes;
    uint16_t *size; /* (256) nodes of the subtree */
    uint16_t *need; /* (256) temporaries of the subtree */
} builder;

static nxc_status no_memory(nxc_error *err) { return nxc__error_nomem(err, 0); }

/* ----------------------------------------------------------- thresholds */

typedef struct split {
    double threshold;
    uint32_t node;
} split;

static bool is_category(const nxc__forest_node *node) {
    return node->decision & NXC_DECISION_CATEGORICAL;
}

static void merge(const split *a, size_t half, size_t n, split *out) {
    for (size_t i = 0, j = half, k = 0; k < n; k++) {
        bool second = i == half || (j < n && a[j].threshold < a[i].threshold);
        out[k] = a[second ? j++ : i++];
    }
}

/* By threshold, runs of eight by insertion, then merged; other (n) is room. The
 * result is in a. */
static void sort_splits(split *a, split *other, size_t n) {
    split *from = a, *to = other;
    for (size_t first = 0; first < n; first += 8)
        for (size_t i = first + 1; i < n && i < first + 8; i++) {
            split s = a[i];
            size_t k = i;
            for (; k > first && s.threshold < a[k - 1].threshold; k--)
                a[k] = a[k - 1];
            a[k] = s;
        }
    for (size_t run = 8; run < n; run *= 2) {
        for (size_t first = 0; first < n; first += 2 * run) {
            size_t left = n - first < 2 * run ? n - first : 2 * run;
            merge(from + first, run < left ? run : left, left, to + first);
        }
        split *swap = from;
        from = to;
        to = swap;
    }
    if (from != a) memcpy(a, from, n * sizeof *a);
}

/* The numerical splits of each feature, in the order of the nodes: those of f
 * are from[f] ... from[f + 1] - 1. */
static void group_splits(const builder *b, split *splits, uint32_t *from,
                         uint8_t *used) {
    const nxc__forest *f = b->forest;
    memset(from, 0, (f->n_features + 2) * sizeof *from);
    memset(used, 0, f->n_features);
    for (size_t i = 0; i < b->n_nodes; i++) {
        used[f->nodes[i].feature] = 1;
        from[f->nodes[i].feature + 2] += !is_category(&f->nodes[i]);
    }
    for (size_t k = 2; k < f->n_features + 2; k++)
        from[k] += from[k - 1];
    for (size_t i = 0; i < b->n_nodes; i++)
        if (!is_category(&f->nodes[i]))
            splits[from[f->nodes[i].feature + 1]++] =
                (split){f->nodes[i].split.threshold, (uint32_t)i};
}

/* The distinct thresholds of sorted splits to b->sorted + first; their number.
 * Nodes get the rank of theirs. */
static size_t rank_splits(builder *b, const split *splits, size_t n,
                          size_t first) {
    size_t n_distinct = 0;
    double *out = b->sorted + first;
    for (size_t i = 0; i < n; i++) {
        if (n_distinct == 0 || out[n_distinct - 1] < splits[i].threshold)
            out[n_distinct++] = splits[i].threshold;
        b->rank[splits[i].node] = (uint32_t)n_distinct - 1;
    }
    return n_distinct;
}

/* Features that are asked for, and in b->sorted the distinct thresholds of
 * each; first_bucket is where they begin there, until lay_out_buckets. */
static nxc_status collect_thresholds(builder *b, bool *fits, nxc_error *err) {
    const nxc__forest *f = b->forest;
    nxc__forest_plan *p = b->plan;
    size_t room = b->n_nodes + 1, n_sorted = 0;
    split *splits = nxc__arena_alloc_array(&b->scratch, room, sizeof *splits);
    split *other = nxc__arena_alloc_array(&b->scratch, room, sizeof *other);
    uint32_t *from =
        nxc__arena_alloc_array(&b->scratch, f->n_features + 2, sizeof *from);
    uint8_t *used = nxc__arena_alloc(&b->scratch, f->n_features);
    b->sorted = nxc__arena_alloc_array(&b->scratch, room, sizeof *b->sorted);
    b->rank = nxc__arena_alloc_array(&b->scratch, room, sizeof *b->rank);
    b->features =
        nxc__arena_alloc_array(&p->arena, f->n_features, sizeof *b->features);
    if (!splits || !other || !from || !used || !b->sorted || !b->rank ||
        !b->features)
        return no_memory(err);
    group_splits(b, splits, from, used);
    for (size_t feature = 0; feature < f->n_features; feature++) {
        if (!used[feature]) continue;
        split *own = splits + from[feature];
        size_t n = from[feature + 1] - from[feature];
        sort_splits(own, other, n);
        size_t n_distinct = rank_splits(b, own, n, n_sorted);
        if (n_distinct > NXC_PLAN_THRESHOLDS) *fits = false;
        b->feature_at[feature] = (uint32_t)p->n_features;
        b->features[p->n_features++] =
            (nxc__plan_feature){.feature = (uint32_t)feature,
                                .first_bucket = (uint32_t)n_sorted,
                                .n_thresholds = (uint32_t)n_distinct};
        n_sorted += n_distinct;
    }
    p->features = b->features;
    return NXC_OK;
}

static size_t n_buckets(const nxc__plan_feature *pf) {
    return (pf->n_thresholds + NXC_PLAN_BUCKET - 1) / NXC_PLAN_BUCKET;
}

static nxc_status lay_out_buckets(builder *b, nxc_error *err) {
    nxc__forest_plan *p = b->plan;
    size_t total = 0;
    for (size_t i = 0; i < p->n_features; i++) {
        size_t n = n_buckets(&b->features[i]);
        b->features[i].n_pivots = n > 1 ? (uint32_t)(n + 7) / 8 * 8 : 0;
        total += b->features[i].n_pivots + (n + 1) * NXC_PLAN_BUCKET;
    }
    double *out = nxc__arena_alloc_array(&p->arena, total + 8, sizeof *out);
    if (!out) return no_memory(err);
    out += (64 - (uintptr_t)out % 64) % 64 / sizeof *out;
    for (size_t i = 0; i < total; i++)
        out[i] = INFINITY;
    p->thresholds = out;
    size_t next = 0;
    for (size_t i = 0; i < p->n_features; i++) {
        nxc__plan_feature *pf = &b->features[i];
        const double *sorted = b->sorted + pf->first_bucket;
        size_t n = n_buckets(pf);
        pf->first_pivot = (uint32_t)next;
        pf->first_bucket = (uint32_t)next + pf->n_pivots;
        next += pf->n_pivots + (n + 1) * NXC_PLAN_BUCKET;
        if (pf->n_thresholds)
            memcpy(out + pf->first_bucket, sorted,
                   pf->n_thresholds * sizeof *out);
        for (size_t k = 0; pf->n_pivots && k < n; k++)
            out[pf->first_pivot + k] =
                out[pf->first_bucket + (k + 1) * NXC_PLAN_BUCKET - 1];
    }
    return NXC_OK;
}

/* -------------------------------------------------------------- columns */

static nxc__plan_column number_column(const nxc__forest_node *node,
                                      uint32_t base) {
    bool left = node->decision & NXC_DECISION_DEFAULT_LEFT;
    nxc__plan_column c = {.feature = node->feature, .base = base};
    int missing = node->decision & NXC_DECISION_MISSING;
    if (missing == NXC_MISSING_ZERO) c.missing = NXC_VALUE_ZERO;
    if (missing == NXC_MISSING_NAN) c.missing = NXC_VALUE_NAN;
    if (c.missing && !left) c.missing_byte = 255;
    return c;
}

static bool same_words(const nxc__forest *f, const nxc__plan_column *c,
                       const nxc__forest_node *node) {
    return c->is_category && c->feature == node->feature &&
           c->n_words == node->split.set.n_words &&
           memcmp(f->cat_words + c->first_word,
                  f->cat_words + node->split.set.first_word,
                  c->n_words * sizeof *f->cat_words) == 0;
}

static bool same_number(const nxc__plan_column *a, const nxc__plan_column *b) {
    return !a->is_category && a->feature == b->feature && a->base == b->base &&
           a->missing == b->missing && a->missing_byte == b->missing_byte;
}

/* The column of a node: found by what makes it, or new. Open addressing over
 * table (a power of two, NO_COLUMN where free). */
static uint32_t column_of(builder *b, const nxc__forest_node *node,
                          uint32_t base, uint32_t *table, size_t mask) {
    const nxc__forest *f = b->forest;
    nxc__plan_column c = number_column(node, base);
    const uint32_t number[] = {c.feature, base, c.missing, c.missing_byte};
    uint64_t h = nxc__hash64(number, sizeof number, 0);
    if (is_category(node)) {
        c = (nxc__plan_column){.feature = node->feature,
                               .is_category = true,
                               .first_word = node->split.set.first_word,
                               .n_words = node->split.set.n_words};
        h = nxc__hash64(f->cat_words + c.first_word,
                        c.n_words * sizeof *f->cat_words, c.feature);
    }
    for (size_t i = h & mask;; i = (i + 1) & mask) {
        if (table[i] == NO_COLUMN) {
            if (b->n_columns == NXC_PLAN_COLUMNS) return NO_COLUMN;
            b->columns[b->n_columns] = c;
            return table[i] = (uint32_t)b->n_columns++;
        }
        const nxc__plan_column *have = &b->columns[table[i]];
        bool same = is_category(node) ? same_words(f, have, node)
                                      : same_number(have, &c);
        if (same) return table[i];
    }
}

/* Columns grouped by feature; node_column follows. */
static nxc_status group_columns(builder *b, nxc_error *err) {
    nxc__forest_plan *p = b->plan;
    size_t n = b->n_columns, next = 0;
    nxc__plan_column *sorted =
        nxc__arena_alloc_array(&p->arena, n + 1, sizeof *sorted);
    uint32_t *to = nxc__arena_alloc_array(&b->scratch, n + 1, sizeof *to);
    nxc__plan_feature *features = b->features;
    if (!sorted || !to) return no_memory(err);
    for (size_t i = 0; i < n; i++)
        features[b->feature_at[b->columns[i].feature]].n_columns++;
    for (size_t i = 0; i < p->n_features; i++) {
        features[i].first_column = (uint32_t)next;
        next += features[i].n_columns;
        features[i].n_columns = 0;
    }
    for (size_t i = 0; i < n; i++) {
        nxc__plan_feature *pf = &features[b->feature_at[b->columns[i].feature]];
        to[i] = pf->first_column + pf->n_columns++;
        sorted[to[i]] = b->columns[i];
    }
    for (size_t i = 0; i < b->n_nodes; i++)
        b->node_column[i] = to[b->node_column[i]];
    p->columns = sorted;
    p->n_columns = n;
    return NXC_OK;
}

static nxc_status make_columns(builder *b, bool *fits, nxc_error *err) {
    size_t cap = b->n_nodes < NXC_PLAN_COLUMNS ? b->n_nodes : NXC_PLAN_COLUMNS;
    size_t slots = 64;
    while (slots < 2 * cap)
        slots *= 2;
    b->columns =
        nxc__arena_alloc_array(&b->scratch, cap + 1, sizeof *b->columns);
    uint32_t *table = nxc__arena_alloc_array(&b->scratch, slots, sizeof *table);
    if (!b->columns || !table) return no_memory(err);
    memset(table, 0xff, slots * sizeof *table);
    for (size_t i = 0; i < b->n_nodes; i++) {
        const nxc__forest_node *node = &b->forest->nodes[i];
        uint32_t rank = is_category(node) ? 0 : b->rank[i];
        uint32_t base = rank / NXC_PLAN_CHUNK * NXC_PLAN_CHUNK;
        b->node_rank[i] = (uint8_t)(rank - base);
        b->node_column[i] = column_of(b, node, base, table, slots - 1);
        if (b->node_column[i] == NO_COLUMN) {
            *fits = false;
            return NXC_OK;
        }
    }
    return group_columns(b, err);
}

/* ------------------------------------------------------------- programs */

/* size and need of a subtree. Depth is below the number of leaves, 256. */
static void measure(builder *b, int32_t at) {
    const nxc__forest_node *node = &b->nodes[at];
    uint16_t size = 1, need[2] = {0, 0};
    const int32_t children[2] = {node->left, node->right};
    for (size_t i = 0; i < 2; i++) {
        if (children[i] < 0) continue;
        measure(b, children[i]);
        size = (uint16_t)(size + b->size[children[i]]);
        need[i] = b->need[children[i]];
    }
    b->size[at] = size;
    uint16_t most = need[0] > need[1] ? need[0] : need[1];
    b->need[at] = need[0] && need[0] == need[1] ? (uint16_t)(most + 1)
                  : most                        ? most
                                                : 1;
}

/* The subtree's leaf numbers into temporary `height`; returns their offset. */
static uint32_t emit_program(builder *b, int32_t at, uint32_t height,
                             nxc__plan_node **next) {
    nxc__forest_plan *p = b->plan;
    if (at < 0) return (uint32_t)~at * NXC_PLAN_SLOT_BYTES;
    const nxc__forest_node *node = &b->nodes[at];
    size_t global = b->tree->first_node + (size_t)at;
    bool left_first =
        node->right < 0 ||
        (node->left >= 0 && b->need[node->left] >= b->need[node->right]);
    uint32_t first, second;
    int32_t one = left_first ? node->left : node->right;
    int32_t other = left_first ? node->right : node->left;
    first = emit_program(b, one, height, next);
    second = emit_program(b, other, height + (one >= 0), next);
    size_t slot = NXC_PLAN_LEAVES + p->n_columns + height;
    if (slot >= p->n_slots) p->n_slots = slot + 1;
    *(*next)++ =
        (nxc__plan_node){.column = (NXC_PLAN_LEAVES + b->node_column[global]) *
                                   NXC_PLAN_SLOT_BYTES,
                         .left = left_first ? first : second,
                         .right = left_first ? second : first,
                         .out = (uint16_t)(height * NXC_PLAN_SLOT_BYTES),
                         .threshold = b->node_rank[global]};
    return (uint32_t)slot * NXC_PLAN_SLOT_BYTES;
}

/* ----------------------------------------------------------------- whole */

static bool fits_plan(const nxc__forest *f) {
    if (f->linear) return false;
    for (size_t i = 0; i < f->n_trees; i++)
        if (f->trees[i].n_leaves > NXC_PLAN_LEAVES) return false;
    return true;
}

/* The programs of up to eight trees, a node of each in turn; each has slots of
 * its own. own: room for the nodes of them one after another. */
static nxc__plan_program emit_together(builder *b, size_t t, size_t n,
                                       nxc__plan_node *own,
                                       nxc__plan_node *out) {
    nxc__plan_program p = {.first_tree = (uint32_t)t, .n_trees = (uint32_t)n};
    nxc__plan_node *from[NXC_PLAN_TOGETHER + 1] = {own};
    uint32_t height = 0;
    for (size_t k = 0; k < n; k++) {
        b->tree = &b->forest->trees[t + k];
        b->nodes = b->forest->nodes + b->tree->first_node;
        int32_t root = b->tree->n_nodes ? 0 : ~0;
        if (root >= 0) measure(b, root);
        from[k + 1] = from[k];
        p.roots[k] = emit_program(b, root, height, &from[k + 1]);
        if (root >= 0) height += b->need[root];
    }
    nxc__plan_node *next[NXC_PLAN_TOGETHER];
    memcpy(next, from, sizeof next);
    for (bool more = true; more;) {
        more = false;
        for (size_t k = 0; k < n; k++) {
            if (next[k] == from[k + 1]) continue;
            out[p.n_nodes++] = *next[k]++;
            more = true;
        }
    }
    return p;
}

static nxc_status emit_trees(builder *b, nxc_error *err) {
    nxc__forest_plan *p = b->plan;
    const nxc__forest *f = b->forest;
    nxc__plan_node *nodes =
        nxc__arena_alloc_array(&p->arena, b->n_nodes + 1, sizeof *nodes);
    nxc__plan_node *own = nxc__arena_alloc_array(
        &b->scratch, (size_t)NXC_PLAN_TOGETHER * NXC_PLAN_LEAVES, sizeof *own);
    size_t n_programs =
        (f->n_trees + NXC_PLAN_TOGETHER - 1) / NXC_PLAN_TOGETHER;
    nxc__plan_program *programs =
        nxc__arena_alloc_array(&p->arena, n_programs, sizeof *programs);
    if (!nodes || !own || !programs) return no_memory(err);
    uint32_t next = 0;
    for (size_t t = 0; t < f->n_trees; t += NXC_PLAN_TOGETHER) {
        size_t n = f->n_trees - t;
        if (n > NXC_PLAN_TOGETHER) n = NXC_PLAN_TOGETHER;
        nxc__plan_program program = emit_together(b, t, n, own, nodes + next);
        program.first_node = next;
        next += program.n_nodes;
        programs[p->n_programs++] = program;
    }
    p->nodes = nodes;
    p->programs = programs;
    return NXC_OK;
}

static nxc_status build(builder *b, bool *fits, nxc_error *err) {
    const nxc__forest *f = b->forest;
    nxc__arena *scratch = &b->scratch;
    const nxc__forest_tree *last = &f->trees[f->n_trees - 1];
    b->n_nodes = last->first_node + (size_t)last->n_nodes;
    b->feature_at =
        nxc__arena_alloc_array(scratch, f->n_features, sizeof *b->feature_at);
    b->node_column =
        nxc__arena_alloc_array(scratch, b->n_nodes + 1, sizeof *b->node_column);
    b->node_rank = nxc__arena_alloc(scratch, b->n_nodes + 1);
    b->size = nxc__arena_alloc_array(scratch, NXC_PLAN_LEAVES, sizeof *b->size);
    b->need = nxc__arena_alloc_array(scratch, NXC_PLAN_LEAVES, sizeof *b->need);
    if (!b->feature_at || !b->node_column || !b->node_rank || !b->size ||
        !b->need)
        return no_memory(err);
    NXC_TRY(collect_thresholds(b, fits, err));
    if (!*fits) return NXC_OK;
    NXC_TRY(make_columns(b, fits, err));
    if (!*fits) return NXC_OK;
    NXC_TRY(lay_out_buckets(b, err));
    nxc__forest_plan *p = b->plan;
    p->n_slots = NXC_PLAN_LEAVES + p->n_columns;
    p->first_temporary = p->n_slots * NXC_PLAN_SLOT_BYTES;
    NXC_TRY(emit_trees(b, err));
    p->has_walk = p->n_columns <= NXC_WALK_COLUMNS;
    if (!p->has_walk) return NXC_OK;
    return nxc__forest_walk_build(f, b->node_column, b->node_rank, &p->arena,
                                  &p->walk, err);
}

nxc_status nxc__forest_plan_new(const nxc__forest *forest,
                                nxc__forest_plan **out, nxc_error *err) {
    *out = NULL;
    if (!fits_plan(forest)) return NXC_OK;
    const nxc_allocator *alloc = forest->alloc;
    nxc__forest_plan *p = nxc__alloc_zero(alloc, sizeof *p);
    if (!p) return nxc__error_nomem(err, sizeof *p);
    p->forest = forest;
    nxc__arena_init(&p->arena, alloc, SIZE_MAX);
    builder b = {.plan = p, .forest = forest};
    nxc__arena_init(&b.scratch, alloc, SIZE_MAX);
    bool fits = true;
    nxc_status st = build(&b, &fits, err);
    nxc__arena_release(&b.scratch);
    if (st == NXC_OK && fits)
        *out = p;
    else
        nxc__forest_plan_free(p);
    return st;
}

void nxc__forest_plan_free(nxc__forest_plan *plan) {
    if (!plan) return;
    const nxc_allocator *alloc = plan->forest->alloc;
    nxc__arena_release(&plan->arena);
    nxc__free(alloc, plan, sizeof *plan);
}
