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
                                     const double *thresholds, size_t n_pivots,
                                     double x) {
    uint32_t b = bucket_rank(thresholds + pf->first_pivot, n_pivots, x);
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

/* What quantise_feature works on: a feature of n rows. */
typedef struct quantise_job {
    const nxc__forest_plan *plan;
    const nxc__plan_feature *pf;
    const char *rows;
    size_t row_size, n, stride;
    uint8_t *out; /* of the feature's first column */
} quantise_job;

/* n_pivots and is_one (one column, of numbers) are constants. */
static inline void quantise_feature(const quantise_job *j, quantise_load load,
                                    size_t n_pivots, bool is_one) {
    const nxc__plan_feature *pf = j->pf;
    const nxc__forest *f = j->plan->forest;
    const nxc__plan_column *first = j->plan->columns + pf->first_column;
    const nxc__plan_column one = *first;
    for (size_t i = 0; i < j->n; i++) {
        double v = load(j->rows + i * j->row_size, pf->feature);
        bool is_nan = v != v;
        double x = is_nan || fabs(v) <= NXC_FOREST_ZERO ? 0.0 : v;
        unsigned is = (unsigned)is_nan * NXC_VALUE_NAN |
                      (unsigned)(x == 0.0) * NXC_VALUE_ZERO;
        uint32_t rank = quantise_rank(pf, j->plan->thresholds, n_pivots, x);
        uint8_t *out = j->out + i;
        if (is_one) {
            *out = quantise_number(&one, rank, is);
            continue;
        }
        const nxc__plan_column *c = first, *end = c + pf->n_columns;
        for (; c < end; c++, out += j->stride)
            *out = c->is_category ? (uint8_t)(nxc__forest_has_category(
                                                  f->cat_words + c->first_word,
                                                  c->n_words, v) -
                                              1)
                                  : quantise_number(c, rank, is);
    }
}

static inline void quantise(const nxc__forest_plan *plan, const void *rows,
                            size_t row_size, quantise_load load, size_t n,
                            size_t stride, uint8_t *columns) {
    quantise_job j = {.plan = plan,
                      .rows = rows,
                      .row_size = row_size,
                      .n = n,
                      .stride = stride};
    for (size_t f = 0; f < plan->n_features; f++) {
        const nxc__plan_feature *pf = j.pf = &plan->features[f];
        bool is_one = pf->n_columns == 1 && pf->n_thresholds;
        j.out = columns + pf->first_column * stride;
        if (is_one && pf->n_pivots == 0)
            quantise_feature(&j, load, 0, true);
        else if (is_one && pf->n_pivots == 8)
            quantise_feature(&j, load, 8, true);
        else if (is_one && pf->n_pivots == 16)
            quantise_feature(&j, load, 16, true);
        else
            quantise_feature(&j, load, pf->n_pivots, false);
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
