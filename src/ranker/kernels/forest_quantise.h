/* From rows of numbers to column bytes. The file that includes it has
 *     bucket_rank(thresholds, n, x)     thresholds < x of n, a multiple of 8
 * n being a constant 16 or a number of pivots. */

typedef double (*quantise_load)(const void *row, size_t feature);
static inline double quantise_load_f64(const void *row, size_t feature) {
    return ((const double *)row)[feature];
}
static inline double quantise_load_f32(const void *row, size_t feature) {
    return (double)((const float *)row)[feature];
}

static inline uint32_t quantise_rank(const nxc__plan_feature *pf,
                                     const double *thresholds, double x) {
    uint32_t b = bucket_rank(thresholds + pf->first_pivot, pf->n_pivots, x);
    return NXC_PLAN_BUCKET * b +
           bucket_rank(thresholds + pf->first_bucket + NXC_PLAN_BUCKET * b,
                       NXC_PLAN_BUCKET, x);
}

static inline uint8_t quantise_number(const nxc__plan_column *c, uint32_t rank,
                                      unsigned is) {
    uint32_t d = rank > c->base ? rank - c->base : 0;
    d = d < NXC_PLAN_CHUNK ? d : NXC_PLAN_CHUNK;
    return (uint8_t)(is & c->missing ? c->missing_byte : d);
}

static inline void quantise_value(const nxc__forest_plan *plan,
                                  const nxc__plan_feature *pf, double v,
                                  size_t stride, uint8_t *out) {
    bool is_nan = v != v;
    double x = is_nan || fabs(v) <= NXC_FOREST_ZERO ? 0.0 : v;
    unsigned is =
        (is_nan ? NXC_VALUE_NAN : 0u) | (x == 0.0 ? NXC_VALUE_ZERO : 0u);
    uint32_t rank = quantise_rank(pf, plan->thresholds, x);
    const nxc__plan_column *c = plan->columns + pf->first_column;
    for (size_t k = 0; k < pf->n_columns; k++, c++, out += stride) {
        if (c->is_category)
            *out = nxc__forest_has_category(
                       plan->forest->cat_words + c->first_word, c->n_words, v)
                       ? 0
                       : 255;
        else
            *out = quantise_number(c, rank, is);
    }
}

static inline void quantise(const nxc__forest_plan *plan, const void *rows,
                            size_t row_size, quantise_load load, size_t n,
                            size_t stride, uint8_t *columns) {
    for (size_t f = 0; f < plan->n_features; f++) {
        const nxc__plan_feature *pf = &plan->features[f];
        uint8_t *out = columns + pf->first_column * stride;
        for (size_t i = 0; i < n; i++)
            quantise_value(plan, pf,
                           load((const char *)rows + i * row_size, pf->feature),
                           stride, out + i);
    }
}

static void quantise_f64(const nxc__forest_plan *plan, const double *rows,
                         size_t n, size_t stride, uint8_t *columns) {
    quantise(plan, rows, plan->forest->n_features * sizeof *rows,
             quantise_load_f64, n, stride, columns);
}
static void quantise_f32(const nxc__forest_plan *plan, const float *rows,
                         size_t n, size_t stride, uint8_t *columns) {
    quantise(plan, rows, plan->forest->n_features * sizeof *rows,
             quantise_load_f32, n, stride, columns);
}
