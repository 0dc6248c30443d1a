/* Metrics of rankings with one true answer, ties at their expected value. */
#include "judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

cli_outcome cli_judge_rank(size_t rank) {
    double r = (double)rank;
    return (cli_outcome){rank <= 1, rank <= 3, rank <= 5, 1 / r,
                         rank <= 10 ? 1 / log2(1 + r) : 0};
}

void cli_outcome_add(cli_outcome *to, const cli_outcome *o, double weight) {
    to->top1 += o->top1 * weight;
    to->top3 += o->top3 * weight;
    to->top5 += o->top5 * weight;
    to->reciprocal_rank += o->reciprocal_rank * weight;
    to->ndcg10 += o->ndcg10 * weight;
}

static double ordered(double score) {
    return isnan(score) ? -(double)INFINITY : score;
}

cli_outcome cli_judge(const double *scores, size_t n, size_t gold) {
    size_t above = 0, equal = 0;
    double g = ordered(scores[gold]);
    cli_outcome sum = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        above += ordered(scores[i]) > g;
        equal += ordered(scores[i]) == g;
    }
    for (size_t k = 1; k <= equal; k++) {
        cli_outcome o = cli_judge_rank(above + k);
        cli_outcome_add(&sum, &o, 1);
    }
    cli_outcome mean = {0, 0, 0, 0, 0};
    cli_outcome_add(&mean, &sum, 1 / (double)equal);
    return mean;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Rank of x among sorted values (ascending), the middle one of its ties. */
static double middle_rank(const double *sorted, size_t n, double x) {
    size_t bounds[2];
    for (int strict = 0; strict < 2; strict++) {
        size_t low = 0, high = n;
        while (low < high) {
            size_t mid = low + (high - low) / 2;
            if (strict ? sorted[mid] <= x : sorted[mid] < x)
                low = mid + 1;
            else
                high = mid;
        }
        bounds[strict] = low;
    }
    double above = (double)(n - bounds[1]);
    return above + ((double)(bounds[1] - bounds[0]) + 1) / 2;
}

static void add_reciprocals(const double *a, size_t n, double *scratch,
                            double *out) {
    for (size_t i = 0; i < n; i++)
        scratch[i] = ordered(a[i]);
    qsort(scratch, n, sizeof *scratch, compare);
    for (size_t i = 0; i < n; i++)
        out[i] += 1 / (60 + middle_rank(scratch, n, ordered(a[i])));
}

void cli_fuse(const double *a, const double *b, size_t n, double *scratch,
              double *out) {
    memset(out, 0, n * sizeof *out);
    add_reciprocals(a, n, scratch, out);
    add_reciprocals(b, n, scratch, out);
}

double cli_mean(const double *values, const uint8_t *mask, size_t n) {
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (mask[i]) {
            sum += values[i];
            count++;
        }
    return sum / count;
}

/* xorshift64* (Vigna 2016). */
static uint64_t draw(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(2685821657736338717);
}

cli_interval cli_bootstrap(const double *values, const uint8_t *mask,
                           const size_t *first, size_t n_scenarios,
                           double *draws) {
    uint64_t state = 88172645463325252u;
    size_t n = 0;
    for (size_t d = 0; n_scenarios && d < CLI_N_DRAWS; d++) {
        double sum = 0, count = 0;
        for (size_t k = 0; k < n_scenarios; k++) {
            size_t s = (size_t)((draw(&state) >> 11) % n_scenarios);
            for (size_t i = first[s]; i < first[s + 1]; i++) {
                sum += mask[i] ? values[i] : 0;
                count += mask[i];
            }
        }
        if (count > 0) draws[n++] = sum / count;
    }
    if (n == 0) return (cli_interval){NAN, NAN};
    qsort(draws, n, sizeof *draws, compare);
    return (cli_interval){draws[n / 40], draws[n - 1 - n / 40]};
}
