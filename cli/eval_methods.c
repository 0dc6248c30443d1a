/* Simple methods that a ranker has to beat, as columns of the feature set v2:
 * no second implementation of any. */
#include <string.h>

#include "eval.h"

const char *const cli_simple_names[CLI_N_SIMPLE] = {
    "bm25",           "bm25 unseen", "cosine",    "cosine unseen",
    "fusion",         "popularity",  "markov-1",  "markov-2",
    "session knn",    "prompt knn",  "words knn", "kernel",
    "knn+markov+bm25"};

/* In that order; unseen: operations already called go last. NULL: the fusion of
 * the two unseen ones. */
static const struct {
    const char *column;
    bool is_unseen;
} simple[CLI_N_SIMPLE] = {{"bm_full", false},
                          {"bm_full", true},
                          {"prompt_similarity", false},
                          {"prompt_similarity", true},
                          {NULL, false},
                          {"w_pop", false},
                          {"w_m1", false},
                          {"w_m2", false},
                          {"w_sk", false},
                          {"kn_fo", false},
                          {"tf_fo", false},
                          {"kt", false},
                          {"w_mix", false}};

static size_t find_feature(const char *set, const char *name) {
    nxc_feature_info info;
    size_t i = 0;
    while (nxc_feature_describe(set, i, &info) && strcmp(info.name, name) != 0)
        i++;
    return i;
}

static void read_column(const nxc_ranking *r, size_t column, bool is_unseen,
                        size_t called, double *out) {
    for (size_t i = 0; i < r->n; i++) {
        const float *row = r->items[i].features;
        out[i] = (double)row[column];
        if (is_unseen && row[called] > 0) out[i] -= 1e6;
    }
}

void cli_simple_scores(const nxc_ranking *r, size_t n_simple, double *scores) {
    size_t called = find_feature(r->feature_set, "called_n"), n = r->n;
    for (size_t k = 0; k < n_simple; k++)
        if (simple[k].column)
            read_column(r, find_feature(r->feature_set, simple[k].column),
                        simple[k].is_unseen, called, scores + k * n);
    cli_fuse(scores + n, scores + 3 * n, n, scores + n_simple * n,
             scores + 4 * n);
}
