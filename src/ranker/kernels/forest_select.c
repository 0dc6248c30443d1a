#include "base/cpu.h"
#include "ranker/kernels/forest_kernel.h"

const nxc__forest_level *nxc__forest_level_select(uint32_t cpu) {
    if (!cpu) return NULL;
#if defined(__x86_64__)
    if ((cpu & NXC_CPU_AVX512) && (cpu & NXC_CPU_AVX512_VBMI))
        return &nxc__forest_level_avx512;
    if (cpu & NXC_CPU_AVX2) return &nxc__forest_level_avx2;
#endif
    return &nxc__forest_level_portable;
}
