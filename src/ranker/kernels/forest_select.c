#include "ranker/kernels/forest_kernel.h"

void nxc__forest_kernels_select(nxc__forest_kernels *k, uint32_t cpu) {
    nxc__forest_init_ref(k);
    (void)cpu; /* one level: the reference */
}
