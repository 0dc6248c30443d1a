/* A sample of a decision point's candidates. */
#include "train/train_sample.h"

#include <string.h>

#include "ranker/ranker.h"

const char *const nxc__train_signals[] = {"hyb",
                                          "hyr",
                                          "cl_comb_unc",
                                          "cl_comb_max",
                                          "bm_full",
                                          "bm_name",
                                          "cos_mean",
                                          "cos_resid",
                                          "cl_unc",
                                          "cl_comb_next",
                                          "prompt_similarity",
                                          "workflow_distance",
                                          "resource_match",
                                          NULL};

size_t nxc__train_find_signals(const char *const *names, size_t n,
                               uint32_t columns[NXC_MAX_SIGNALS]) {
    size_t found = 0;
    for (size_t s = 0; nxc__train_signals[s]; s++)
        for (size_t i = 0; i < n && found < NXC_MAX_SIGNALS; i++)
            if (strcmp(names[i], nxc__train_signals[s]) == 0)
                columns[found++] = (uint32_t)i;
    return found;
}

/* splitmix64. */
static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Scratch of one call. */
typedef struct scratch {
    double *scores;          /* (n) */
    uint32_t *order, *space; /* (n_signals, k), (n) */
    uint8_t *taken;          /* (n) */
} scratch;

static size_t take_hard(const nxc__train_sampler *s, const float *rows,
                        size_t n, size_t taken, size_t k, scratch *x) {
    for (size_t f = 0; f < s->n_signals; f++) {
        for (size_t i = 0; i < n; i++)
            x->scores[i] = (double)rows[i * s->n_columns + s->signals[f]];
        nxc__order(x->scores, NULL, n, k, x->space, x->order + f * k);
    }
    for (size_t rank = 0; rank < k; rank++)
        for (size_t f = 0; f < s->n_signals; f++) {
            if (taken * 4 >= s->limit * 3) return taken;
            uint8_t *t = &x->taken[x->order[f * k + rank]];
            taken += !*t;
            *t = 1;
        }
    return taken;
}

static void choose(const nxc__train_sampler *s, const float *rows, size_t n,
                   size_t gold, uint64_t seed, scratch *x) {
    memset(x->taken, 0, n);
    x->taken[gold] = 1;
    size_t k = s->limit < n ? s->limit : n;
    size_t taken = take_hard(s, rows, n, 1, k, x);
    while (taken < s->limit && taken < n) {
        uint8_t *t = &x->taken[draw(&seed) % n];
        taken += !*t;
        *t = 1;
    }
}

size_t nxc__train_sample(const nxc__train_sampler *s, const float *rows,
                         size_t n, size_t gold, uint64_t seed, uint32_t *kept,
                         size_t *at) {
    bool is_all = n <= s->limit;
    scratch x = {NULL, NULL, NULL, NULL};
    size_t k = s->limit, bytes = n * (sizeof(double) + sizeof(uint32_t) + 1) +
                                 (s->n_signals + 1) * k * sizeof(uint32_t);
    char *memory = NULL;
    if (!is_all) {
        memory = nxc__alloc(&nxc__allocator_default, bytes);
        if (!memory) return 0;
        x.scores = (double *)(void *)memory;
        x.space = (uint32_t *)(void *)(x.scores + n);
        x.order = x.space + n;
        x.taken = (uint8_t *)(x.order + (s->n_signals + 1) * k);
        choose(s, rows, n, gold, seed, &x);
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_all && !x.taken[i]) continue;
        if (i == gold) *at = m;
        kept[m++] = (uint32_t)i;
    }
    nxc__free(&nxc__allocator_default, memory, bytes);
    return m;
}
