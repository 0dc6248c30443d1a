/*
 * What the processor allows: the floors of bench/encoder.py.
 *
 *     bench_floor BYTES...
 *
 * One JSON line: the peak of the multiply-add instructions in 1e9 multiply-adds
 * a second, and the speed of reading so many bytes again and again (from the
 * cache that holds them) and of reading more than any cache holds, in GB/s.
 * One thread; the best of several short runs, since a floor is a best case.
 *
 * The instructions work on registers alone, in twelve independent sums, and are
 * emitted by name: nothing here is compiled for a level of its own, and a level
 * that the machine lacks is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/number.h"
#include "base/str.h"

#define N_SUMS 12
#define DRAM_BYTES ((size_t)512 << 20)
#define TRIES 12

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#if defined(__x86_64__)

#define SUM(op, r, n) op " %%" r "15, %%" r "14, %%" r #n "\n\t"
#define SUMS(op, r) \
    SUM(op, r, 0)   \
    SUM(op, r, 1)   \
    SUM(op, r, 2)   \
    SUM(op, r, 3)   \
    SUM(op, r, 4)   \
    SUM(op, r, 5)   \
    SUM(op, r, 6)   \
    SUM(op, r, 7) SUM(op, r, 8) SUM(op, r, 9) SUM(op, r, 10) SUM(op, r, 11)
#define REGISTERS                                                           \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
        "xmm9", "xmm10", "xmm11", "xmm14", "xmm15", "cc"
#define PEAK(name, op, r)                                                      \
    static void name(long n) {                                                 \
        __asm__ volatile("vzeroall\n1:\n\t" SUMS(op, r) SUMS(op, r)            \
                             SUMS(op, r) SUMS(op, r) "sub $4, %0\n\tjg 1b\n\t" \
                                                     "vzeroupper\n\t"          \
                         : "+r"(n)                                             \
                         :                                                     \
                         : REGISTERS);                                         \
    }
PEAK(fma_zmm, "vfmadd231ps", "zmm")
PEAK(fma_ymm, "vfmadd231ps", "ymm")
PEAK(bf16_zmm, "vdpbf16ps", "zmm")
PEAK(dot_zmm, "vpdpbusd", "zmm")
PEAK(dot_ymm, "%{vex%} vpdpbusd", "ymm")
PEAK(madd_ymm, "vpmaddwd", "ymm")

/* Tiles of 16 x 64 bytes: 16384 multiply-adds. Refused by some systems. */
static void amx(long n) {
    static const uint8_t shapes[64] __attribute__((aligned(64))) = {
        [0] = 1,   [16] = 64, [18] = 64, [20] = 64, [22] = 64, [24] = 64,
        [26] = 64, [28] = 64, [30] = 64, [48] = 16, [49] = 16, [50] = 16,
        [51] = 16, [52] = 16, [53] = 16, [54] = 16, [55] = 16};
    __asm__ volatile(
        "ldtilecfg %1\n\ttilezero %%tmm0\n\ttilezero %%tmm1\n\t"
        "tilezero %%tmm2\n\ttilezero %%tmm3\n\ttilezero %%tmm4\n\t"
        "tilezero %%tmm5\n1:\n\t"
        "tdpbusd %%tmm5, %%tmm4, %%tmm0\n\ttdpbusd %%tmm5, %%tmm4, %%tmm1\n\t"
        "tdpbusd %%tmm5, %%tmm4, %%tmm2\n\ttdpbusd %%tmm5, %%tmm4, %%tmm3\n\t"
        "sub $1, %0\n\tjg 1b\n\ttilerelease\n\t"
        : "+r"(n)
        : "m"(shapes)
        : "cc");
}
static const struct peak {
    const char *name;
    uint32_t needs;
    double width; /* multiply-adds an instruction */
    void (*run)(long n);
} peaks[] = {
    {"fma zmm", NXC_CPU_AVX512, 16, fma_zmm},
    {"fma ymm", NXC_CPU_AVX2, 8, fma_ymm},
    {"vdpbf16ps zmm", NXC_CPU_AVX512_BF16, 32, bf16_zmm},
    {"vpdpbusd zmm", NXC_CPU_AVX512_VNNI, 64, dot_zmm},
    {"vpdpbusd ymm", NXC_CPU_AVXVNNI, 32, dot_ymm},
    {"vpmaddwd ymm", NXC_CPU_AVX2, 16, madd_ymm},
    {"amx", NXC_CPU_AMX_INT8, 16384.0 / 3, amx}}; /* 4, not 12, a step */

