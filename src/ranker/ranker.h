/* The ranker's inside, for engine and tests; it sees only numbers. */
#ifndef NXC_RANKER_RANKER_H
#define NXC_RANKER_RANKER_H

#include "base/error.h"
#include "ranker/calibration.h"

/* Row-major features of one request to scores. group: for the linear ranker the
 * row of its weight table (the workflow pattern's number, 0 = none); trees do
 * not look at it. rows (n, n_features) float; a NaN contributes nothing to the
 * linear score and follows the model's missing rule in trees. contributions
 * (n, n_features) or NULL; *has_contributions tells whether they were written.
 */
nxc_status nxc__ranker_score_rows(const nxc_ranker *ranker, uint32_t group,
                                  const float *rows, size_t n, double *scores,
                                  double *contributions,
                                  bool *has_contributions, nxc_error *err);
/* Whether a model file names its features itself. */
bool nxc__ranker_has_names(const nxc_ranker *ranker);
/* Whether a model's feature_names are these, in this order (a model without
 * names of its own, Column_0 ..., must agree in number): NXC_ERR_MISMATCH names
 * the first difference. */
nxc_status nxc__ranker_check_features(const nxc_ranker *ranker,
                                      const char *const *names, size_t n,
                                      nxc_error *err);
/* Contributions (n, n_features) of float rows; see nxc_ranker_explain. Of a
 * linear ranker nxc__ranker_score_rows has them. */
nxc_status nxc__ranker_explain_rows(const nxc_ranker *ranker, const float *rows,
                                    size_t n, double *contributions,
                                    nxc_error *err);
/* Of requests with learned sessions or without; n = 0: there is none. */
const nxc__calibration *nxc__ranker_calibration(const nxc_ranker *ranker,
                                                bool is_warm);
bool nxc__ranker_is_linear(const nxc_ranker *ranker);

/* Of a model file. A tree of 31 leaves takes about 4 KB of text. */
#define NXC_MODEL_MAX_BYTES ((size_t)256 << 20)
/* Parse a LightGBM text model from memory; path is for errors
 * ("model.txt:41: expected num_leaves > 0, got -1") and gives its file's name
 * to the ranker. */
nxc_status nxc__ranker_parse(nxc_str path, nxc_str text,
                             const nxc_allocator *alloc, nxc_ranker **out,
                             nxc_error *err);
/* The same with another name. */
nxc_status nxc__ranker_parse_as(nxc_str name, nxc_str path, nxc_str text,
                                const nxc_allocator *alloc, nxc_ranker **out,
                                nxc_error *err);
/* The trees, or NULL: the linear default. */
typedef struct nxc__forest nxc__forest;
const nxc__forest *nxc__ranker_forest(const nxc_ranker *ranker);

/* Order by score, best first; NaN last; ties by tie (ascending). Writes the k
 * best positions (k <= n). scratch (n) uint32_t. */
void nxc__order(const double *scores, const uint32_t *tie, size_t n, size_t k,
                uint32_t *scratch, uint32_t *out);

#endif
