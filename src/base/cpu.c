#include "base/cpu.h"

#include <string.h>

#include "base/error.h"
#include "base/str.h"

#if defined(__x86_64__)
#include <cpuid.h>

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

#else
uint32_t nxc__cpu_detect(void) { return 0; }
const char *nxc__cpu_model(void) { return "unknown"; }
#endif

/* Each level with what it needs and what it leaves on. */
static const struct {
    const char *name;
    uint32_t needs, keeps;
} levels[] = {
    {"auto", 0, UINT32_MAX},
    {"ref", 0, 0},
    {"avx2", NXC_CPU_AVX2, NXC_CPU_AVX2},
    {"avxvnni", NXC_CPU_AVXVNNI, NXC_CPU_AVX2 | NXC_CPU_AVXVNNI},
    {"avx512", NXC_CPU_AVX512,
     NXC_CPU_AVX2 | NXC_CPU_AVXVNNI | NXC_CPU_AVX512 | NXC_CPU_AVX512_VNNI |
         NXC_CPU_AVX512_BF16 | NXC_CPU_AVX512_VBMI},
    {"amx", NXC_CPU_AMX_INT8, UINT32_MAX},
    {"neon", NXC_CPU_NEON, NXC_CPU_NEON | NXC_CPU_DOTPROD | NXC_CPU_I8MM},
};

nxc_status nxc__cpu_cap(nxc_str level, uint32_t detected, uint32_t *out,
                        nxc_error *err) {
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (!nxc__str_ieq(level, nxc__str(levels[i].name))) continue;
        if ((detected & levels[i].needs) != levels[i].needs)
            return nxc__error(
                err, NXC_ERR_UNSUPPORTED,
                "cpu: expected a level that this machine has, got "
                "%s",
                levels[i].name);
        *out = detected & levels[i].keeps;
        return NXC_OK;
    }
    return nxc__error(err, NXC_ERR_INVALID,
                      "cpu: expected auto, ref, avx2, avxvnni, avx512, amx or "
                      "neon, got %.*s",
                      NXC_STR_ARG(level));
}
