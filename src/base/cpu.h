/* What the processor can do, and the cap that the option "cpu" sets. */
#ifndef NXC_BASE_CPU_H
#define NXC_BASE_CPU_H

#include <nextcall/nextcall.h>

typedef enum nxc__cpu_flag {
    NXC_CPU_AVX2 = 1u, /* AVX2, FMA and F16C, enabled by the OS */
    NXC_CPU_AVXVNNI = 2u,
    NXC_CPU_AVX512 = 4u, /* F, BW, DQ, VL, enabled by the OS */
    NXC_CPU_AVX512_VNNI = 8u,
    NXC_CPU_AVX512_BF16 = 16u,
    NXC_CPU_AVX512_VBMI = 32u,
    NXC_CPU_AMX_INT8 = 64u,
    NXC_CPU_NEON = 128u,
    NXC_CPU_DOTPROD = 256u,
    NXC_CPU_I8MM = 512u
} nxc__cpu_flag;

/* Flags of this machine. */
uint32_t nxc__cpu_detect(void);
/* Flags that remain under a level: "auto", "ref", "avx2", "avxvnni", "avx512",
 * "amx", "neon". A level that the machine lacks is an error naming what it has.
 */
nxc_status nxc__cpu_cap(nxc_str level, uint32_t detected, uint32_t *out,
                        nxc_error *err);
/* "AMD EPYC ..." from the processor itself, or "unknown". Static storage. */
const char *nxc__cpu_model(void);

#endif
