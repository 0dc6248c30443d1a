/* From rows of numbers to column bytes, a feature of all rows at a time. The
 * file that includes it has
 *     bucket_rank(thresholds, n, x)    thresholds < x of n, a multiple of 8;
 *                                      n being a constant or a number of pivots
 *     quantise_intake(v, n)            x = 0 where it is NaN or counts as zero;
 *                                      sets is_nan and is_zero
 *     quantise_column(v, n, c, out)    the bytes of a column of numbers; up to
 *                                      the next multiple of 32 may be written
 */

/* Bucket by bucket, then within them: what waits for the first look must not
 * keep the next values from theirs. */
static inline void quantise_ranks(const nxc__plan_feature *pf,
                                  const double *thresholds, size_t n_pivots,
                                  quantise_values *v, size_t n) {
    const double *pivots = thresholds + pf->first_pivot;
    const double *buckets = thresholds + pf->first_bucket;
    for (size_t i = 0; i < n; i++)
        v->rank[i] = (uint16_t)(NXC_PLAN_BUCKET *
                                bucket_rank(pivots, n_pivots, v->x[i]));
    for (size_t i = 0; i < n; i++)
        v->rank[i] =
            (uint16_t)(v->rank[i] + bucket_rank(buckets + v->rank[i],
                                                NXC_PLAN_BUCKET, v->x[i]));
}

static inline void quantise_category(const nxc__forest *f,
                                     const nxc__plan_column *c,
                                     const quantise_values *v, size_t n,
                                     uint8_t *out) {
    for (size_t i = 0; i < n; i++)
        out[i] =
            (uint8_t)((!(v->is_nan >> i & 1) &&
                       nxc__forest_has_category(f->cat_words + c->first_word,
                                                c->n_words, v->x[i])) -
                      1);
}

static inline void quantise_feature(const nxc__forest_plan *plan,
                                    const nxc__plan_feature *pf,
                                    quantise_values *v, size_t n, size_t stride,
                                    uint8_t *out) {
    quantise_intake(v, n);
    if (pf->n_thresholds == 0)
        ;
    else if (pf->n_pivots == 16)
        quantise_ranks(pf, plan->thresholds, 16, v, n);
    else if (pf->n_pivots == 8)
        quantise_ranks(pf, plan->thresholds, 8, v, n);
    else
        quantise_ranks(pf, plan->thresholds, pf->n_pivots, v, n);
    const nxc__plan_column *c = plan->columns + pf->first_column;
    for (const nxc__plan_column *end = c + pf->n_columns; c < end;
         c++, out += stride) {
        if (c->is_category)
            quantise_category(plan->forest, c, v, n, out);
        else
            quantise_column(v, n, c, out);
    }
}

/* The rows differ in their type only: one of f64 and f32 is NULL. */
static inline void quantise(const nxc__forest_plan *plan, const double *f64,
                            const float *f32, size_t n, size_t stride,
                            uint8_t *columns) {
    quantise_values v;
    size_t width = plan->forest->n_features;
    memset(&v, 0, sizeof v);
    for (size_t f = 0; f < plan->n_features; f++) {
        const nxc__plan_feature *pf = &plan->features[f];
        for (size_t i = 0, at = pf->feature; i < n; i++, at += width)
            v.x[i] = f64 ? f64[at] : (double)f32[at];
        quantise_feature(plan, pf, &v, n, stride,
                         columns + pf->first_column * stride);
    }
}

/* Not even zeroed by -ftrivial-auto-var-init: more than the work on it. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define QUANTISE_UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
#ifndef QUANTISE_UNINITIALIZED
#define QUANTISE_UNINITIALIZED
#endif

/* One row: features take the place of rows. */
typedef struct quantise_one {
    double x[64], raw[64];
    uint32_t rank[64];
    uint8_t is[64];
} quantise_one;

/* x = 0 where it is NaN or counts as zero, without a branch on it. */
static inline void quantise_intake_one(quantise_one *v, size_t i) {
    unsigned is_nan = v->raw[i] != v->raw[i];
    unsigned is_other = fabs(v->raw[i]) > NXC_FOREST_ZERO;
    uint64_t bits;
    memcpy(&bits, &v->raw[i], sizeof bits);
    bits &= 0 - (uint64_t)is_other;
    memcpy(&v->x[i], &bits, sizeof bits);
    v->is[i] =
        (uint8_t)(is_nan * NXC_VALUE_NAN | (is_other ^ 1u) * NXC_VALUE_ZERO);
}

static inline uint8_t quantise_column_one(const nxc__forest *f,
                                          const nxc__plan_column *c,
                                          const quantise_one *v, size_t i) {
    if (c->is_category)
        return (uint8_t)(nxc__forest_has_category(f->cat_words + c->first_word,
                                                  c->n_words, v->raw[i]) -
                         1);
    uint32_t d = v->rank[i] > c->base ? v->rank[i] - c->base : 0;
    d = d < NXC_PLAN_CHUNK ? d : NXC_PLAN_CHUNK;
    uint32_t missing = 0 - (uint32_t)((v->is[i] & c->missing) != 0);
    return (uint8_t)((d & ~missing) | (c->missing_byte & missing));
}

static inline void quantise_row(const nxc__forest_plan *plan, const double *f64,
                                const float *f32, uint8_t *columns) {
    QUANTISE_UNINITIALIZED quantise_one v;
    const nxc__plan_feature *pf = plan->features;
    const nxc__plan_column *c = plan->columns;
    for (size_t left = plan->n_features, n; left; left -= n, pf += n) {
        n = left < 64 ? left : 64;
        for (size_t i = 0; i < n; i++) {
            v.raw[i] = f64 ? f64[pf[i].feature] : (double)f32[pf[i].feature];
            quantise_intake_one(&v, i);
        }
        for (size_t i = 0; i < n; i++) {
            const double *pivots = plan->thresholds + pf[i].first_pivot;
            v.rank[i] = NXC_PLAN_BUCKET *
                        (pf[i].n_pivots == 16
                             ? bucket_rank(pivots, 16, v.x[i])
                             : bucket_rank(pivots, pf[i].n_pivots, v.x[i]));
        }
        for (size_t i = 0; i < n; i++)
            v.rank[i] +=
                bucket_rank(plan->thresholds + pf[i].first_bucket + v.rank[i],
                            NXC_PLAN_BUCKET, v.x[i]);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < pf[i].n_columns; k++)
                *columns++ = quantise_column_one(plan->forest, c++, &v, i);
    }
}

static void quantise_f64(const nxc__forest_plan *plan, const double *rows,
                         size_t n, size_t stride, uint8_t *columns) {
    if (stride == 1)
        quantise_row(plan, rows, NULL, columns);
    else
        quantise(plan, rows, NULL, n, stride, columns);
}
static void quantise_f32(const nxc__forest_plan *plan, const float *rows,
                         size_t n, size_t stride, uint8_t *columns) {
    if (stride == 1)
        quantise_row(plan, NULL, rows, columns);
    else
        quantise(plan, NULL, rows, n, stride, columns);
}
