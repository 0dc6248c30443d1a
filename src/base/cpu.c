#define _GNU_SOURCE /* syscall */
#include "base/cpu.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t xgetbv0(void) {
    uint32_t a, d;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (uint64_t)d << 32 | a;
}
#define BIT(reg, n) (((reg) >> (n)) & 1u)

uint32_t nxc__cpu_detect(void) {
    uint32_t a, b, c, d, flags = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (!BIT(c, 27)) return 0; /* no OSXSAVE */
    bool fma = BIT(c, 12), f16c = BIT(c, 29);
    uint64_t xcr0 = xgetbv0();
    bool ymm = (xcr0 & 6) == 6, zmm = (xcr0 & 0xE6) == 0xE6;
    bool tiles = (xcr0 & 0x60000) == 0x60000;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (ymm && fma && f16c && BIT(b, 5)) flags |= NXC_CPU_AVX2;
    if (!(flags & NXC_CPU_AVX2)) return 0;
    bool amx_int8 = BIT(d, 24) && BIT(d, 25);
    if (zmm && BIT(b, 16) && BIT(b, 17) && BIT(b, 30) && BIT(b, 31)) {
        flags |= NXC_CPU_AVX512;
        if (BIT(c, 11)) flags |= NXC_CPU_AVX512_VNNI;
        if (BIT(c, 1)) flags |= NXC_CPU_AVX512_VBMI;
        if (tiles && amx_int8) flags |= NXC_CPU_AMX_INT8;
    }
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) {
        if (BIT(a, 4)) flags |= NXC_CPU_AVXVNNI;
        if ((flags & NXC_CPU_AVX512) && BIT(a, 5)) flags |= NXC_CPU_AVX512_BF16;
    }
    return flags;
}

/* Linux 5.16 on: arch_prctl, with the number of the state component of tiles.
 * The answer is read back, because a sandbox may say yes and do nothing. */
#define ARCH_GET_XCOMP_PERM 0x1022
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18
bool nxc__cpu_permit_amx(void) {
    uint64_t permitted = 0;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) ==
               0 &&
           syscall(SYS_arch_prctl, ARCH_GET_XCOMP_PERM, &permitted) == 0 &&
           (permitted >> XFEATURE_XTILEDATA & 1);
}

const char *nxc__cpu_model(void) {
    static _Thread_local char name[49];
    uint32_t r[12];
    for (size_t i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + (uint32_t)i, &r[4 * i], &r[4 * i + 1],
                         &r[4 * i + 2], &r[4 * i + 3]))
            return "unknown";
    memcpy(name, r, 48);
    name[48] = 0;
    nxc_str trimmed = nxc__str_trim(nxc__str(name));
    memmove(name, trimmed.ptr, trimmed.len);
    name[trimmed.len] = 0;
    return name;
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

uint32_t nxc__cpu_detect(void) {
    unsigned long hw = getauxval(AT_HWCAP), hw2 = getauxval(AT_HWCAP2);
    uint32_t flags = NXC_CPU_NEON;
    if (hw & (1ul << 20)) flags |= NXC_CPU_DOTPROD;
    if (hw2 & (1ul << 13)) flags |= NXC_CPU_I8MM;
    return flags;
}
const char *nxc__cpu_model(void) { return "aarch64"; }
bool nxc__cpu_permit_amx(void) { return false; }

#else
uint32_t nxc__cpu_detect(void) { return 0; }
const char *nxc__cpu_model(void) { return "unknown"; }
bool nxc__cpu_permit_amx(void) { return false; }
#endif

/* Instruction sets, worst first. A level keeps the rows up to it; those of the
 * other architecture are never detected. */
static const struct {
    const char *name;
    uint32_t flag;
    bool is_level;
} features[] = {
    {"avx2", NXC_CPU_AVX2, true},
    {"avxvnni", NXC_CPU_AVXVNNI, true},
    {"avx512", NXC_CPU_AVX512, true},
    {"avx512vnni", NXC_CPU_AVX512_VNNI, true},
    {"avx512bf16", NXC_CPU_AVX512_BF16, false},
    {"avx512vbmi", NXC_CPU_AVX512_VBMI, false},
    {"amx", NXC_CPU_AMX_INT8, true},
    {"neon", NXC_CPU_NEON, true},
    {"dotprod", NXC_CPU_DOTPROD, true},
    {"i8mm", NXC_CPU_I8MM, true},
};
#define N_FEATURES (sizeof features / sizeof *features)

bool nxc__cpu_feature(size_t i, const char **name, uint32_t *flag) {
    if (i >= N_FEATURES) return false;
    *name = features[i].name;
    *flag = features[i].flag;
    return true;
}

/* The row of a level; N_FEATURES: none of that name. */
static size_t find_level(nxc_str level) {
    size_t i = 0;
    while (i < N_FEATURES && !(features[i].is_level &&
                               nxc__str_ieq(level, nxc__str(features[i].name))))
        i++;
    return i;
}

nxc_status nxc__cpu_check_level(nxc_str level, nxc_error *err) {
    if (nxc__str_ieq(level, NXC_STR("auto")) ||
        nxc__str_ieq(level, NXC_STR("ref")) || find_level(level) < N_FEATURES)
        return NXC_OK;
    return nxc__error(err, NXC_ERR_INVALID,
                      "cpu: expected one of " NXC_CPU_LEVEL_NAMES ", got %.*s",
                      NXC_STR_ARG(level));
}

static nxc_status missing_level(size_t level, uint32_t detected,
                                nxc_error *err) {
    char has[128] = "auto, ref";
    for (size_t i = 0; i < N_FEATURES; i++) {
        size_t at = strlen(has);
        if (features[i].is_level && (detected & features[i].flag))
            snprintf(has + at, sizeof has - at, ", %s", features[i].name);
    }
    return nxc__error(err, NXC_ERR_UNSUPPORTED,
                      "cpu: expected one that this processor has (%s), got %s",
                      has, features[level].name);
}

nxc_status nxc__cpu_cap(nxc_str level, uint32_t detected, uint32_t *out,
                        nxc_error *err) {
    NXC_TRY(nxc__cpu_check_level(level, err));
    uint32_t keeps = 0;
    size_t row = find_level(level);
    if (row < N_FEATURES) {
        if (!(detected & features[row].flag))
            return missing_level(row, detected, err);
        for (size_t i = 0; i <= row; i++)
            keeps |= features[i].flag;
    } else if (nxc__str_ieq(level, NXC_STR("auto"))) {
        keeps = UINT32_MAX;
    }
    *out = detected & keeps;
    return NXC_OK;
}
