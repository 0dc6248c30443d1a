/* Which candidates of a large decision point are trained on. */
#ifndef NXC_TRAIN_TRAIN_SAMPLE_H
#define NXC_TRAIN_TRAIN_SAMPLE_H

#include "base/alloc.h"
#include "base/error.h"

/* Features by which a wrong candidate may look right. */
extern const char *const nxc__train_signals[];
#define NXC_MAX_SIGNALS 16
/* Those of names (n); columns gets their indexes. */
size_t nxc__train_find_signals(const char *const *names, size_t n,
                               uint32_t columns[NXC_MAX_SIGNALS]);

/* A sample of n rows (n, n_columns): all if they are at most limit (>= 2), else
 * limit of them: gold, the best by each signal in turn for three quarters, and
 * others drawn by seed. kept (limit or n, the smaller) gets their indexes,
 * ascending; *at the place of gold in it; the number is returned, 0 if out of
 * memory. */
typedef struct nxc__train_sampler {
    const uint32_t *signals;
    size_t n_signals, n_columns, limit;
} nxc__train_sampler;
size_t nxc__train_sample(const nxc__train_sampler *s, const float *rows,
                         size_t n, size_t gold, uint64_t seed, uint32_t *kept,
                         size_t *at);

#endif
