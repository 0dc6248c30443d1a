/* What the processor can do, and the cap that the option "cpu" sets. */
#ifndef NXC_BASE_CPU_H
#define NXC_BASE_CPU_H

#include <nextcall/nextcall.h>

/* The accepted values of the option "cpu"; cpu.c has the table of them. */
#define NXC_CPU_LEVEL_NAMES                                     \
    "auto, ref, avx2, avxvnni, avx512, avx512vnni, amx, neon, " \
    "dotprod, i8mm"

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
/* Row i of the table of instruction sets, worst first: the name that the option
 * "cpu" and nextcall doctor use, and its one flag. false past the end. */
bool nxc__cpu_feature(size_t i, const char **name, uint32_t *flag);
/* NXC_ERR_INVALID, naming those there are, unless it is the name of a level. */
nxc_status nxc__cpu_check_level(nxc_str level, nxc_error *err);
/* Flags that remain under a level: its own and those of the levels before it.
 * A level that the machine lacks is NXC_ERR_UNSUPPORTED, naming those it has.
 */
nxc_status nxc__cpu_cap(nxc_str level, uint32_t detected, uint32_t *out,
                        nxc_error *err);
/* Ask the system to let this process use AMX tiles; false: refused, and a tile
 * instruction would end the process. May be asked again, on any thread. */
bool nxc__cpu_permit_amx(void);
/* "AMD EPYC ..." from the processor itself, or "unknown". Static storage. */
const char *nxc__cpu_model(void);

#endif
