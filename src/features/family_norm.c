/* Copies of a score relative to the request, by the rows NXC_COPY of
 * features_v2.def. Ties take the best rank, so that the order of the candidates
 * does not matter. */
#include "features/point.h"

/* By the names of the rule. */
typedef enum copy_kind {
    COPY_rank,
    COPY_gap,
    COPY_z
} copy_kind; /* NOLINT(readability-identifier-naming) */

typedef struct copy {
    uint16_t from, to;
    copy_kind kind;
} copy;

static const copy copies[] = {
#define NXC_COLUMN(name, kind, depends_on, doc)
#define NXC_COPY(score, how) \
    {NXC_V2_##score, NXC_V2_##score##_##how, COPY_##how},
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

/* By the high halves, descending, byte by byte from the lowest; scratch (n).
 * Four passes, so that keys has the result. */
static void sort_descending(uint64_t *keys, uint64_t *scratch, size_t n) {
    for (unsigned shift = 32; shift < 64; shift += 8) {
        size_t counts[257] = {0};
        for (size_t i = 0; i < n; i++)
            counts[256 - (keys[i] >> shift & 255)]++;
        for (size_t b = 1; b < 257; b++)
            counts[b] += counts[b - 1];
        for (size_t i = 0; i < n; i++)
            scratch[counts[255 - (keys[i] >> shift & 255)]++] = keys[i];
        uint64_t *t = keys;
        keys = scratch;
        scratch = t;
    }
}

/* What the copies by rank share. */
typedef struct ranks {
    float *logs;    /* (n + 1) ln(1 + i) */
    uint64_t *keys; /* (2 n), of many candidates */
} ranks;

/* Up to so many candidates counting is quicker than sorting. */
enum { MAX_COUNTED = 128 };

static void init_ranks(nxc__point *p, ranks *r) {
    r->logs = nxc__point_alloc(p, p->n, sizeof *r->logs);
    r->keys = p->n > MAX_COUNTED
                  ? nxc__point_alloc(p, p->n, 2 * sizeof *r->keys)
                  : NULL;
    for (size_t i = 0; !p->failed && i < p->n; i++)
        r->logs[i] = logf(1 + (float)i);
}

static void rank_by_counting(const nxc__point *p, const float *logs,
                             const float *from, float *to) {
    for (size_t i = 0; i < p->n; i++) {
        uint32_t n_above = 0;
        for (size_t k = 0; k < p->n; k++)
            n_above += from[k] > from[i];
        if (!isnan(from[i])) to[i] = logs[n_above];
    }
}

static void rank_by_sorting(const nxc__point *p, const ranks *r,
                            const float *from, float *to) {
    size_t n = 0, n_above = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!isnan(from[i]))
            r->keys[n++] = (uint64_t)ordinal(from[i]) << 32 | i;
    sort_descending(r->keys, r->keys + p->n, n);
    for (size_t k = 0; k < n; k++) {
        if (k && r->keys[k] >> 32 != r->keys[k - 1] >> 32) n_above = k;
        to[(uint32_t)r->keys[k]] = r->logs[n_above];
    }
}

static void copy_gap(const nxc__point *p, const float *from, float *to) {
    float best = -INFINITY;
    for (size_t i = 0; i < p->n; i++)
        if (from[i] > best) best = from[i];
    for (size_t i = 0; i < p->n; i++)
        to[i] = from[i] - best;
}

void nxc__family_norm(nxc__point *p) {
    ranks r;
    init_ranks(p, &r);
    for (size_t k = 0; !p->failed && k < sizeof copies / sizeof *copies; k++) {
        const float *from = p->columns[copies[k].from];
        float *to = p->columns[copies[k].to];
        switch (copies[k].kind) {
        case COPY_rank:
            if (r.keys)
                rank_by_sorting(p, &r, from, to);
            else
                rank_by_counting(p, r.logs, from, to);
            break;
        case COPY_gap:
            copy_gap(p, from, to);
            break;
        case COPY_z:
            nxc__standardize(from, p->n, to);
            break;
        }
    }
}
