/* The names of instruction sets: one table, and what each leaves on. */
#include "base/config.h"
#include "base/cpu.h"
#include "base/error.h"
#include "support/nxc_test.h"

#define X86_ALL                                                              \
    (NXC_CPU_AVX2 | NXC_CPU_AVXVNNI | NXC_CPU_AVX512 | NXC_CPU_AVX512_VNNI | \
     NXC_CPU_AVX512_BF16 | NXC_CPU_AVX512_VBMI | NXC_CPU_AMX_INT8)
#define ARM_ALL (NXC_CPU_NEON | NXC_CPU_DOTPROD | NXC_CPU_I8MM)

static void a_level_keeps_those_before_it(void **state) {
    (void)state;
    static const struct {
        const char *level;
        uint32_t detected, left;
    } rows[] = {
        {"auto", X86_ALL, X86_ALL},
        {"auto", 0, 0},
        {"ref", X86_ALL, 0},
        {"ref", ARM_ALL, 0},
        {"avx2", X86_ALL, NXC_CPU_AVX2},
        {"avxvnni", X86_ALL, NXC_CPU_AVX2 | NXC_CPU_AVXVNNI},
        {"avx512", X86_ALL, NXC_CPU_AVX2 | NXC_CPU_AVXVNNI | NXC_CPU_AVX512},
        {"AVX512", NXC_CPU_AVX2 | NXC_CPU_AVX512 | NXC_CPU_AVX512_VNNI,
         NXC_CPU_AVX2 | NXC_CPU_AVX512},
        {"avx512vnni", X86_ALL,
         NXC_CPU_AVX2 | NXC_CPU_AVXVNNI | NXC_CPU_AVX512 | NXC_CPU_AVX512_VNNI},
        {"amx", X86_ALL, X86_ALL},
        {"neon", ARM_ALL, NXC_CPU_NEON},
        {"dotprod", ARM_ALL, NXC_CPU_NEON | NXC_CPU_DOTPROD},
        {"i8mm", ARM_ALL, ARM_ALL},
    };
    nxc_error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t left = 12345;
        assert_ok(nxc__cpu_cap(nxc__str(rows[i].level), rows[i].detected, &left,
                               &err),
                  err);
        assert_int_equal(left, rows[i].left);
    }
}

static void refuses_other_levels(void **state) {
    (void)state;
    nxc_error err;
    uint32_t left = 7;
    assert_int_equal(nxc__cpu_cap(NXC_STR("avx512vbmi"), X86_ALL, &left, &err),
                     NXC_ERR_INVALID);
    assert_string_equal(err.message, "cpu: expected one of " NXC_CPU_LEVEL_NAMES
                                     ", got avx512vbmi");
    assert_int_equal(nxc__cpu_cap(NXC_STR(""), X86_ALL, &left, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc__cpu_cap(NXC_STR("avx512"),
                                  NXC_CPU_AVX2 | NXC_CPU_AVXVNNI, &left, &err),
                     NXC_ERR_UNSUPPORTED);
    assert_string_equal(err.message,
                        "cpu: expected one that this processor has (auto, ref, "
                        "avx2, avxvnni), got avx512");
    assert_int_equal(left, 7);
}

/* The option refuses what is no level when it is set, and its help names all
 * that are. */
static void the_option_knows_the_levels(void **state) {
    (void)state;
    nxc_config *cfg;
    nxc_error err;
    nxc_config_option o = {0};
    char names[256] = "auto, ref";
    const char *name;
    uint32_t flag;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    for (size_t i = 0; nxc__cpu_feature(i, &name, &flag); i++) {
        bool is_level = nxc__cpu_check_level(nxc__str(name), NULL) == NXC_OK;
        assert_int_equal(nxc_config_set(cfg, "cpu", name, &err),
                         is_level ? NXC_OK : NXC_ERR_INVALID);
        if (!is_level) continue;
        strncat(names, ", ", 3);
        strncat(names, name, 20);
    }
    assert_string_equal(names, NXC_CPU_LEVEL_NAMES);
    assert_int_equal(nxc_config_set(cfg, "cpu", "pentium", &err),
                     NXC_ERR_INVALID);
    nxc_config_free(cfg);
    for (size_t i = 0; nxc_config_describe(i, &o); i++)
        if (strcmp(o.name, "cpu") == 0) break;
    assert_non_null(strstr(o.doc, names));
}

/* Where there are no tiles the system says no; nothing else happens. */
static void asks_for_tiles(void **state) {
    (void)state;
    bool first = nxc__cpu_permit_amx();
    assert_int_equal(nxc__cpu_permit_amx(), first);
    if (!(nxc__cpu_detect() & NXC_CPU_AMX_INT8)) assert_false(first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_keeps_those_before_it),
        cmocka_unit_test(refuses_other_levels),
        cmocka_unit_test(the_option_knows_the_levels),
        cmocka_unit_test(asks_for_tiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
