/* Rankings and feature values for people. */
#ifndef NXC_CLI_TABLE_H
#define NXC_CLI_TABLE_H

#include <nextcall/nextcall.h>

/* The prompt and the calls of a request. */
void cli_print_request(const nxc_request *request);
/* rank, score, method, path, why; then a line with pattern, counts, timings. */
void cli_print_ranking(const nxc_ranking *ranking, size_t top);
/* "browse", "0.62", "-": a value of feature i. Returns buf. */
const char *cli_feature_text(const nxc_ranking *ranking, size_t feature,
                             float value, char *buf, size_t cap);
/* Mean contribution of each feature over all items; 0 where not all have some:
 * a tree ensemble's count from its expected value. out (n_features). */
void cli_mean_contributions(const nxc_ranking *ranking, double *out);
/* Indexes of the two features whose contribution differs most from the mean. */
void cli_moving_features(const nxc_ranking *ranking, const nxc_ranked *item,
                         const double *mean, size_t out[2]);

#endif
