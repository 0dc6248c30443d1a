/* encoder_avxvnni.c with the EVEX form of vpdpbusd on the same registers: what
 * processors with AVX-512 VNNI can run of it. All but the prefix of the one
 * instruction is what AVX-VNNI gets. */
#define NXC_V16_YMM
#define NXC_DOT4 "%{evex%} vpdpbusd %2, %1, %0"
#define nxc__encoder_kernels_avxvnni test_kernels_avxvnni_evex
#include "encoder/kernels/encoder_avxvnni.c"
