/*
 * Check vectors: rows and the scores that a model must give for them, bit for
 * bit, kept beside the model (docs/formats/check-vectors.md). Whoever trains a
 * model writes them from the trainer's own scores; who has only the model makes
 * rows that its splits care about and takes the reference's.
 */
#ifndef NXC_RANKER_CHECK_VECTORS_H
#define NXC_RANKER_CHECK_VECTORS_H

#include "ranker/ranker.h"

#define NXC_CHECK_ROWS 256 /* made by default */
#define NXC_CHECK_MAX_ROWS ((size_t)100000)
#define NXC_CHECK_MAX_BYTES ((size_t)1 << 30) /* of a file */
/* The check vectors of MODEL that come with it are in MODEL.check. */
#define NXC_CHECK_SUFFIX ".check"

/* Replace path by the check vectors of a model whose file has this text. rows
 * (n, n_features), scores (n). Errors: NXC_ERR_INVALID (n 0 or above
 * NXC_CHECK_MAX_ROWS), NXC_ERR_IO, NXC_ERR_NOMEM. */
nxc_status nxc__check_write(const char *path, nxc_str model, const double *rows,
                            const double *scores, size_t n, size_t n_features,
                            nxc_error *err);
/* Rows (n, n_features) for a LightGBM model: thresholds, their neighbours,
 * categories in and out of the sets, missing values. The same for the same
 * model and n. scores (n) by the reference walk, not by the kernels.
 * Errors: NXC_ERR_UNSUPPORTED (the linear default), NXC_ERR_NOMEM. */
nxc_status nxc__check_make(const nxc_ranker *ranker, size_t n, double *rows,
                           double *scores, nxc_error *err);
/* Score the rows of path with the ranker, all at once and one by one; model is
 * the text that it was parsed from. Errors: NXC_ERR_MISMATCH "<path>: row 7:
 * expected <double>, got <double>" or that the file belongs to another model;
 * NXC_ERR_FORMAT (damaged), NXC_ERR_IO, NXC_ERR_NOMEM.
 * *n gets the number of rows; may be NULL. */
nxc_status nxc__check_verify(const char *path, nxc_str model,
                             const nxc_ranker *ranker, size_t *n,
                             nxc_error *err);

#endif
