/*
 * The nearest of many prompts, exactly, without looking at most of each.
 *
 *     build     64 directions that hold most of the rows' lengths (the leading
 *               eigenvectors of a sample, by subspace iteration); of each row
 *               its 64 coordinates and the length of what they leave, in 8 bits
 *     nearest   bounds of all rows -> the promising ones exactly -> those whose
 *               bound reaches the 128th cosine found so far
 *
 * With P the directions and x = P'Px + r, Cauchy and Schwarz give
 *     q x <= Pq Px + |r_q| |r_x|,
 * which is a product of two vectors of 65 numbers. Rows are the columns of the
 * encoder's int8 product, so a bound costs 68 bytes of memory and the kernels
 * of the encoder compute it:
 *
 *     panels   (n / 48, 17, 48, 4) bytes: 64 coordinates, the length left,
 *              three zeros; a column has its own scale
 *
 * The length left is rounded up; what the other bytes may be off is bounded and
 * added. So no row that belongs to the nearest is missed, and the answer is the
 * same as without the index, whatever the directions.
 *
 * Departure: with fewer than MIN_ROWS prompts all are looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "statistics/statistics_handle.h"

#define MIN_ROWS 8192
#define N_DIRECTIONS ((size_t)64)
#define N_COORDINATES \
    (N_DIRECTIONS + 4) /* the length left, then zeros to a multiple of 4 */
#define N_SAMPLE 1024  /* rows that the directions come from */
#define N_ITERATIONS 6
#define N_BINS 512    /* of bounds, from -1.5 to 1.5 */
#define BOUND_STEP 16 /* of which every so many make a sample */
#define AHEAD 6       /* rows that are fetched ahead */
#define SLACK 1e-5    /* for the roundings of float32 */

struct nxc__prompt_index {
    float *directions; /* (NXC_DIM, N_DIRECTIONS): orthonormal columns */
    nxc__linear_int8 panels;
    double most_wrong; /* largest error of the 64 coordinates of a row */
    double most_long;  /* largest length of a row of 65 */
};

/* ---------------------------------------------------------------- directions
 */

static double dot_of(const double *a, const double *b) {
    double sum = 0;
    for (size_t d = 0; d < NXC_DIM; d++)
        sum += a[d] * b[d];
    return sum;
}

/* Make v (N_DIRECTIONS, NXC_DIM) orthonormal; one without a length left becomes
 * zeros. */
static void orthonormalize(double *v) {
    for (size_t i = 0; i < N_DIRECTIONS; i++) {
        double *x = v + i * NXC_DIM;
        for (size_t twice = 0; twice < 2; twice++)
            for (size_t j = 0; j < i; j++) {
                const double *y = v + j * NXC_DIM;
                double part = dot_of(x, y);
                for (size_t d = 0; d < NXC_DIM; d++)
                    x[d] -= part * y[d];
            }
        double norm = sqrt(dot_of(x, x));
        for (size_t d = 0; d < NXC_DIM; d++)
            x[d] = norm > 1e-9 ? x[d] / norm : 0;
    }
}

/* Sums of products of the sampled rows: gram (NXC_DIM, NXC_DIM). */
static void sum_products(const nxc__prompt_rows *rows, double *gram) {
    size_t step = rows->n / N_SAMPLE + 1;
    for (size_t i = 0; i < rows->n; i += step) {
        const int8_t *bytes = rows->bytes + i * NXC_DIM;
        double x[NXC_DIM];
        for (size_t d = 0; d < NXC_DIM; d++)
            x[d] = (double)rows->scales[i] * bytes[d];
        for (size_t d = 0; d < NXC_DIM; d++)
            for (size_t e = 0; e < NXC_DIM; e++)
                gram[d * NXC_DIM + e] += x[d] * x[e];
    }
}

static nxc_status find_directions(const nxc__prompt_rows *rows, float *out,
                                  nxc__arena *scratch, nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_zeros(scratch, (size_t)NXC_DIM * NXC_DIM,
                                  sizeof(double), &p, err));
    double *gram = p;
    NXC_TRY(nxc__statistics_zeros(scratch, 2 * N_DIRECTIONS * NXC_DIM,
                                  sizeof(double), &p, err));
    double *v = p, *next = v + N_DIRECTIONS * NXC_DIM;
    sum_products(rows, gram);
    /* Any start will do that is not at right angles to what is sought. */
    for (size_t k = 0; k < N_DIRECTIONS * NXC_DIM; k++)
        v[k] = (double)(nxc__hash64(&k, sizeof k, 0) >> 11) * 0x1p-53 - 0.5;
    orthonormalize(v);
    for (size_t round = 0; round < N_ITERATIONS; round++) {
        for (size_t i = 0; i < N_DIRECTIONS; i++)
            for (size_t d = 0; d < NXC_DIM; d++)
                next[i * NXC_DIM + d] =
                    dot_of(gram + d * NXC_DIM, v + i * NXC_DIM);
        double *t = v;
        v = next;
        next = t;
        orthonormalize(v);
    }
    for (size_t i = 0; i < N_DIRECTIONS; i++)
        for (size_t d = 0; d < NXC_DIM; d++)
            out[d * N_DIRECTIONS + i] = (float)v[i * NXC_DIM + d];
    return NXC_OK;
}

