/*
 * From scores to probabilities. A model's notes carry, for requests without and
 * with learned sessions, a temperature and a rising line of knots:
 *
 *     share        exp((score - best) / temperature), over the sum of the ten
 *                  best: a long tail of candidates would count for itself
 *     probability  on the line through (shares[k], probabilities[k])
 *
 * fitted by tools/calibrate on scores of models that had not seen the group
 * (docs/calibration.md). Without notes there is no probability, never a
 * plausible one.
 */
#ifndef NXC_RANKER_CALIBRATION_H
#define NXC_RANKER_CALIBRATION_H

#include "ranker/model_notes.h"

#define NXC_MAX_KNOTS 64
#define NXC_CALIBRATION_BEST 10 /* candidates that a share is of */

typedef struct nxc__calibration {
    size_t n; /* knots; 0: there is none */
    double temperature;
    double shares[NXC_MAX_KNOTS];        /* rising, from 0 */
    double probabilities[NXC_MAX_KNOTS]; /* never falling, 0 to 1 */
} nxc__calibration;

/* The notes calibration.<kind>.temperature, .shares and .probabilities, kind
 * "cold" or "warm"; none of them: n = 0. Errors: NXC_ERR_PARSE. */
nxc_status nxc__calibration_read(const nxc__model_notes *notes,
                                 const char *kind, nxc__calibration *out,
                                 nxc_error *err);
/* scores (n) to probabilities (n); NaN without a calibration, and of a NaN.
 * Equal scores get equal ones, a higher score never a lower one. */
void nxc__calibrate(const nxc__calibration *c, const double *scores, size_t n,
                    double *probabilities);

#endif
