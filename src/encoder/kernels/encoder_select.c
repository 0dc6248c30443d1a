/*
 * Which kernels this process uses.
 *
 *     ref <- level <- level ...    worst first, each over what is there so far
 *
 * A level is taken if the flags allow it, the system permits it and its int8
 * product passes the self-check (encoder_check.c); else what is there stays. So
 * a kernel for a processor that no test machine has can be refused, but cannot
 * give other embeddings than the reference. Each level is tried once a process
 * and only when the flags allow it: capping the flags keeps its instructions
 * from being run at all.
 *
 * Threading: any. Two threads may both try a level; they find the same. Cost: a
 * check takes less than 100 us, nearly all of it the reference's.
 */
#include "base/atomic.h"
#include "base/cpu.h"
#include "encoder/kernels/encoder_kernel.h"

static const nxc__encoder_level levels[] = {
#if defined(__x86_64__)
    {"avx2", NXC_CPU_AVX2, true, true, nxc__encoder_kernels_avx2, NULL},
    {"avxvnni", NXC_CPU_AVXVNNI, false, true, nxc__encoder_kernels_avxvnni,
     NULL},
    {"avx512", NXC_CPU_AVX512, true, false, nxc__encoder_kernels_avx512, NULL},
    {"avx512vnni", NXC_CPU_AVX512_VNNI, false, true,
     nxc__encoder_kernels_avx512vnni, NULL},
    {"amx", NXC_CPU_AMX_INT8, false, true, nxc__encoder_kernels_amx,
     nxc__cpu_permit_amx},
#elif defined(__aarch64__)
    {"neon", NXC_CPU_NEON, true, false, nxc__encoder_kernels_neon, NULL},
    {"dotprod", NXC_CPU_DOTPROD, false, true, nxc__encoder_kernels_dotprod,
     NULL},
    {"i8mm", NXC_CPU_I8MM, false, true, nxc__encoder_kernels_i8mm, NULL},
#endif
    {NULL, 0, false, false, NULL, NULL}};
#define N_LEVELS (sizeof levels / sizeof *levels - 1)

static nxc__atomic_state states[N_LEVELS + 1];

const nxc__encoder_level *nxc__encoder_levels(size_t *n) {
    *n = N_LEVELS;
    return levels;
}

nxc__level_state nxc__encoder_level_state(size_t i) {
    return (nxc__level_state)nxc__atomic_state_get(&states[i]);
}

nxc__level_state nxc__encoder_level_try(const nxc__encoder_level *level,
                                        nxc__encoder_kernels *k) {
    if (level->permit && !level->permit()) return NXC_LEVEL_REFUSED;
    nxc__encoder_kernels better = *k;
    level->apply(&better);
    if (better.linear_int8 != k->linear_int8 &&
        !nxc__encoder_kernels_check(&better))
        return NXC_LEVEL_WRONG;
    *k = better;
    return NXC_LEVEL_WORKS;
}

void nxc__encoder_kernels_select(nxc__encoder_kernels *k, uint32_t cpu) {
    nxc__encoder_kernels_ref(k);
    nxc__encoder_kernels_int8_ref(k);
    for (size_t i = 0; i < N_LEVELS; i++) {
        if (!(cpu & levels[i].flag)) continue;
        nxc__level_state state = nxc__encoder_level_state(i);
        if (state == NXC_LEVEL_WORKS)
            levels[i].apply(k);
        else if (state == NXC_LEVEL_UNTRIED)
            nxc__atomic_state_set(
                &states[i], (uint8_t)nxc__encoder_level_try(&levels[i], k));
    }
}