/* out (N_DIRECTIONS + 1): coordinates of scale * bytes, and the length left,
 * not less than it is. */
static void project(const float *directions, float scale, const int8_t *bytes,
                    float *out) {
    double whole = 0, within = 0;
    memset(out, 0, N_DIRECTIONS * sizeof *out);
    for (size_t d = 0; d < NXC_DIM; d++) {
        float x = scale * bytes[d];
        const float *v = directions + d * N_DIRECTIONS;
        whole += (double)x * (double)x;
        for (size_t i = 0; i < N_DIRECTIONS; i++)
            out[i] += x * v[i];
    }
    for (size_t i = 0; i < N_DIRECTIONS; i++)
        within += (double)out[i] * (double)out[i];
    double left = whole > within ? whole - within : 0;
    out[N_DIRECTIONS] = (float)sqrt(left + 4e-6);
}

/* ---------------------------------------------------------------- building */

/* One row as column j of the panels. */
static void put_column(nxc__prompt_index *index, int8_t *panels, float *scales,
                       int32_t *sums, size_t j, const float *x) {
    float top = 0;
    for (size_t k = 0; k <= N_DIRECTIONS; k++)
        if (fabsf(x[k]) > top) top = fabsf(x[k]);
    float scale = top / 127;
    double wrong = 0, length = 0;
    int8_t *panel = panels + j / NXC_PANEL * NXC_PANEL * N_COORDINATES;
    for (size_t k = 0; k <= N_DIRECTIONS; k++) {
        float steps = x[k] / scale;
        float byte = k < N_DIRECTIONS ? rintf(steps) : ceilf(steps);
        if (byte > 127) byte = 127;
        if (byte < -127) byte = -127;
        panel[(k / 4 * NXC_PANEL + j % NXC_PANEL) * 4 + k % 4] = (int8_t)byte;
        sums[j] += (int32_t)byte;
        double value = (double)scale * (double)byte;
        length += value * value;
        if (k == N_DIRECTIONS) continue;
        wrong += (value - (double)x[k]) * (value - (double)x[k]);
    }
    scales[j] = scale;
    if (sqrt(wrong) > index->most_wrong) index->most_wrong = sqrt(wrong);
    if (sqrt(length) > index->most_long) index->most_long = sqrt(length);
}

static nxc_status put_columns(nxc__prompt_index *index,
                              const nxc__prompt_rows *rows, nxc__arena *arena,
                              nxc_error *err) {
    size_t n = (rows->n + NXC_PANEL - 1) / NXC_PANEL * NXC_PANEL;
    void *p;
    NXC_TRY(nxc__statistics_zeros(arena, n, N_COORDINATES, &p, err));
    int8_t *panels = p;
    NXC_TRY(nxc__statistics_zeros(arena, n, 2 * sizeof(float), &p, err));
    float *scales = p, *bias = scales + n;
    NXC_TRY(nxc__statistics_zeros(arena, n, sizeof(int32_t), &p, err));
    int32_t *sums = p;
    for (size_t i = 0; i < rows->n; i++) {
        float x[N_DIRECTIONS + 1];
        project(index->directions, rows->scales[i], rows->bytes + i * NXC_DIM,
                x);
        put_column(index, panels, scales, sums, i, x);
    }
    index->panels = (nxc__linear_int8){.panels = panels,
                                       .bias = bias,
                                       .scales = scales,
                                       .sums = sums,
                                       .k = N_COORDINATES,
                                       .n = n,
                                       .ldy = n};
    return NXC_OK;
}

nxc_status nxc__prompt_index_build(nxc__prompt_rows *rows, nxc__arena *arena,
                                   nxc__arena *scratch, nxc_error *err) {
    void *p;
    if (rows->n < MIN_ROWS) return NXC_OK;
    NXC_TRY(
        nxc__statistics_zeros(arena, 1, sizeof(nxc__prompt_index), &p, err));
    nxc__prompt_index *index = p;
    NXC_TRY(nxc__statistics_block(arena, N_DIRECTIONS * NXC_DIM, sizeof(float),
                                  &p, err));
    index->directions = p;
    NXC_TRY(find_directions(rows, index->directions, scratch, err));
    NXC_TRY(put_columns(index, rows, arena, err));
    rows->index = index;
    return NXC_OK;
}

/* ---------------------------------------------------------------- queries */

typedef struct bounds {
    float *of; /* (panels.n) of q x, without slack */
    float slack;
} bounds;