static void print_peaks(void) {
    const long n = 20000;
    const char *comma = "";
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++) {
        if (!(nxc__cpu_detect() & peaks[i].needs)) continue;
        if (peaks[i].run == amx && !nxc__cpu_permit_amx()) continue;
        double best = 1e300;
        for (int r = 0; r < 10 * TRIES; r++) {
            double t = now_s();
            peaks[i].run(n);
            t = now_s() - t;
            if (t < best) best = t;
        }
        printf("%s\"%s\":%.1f", comma, peaks[i].name,
               (double)n * N_SUMS * peaks[i].width / best * 1e-9);
        comma = ",";
    }
}

#define LOAD(at, r, n) "vmovups " at "(%0), %%" r #n "\n\t"
#define READ(name, r, a, b, c, d, step, ahead)                                \
    static void name(const uint8_t *p, size_t n) {                            \
        const uint8_t *end = p + n / (step) * (step);                         \
        __asm__ volatile("1:\n\t" ahead LOAD(a, r, 0) LOAD(b, r, 1)           \
                             LOAD(c, r, 2) LOAD(d, r, 3) "add $" #step        \
                                                         ", %0\n\tcmp %1, %0" \
                                                         "\n\tjb 1b\n\t"      \
                                                         "vzeroupper\n\t"     \
                         : "+r"(p)                                            \
                         : "r"(end)                                           \
                         : "memory", REGISTERS);                              \
    }
#define AHEAD(n) "prefetcht0 " #n "(%0)\n\t"
READ(read_zmm, "zmm", "0", "64", "128", "192", 256, "")
READ(read_zmm_ahead, "zmm", "0", "64", "128", "192", 256,
     AHEAD(6144) AHEAD(6208) AHEAD(6272) AHEAD(6336))
READ(read_ymm, "ymm", "0", "32", "64", "96", 128, "")
READ(read_ymm_ahead, "ymm", "0", "32", "64", "96", 128, AHEAD(6144) AHEAD(6208))

static void read_once(const uint8_t *p, size_t n, int way) {
    bool wide = nxc__cpu_detect() & NXC_CPU_AVX512;
    if (way)
        (wide ? read_zmm_ahead : read_ymm_ahead)(p, n);
    else
        (wide ? read_zmm : read_ymm)(p, n);
}

#else

static void print_peaks(void) {}
static void read_once(const uint8_t *p, size_t n, int way) {
    static volatile uint64_t sum;
    uint64_t word, s = 0;
    (void)way;
    for (size_t i = 0; i + 8 <= n; i += 8) {
        memcpy(&word, p + i, 8);
        s ^= word;
    }
    sum = s;
}

#endif

static double read_gbs(const uint8_t *p, size_t n) {
    double best = 1e300;
    for (int r = 0; r < 2 * TRIES; r++) {
        double t = now_s();
        read_once(p, n, r & 1);
        t = now_s() - t;
        if (r > 1 && t < best) best = t;
    }
    return (double)n / best * 1e-9;
}

int main(int argc, char **argv) {
    uint8_t *bytes = malloc(DRAM_BYTES);
    if (!bytes) return 1;
    memset(bytes, 1, DRAM_BYTES);
    printf("{\"peak\":{");
    print_peaks();
    printf("},\"read\":{");
    for (int i = 1; i < argc; i++) {
        int64_t n;
        if (!nxc__parse_int(nxc__str(argv[i]), 4096, (int64_t)DRAM_BYTES, &n)) {
            fprintf(stderr, "bench_floor: expected bytes, got %s\n", argv[i]);
            return 2;
        }
        printf("\"%s\":%.1f,", argv[i], read_gbs(bytes, (size_t)n));
    }
    printf("\"memory\":%.1f}}\n", read_gbs(bytes, DRAM_BYTES));
    free(bytes);
    return 0;
}
