#include "base/cpu.h"
#include "encoder/kernels/encoder_kernel.h"

void nxc__encoder_kernels_select(nxc__encoder_kernels *k, uint32_t cpu) {
    nxc__encoder_kernels_ref(k);
    nxc__encoder_kernels_int8_ref(k);
#if defined(__x86_64__)
    if (cpu & NXC_CPU_AVX2) nxc__encoder_kernels_avx2(k);
    if (cpu & NXC_CPU_AVX512) nxc__encoder_kernels_avx512(k);
    if (cpu & NXC_CPU_AVX512_VNNI) nxc__encoder_kernels_avx512vnni(k);
#elif defined(__aarch64__)
    if (cpu & NXC_CPU_NEON) nxc__encoder_kernels_neon(k);
    if (cpu & NXC_CPU_DOTPROD) nxc__encoder_kernels_dotprod(k);
#else
    (void)cpu;
#endif
}