static nxc_status bound_rows(const nxc__statistics *s,
                             const nxc__prompt_index *index,
                             const nxc__prompt_bytes *query, nxc__arena *arena,
                             bounds *out, nxc_error *err) {
    float x[N_DIRECTIONS + 1], top = 0;
    uint8_t q[N_COORDINATES];
    void *p;
    project(index->directions, query->scale, query->bytes, x);
    for (size_t k = 0; k <= N_DIRECTIONS; k++)
        if (fabsf(x[k]) > top) top = fabsf(x[k]);
    nxc__int8_row row = {top / 127, 128};
    double wrong = 0, length = 0;
    memset(q, 128, sizeof q);
    for (size_t k = 0; k <= N_DIRECTIONS; k++) {
        float byte = rintf(x[k] / row.scale);
        double off = (double)row.scale * (double)byte - (double)x[k];
        q[k] = (uint8_t)(128 + (int32_t)byte);
        wrong += off * off;
        length += (double)x[k] * (double)x[k];
    }
    out->slack = (float)(sqrt(wrong) * index->most_long +
                         sqrt(length) * index->most_wrong + SLACK);
    NXC_TRY(
        nxc__statistics_block(arena, index->panels.n, sizeof(float), &p, err));
    out->of = p;
    s->kernels.linear_int8(&index->panels, q, &row, 1, out->of,
                           NXC_EPILOGUE_NONE);
    return NXC_OK;
}

static size_t bin_of(float bound) {
    float bin = (bound + 1.5f) * (N_BINS / 3.0f);
    return bin > 0 ? bin < N_BINS ? (size_t)bin : N_BINS - 1 : 0;
}

/* A bound that about twice as many rows reach as are wanted, by a sample. */
static float promising(const float *of, size_t n_rows) {
    uint32_t counts[N_BINS] = {0};
    for (size_t i = 0; i < n_rows; i += BOUND_STEP)
        counts[bin_of(of[i])]++;
    size_t bin = N_BINS, sum = 0;
    while (bin > 0 && sum < 2 * NXC_N_NEAR_ROWS / BOUND_STEP)
        sum += counts[--bin];
    return (float)bin * (3.0f / N_BINS) - 1.5f;
}

/* Rows with a bound in [from, to). Returns their number. */
static size_t collect(const float *of, size_t n_rows, float from, float to,
                      uint32_t *out) {
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        out[n] = (uint32_t)i;
        n += (size_t)((of[i] >= from) & (of[i] < to));
    }
    return n;
}

/* Put rows into the list, as long as their bound may reach it; they lie far
 * apart, so that the next ones are fetched meanwhile. */
static void look_at(const nxc__statistics *s, const nxc__prompt_rows *rows,
                    const nxc__prompt_bytes *query, uint32_t group,
                    const bounds *b, const uint32_t *which, size_t n,
                    nxc__near_rows *list) {
    for (size_t k = 0; k < n; k++) {
        const int8_t *ahead =
            rows->bytes +
            which[k + AHEAD < n ? k + AHEAD : k] * (size_t)NXC_DIM;
        for (size_t d = 0; d < NXC_DIM; d += 64)
            __builtin_prefetch(ahead + d);
        uint32_t i = which[k];
        if (list->n == NXC_N_NEAR_ROWS &&
            b->of[i] + b->slack < list->of[list->n - 1].cosine)
            continue;
        nxc__near_rows_add(
            s, rows, group,
            (nxc__near_row){nxc__prompt_cosine(rows, query, i), i}, list);
    }
}

static void look_at_all(const nxc__statistics *s, const nxc__prompt_rows *rows,
                        const nxc__prompt_bytes *query, uint32_t group,
                        nxc__near_rows *list) {
    for (size_t i = 0; i < rows->n; i++)
        nxc__near_rows_add(
            s, rows, group,
            (nxc__near_row){nxc__prompt_cosine(rows, query, i), (uint32_t)i},
            list);
}

nxc_status nxc__prompt_rows_nearest(const nxc__statistics *s,
                                    const nxc__prompt_rows *rows,
                                    const nxc__prompt_bytes *query,
                                    uint32_t group, nxc__arena *arena,
                                    nxc__near_rows *out, nxc_error *err) {
    bounds b;
    void *p;
    out->n = 0;
    if (!rows->index || !(query->scale > 0)) {
        look_at_all(s, rows, query, group, out);
        return NXC_OK;
    }
    NXC_TRY(bound_rows(s, rows->index, query, arena, &b, err));
    NXC_TRY(
        nxc__statistics_block(arena, rows->n + 1, sizeof(uint32_t), &p, err));
    float first = promising(b.of, rows->n);
    size_t n = collect(b.of, rows->n, first, INFINITY, p);
    look_at(s, rows, query, group, &b, p, n, out);
    float least = out->n == NXC_N_NEAR_ROWS
                      ? out->of[out->n - 1].cosine - b.slack
                      : -INFINITY;
    n = collect(b.of, rows->n, least, first, p);
    look_at(s, rows, query, group, &b, p, n, out);
    return NXC_OK;
}
