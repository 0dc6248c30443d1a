/* Copies of a score relative to the request, by the rows NXC_COPY of
 * features_v2.def. Ties take the best rank, so that the order of the candidates
 * does not matter. */
#include "features/point.h"

typedef enum copy_kind { rank, gap, z } copy_kind;

typedef struct copy {
    uint16_t from, to;
    copy_kind kind;
} copy;

static const copy copies[] = {
#define NXC_COLUMN(name, kind, depends_on, doc)
#define NXC_COPY(score, how) {NXC_V2_##score, NXC_V2_##score##_##how, how},
#include "features/features_v2.def"
#undef NXC_COLUMN
#undef NXC_COPY
};

void nxc__standardize(const float *x, size_t n, float *out) {
    double sum = 0, squares = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += (double)x[i];
            count++;
        }
    double mean = count > 0 ? sum / count : 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            double d = (double)x[i] - mean;
            squares += d * d;
        }
    double deviation = count > 0 ? sqrt(squares / count) : 0;
    for (size_t i = 0; i < n; i++)
        out[i] = isnan(x[i])        ? x[i]
                 : deviation > 1e-9 ? (float)(((double)x[i] - mean) / deviation)
                                    : 0;
}

/* An order-preserving number of a float. */
static uint32_t ordinal(float x) {
    uint32_t bits;
    x += 0.0f; /* -0 is 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/* keys (n) descending, by bytes from the lowest; scratch (n). */
static void sort_descending(uint32_t *keys, uint32_t *scratch, size_t n) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t counts[257] = {0};
        for (size_t i = 0; i < n; i++)
            counts[256 - (keys[i] >> shift & 255)]++;
        for (size_t b = 1; b < 257; b++)
            counts[b] += counts[b - 1];
        for (size_t i = 0; i < n; i++)
            scratch[counts[255 - (keys[i] >> shift & 255)]++] = keys[i];
        uint32_t *t = keys;
        keys = scratch;
        scratch = t;
    }
}

/* How many of the sorted keys are above key. */
static size_t n_above(const uint32_t *sorted, size_t n, uint32_t key) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (sorted[mid] > key)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void copy_rank(nxc__point *p, const float *from, float *to) {
    uint32_t *keys = nxc__point_alloc(p, p->n, 2 * sizeof *keys);
    if (!keys) return;
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!isnan(from[i])) keys[n++] = ordinal(from[i]);
    sort_descending(keys, keys + p->n, n);
    for (size_t i = 0; i < p->n; i++)
        if (!isnan(from[i]))
            to[i] = logf(1 + (float)n_above(keys, n, ordinal(from[i])));
}

static void copy_gap(const nxc__point *p, const float *from, float *to) {
    float best = -INFINITY;
    for (size_t i = 0; i < p->n; i++)
        if (from[i] > best) best = from[i];
    for (size_t i = 0; i < p->n; i++)
        to[i] = from[i] - best;
}

void nxc__family_norm(nxc__point *p) {
    for (size_t k = 0; !p->failed && k < sizeof copies / sizeof *copies; k++) {
        const float *from = p->columns[copies[k].from];
        float *to = p->columns[copies[k].to];
        switch (copies[k].kind) {
        case rank:
            copy_rank(p, from, to);
            break;
        case gap:
            copy_gap(p, from, to);
            break;
        case z:
            nxc__standardize(from, p->n, to);
            break;
        }
    }
}
