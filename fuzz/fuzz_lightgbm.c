/* LightGBM text models: read, then walk rows of awkward values through the
 * trees. What is read must be safe to walk, and floats must score as the same
 * doubles do. */
#include <math.h>

#include "base/alloc.h"
#include "ranker/ranker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FEATURES 4096
static double rows[MAX_FEATURES], out[MAX_FEATURES];
static float rows32[MAX_FEATURES];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const float values[] = {
        0.0f, -0.0f, 1.0f,  -1.0f, NAN,    INFINITY, -INFINITY, 1e-35f,
        0.5f, 31.0f, 32.0f, 3e9f,  -0.25f, 1e38f,    -3e9f,     65.0f};
    enum { N_VALUES = sizeof values / sizeof *values };
    nxc_ranker *ranker;
    nxc_error err;
    if (size > 16384) return 0;
    if (nxc__ranker_parse((nxc_str){"fuzz", 4},
                          (nxc_str){(const char *)data, size}, NULL, &ranker,
                          &err) != NXC_OK)
        return 0;
    for (size_t round = 0; round < N_VALUES; round++) {
        double a, b;
        for (size_t i = 0; i < nxc_ranker_n_features(ranker); i++) {
            rows32[i] = values[(round + i * 7) % N_VALUES];
            rows[i] = (double)rows32[i];
        }
        if (nxc_ranker_score(ranker, rows, 1, &a, &err) != NXC_OK ||
            nxc__ranker_score_rows(ranker, 0, rows32, 1, &b, NULL, NULL,
                                   &err) != NXC_OK ||
            (a != b && !(isnan(a) && isnan(b))))
            __builtin_trap();
    }
    double expected;
    nxc_status st = nxc_ranker_explain(ranker, rows, 1, out, &expected, &err);
    if (st == NXC_OK)
        st = nxc_ranker_get_importance(ranker, NXC_IMPORTANCE_GAIN, out, &err);
    if (st != NXC_OK && st != NXC_ERR_UNSUPPORTED) __builtin_trap();
    nxc_ranker_free(ranker);
    return 0;
}
