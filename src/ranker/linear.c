#include "ranker/linear.h"

#include <math.h>

const char *const nxc__linear_feature_names[NXC_V1_N_FEATURES] = {
#define NXC_FEATURE(name) #name,
#include "ranker/linear_weights.def"
#undef NXC_FEATURE
};

static const double weights[NXC_LINEAR_N_GROUPS][NXC_V1_N_FEATURES] = {
#define NXC_WEIGHTS(pattern, ...) {__VA_ARGS__},
#include "ranker/linear_weights.def"
#undef NXC_WEIGHTS
};
enum {
#define NXC_WEIGHTS(pattern, ...) ROW_##pattern,
#include "ranker/linear_weights.def"
#undef NXC_WEIGHTS
    N_ROWS
};
_Static_assert((int)N_ROWS == NXC_LINEAR_N_GROUPS, "a row for each pattern");

static inline double contribution(double weight, double value) {
    return weight == 0.0 || isnan(value) ? 0.0 : weight * value;
}

static double score_row(const double *row_weights, const double *values,
                        double *contributions) {
    double sum = 0.0;
    for (size_t j = 0; j < NXC_V1_N_FEATURES; j++) {
        double c = contribution(row_weights[j], values[j]);
        if (contributions) contributions[j] = c;
        sum += c;
    }
    return sum;
}

void nxc__linear_score_f64(uint32_t group, const double *rows, size_t n,
                           double *scores, double *contributions) {
    for (size_t i = 0; i < n; i++) {
        size_t at = i * NXC_V1_N_FEATURES;
        scores[i] = score_row(weights[group], rows + at,
                              contributions ? contributions + at : NULL);
    }
}

void nxc__linear_score_f32(uint32_t group, const float *rows, size_t n,
                           double *scores, double *contributions) {
    for (size_t i = 0; i < n; i++) {
        size_t at = i * NXC_V1_N_FEATURES;
        double values[NXC_V1_N_FEATURES];
        for (size_t j = 0; j < NXC_V1_N_FEATURES; j++)
            values[j] = (double)rows[at + j];
        scores[i] = score_row(weights[group], values,
                              contributions ? contributions + at : NULL);
    }
}
