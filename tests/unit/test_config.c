/* Options: values, origins, files, and what is said of wrong ones. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"
#include "support/nxc_test.h"
#include "workflow/workflow.h"

static nxc_config *new_config(void) {
    nxc_config *cfg;
    nxc_error err;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    return cfg;
}
static nxc_status parse(nxc_config *cfg, const char *text, nxc_error *err) {
    return nxc_config_parse(cfg, NXC_STR("f.conf"), nxc__str(text), err);
}
static nxc_config_value value_of(const nxc_config *cfg, nxc__option o) {
    nxc_config_value v = {NULL, NULL};
    assert_true(nxc_config_get(cfg, o, &v));
    return v;
}

static void the_defaults_are_the_products(void **state) {
    (void)state;
    static const struct {
        nxc__option option;
        const char *text;
    } cases[] = {
        {NXC_OPT_cache_ttl_hours, "24"},
        {NXC_OPT_max_cache_size_mb, "500"},
        {NXC_OPT_enable_embedding_cache, "true"},
        {NXC_OPT_batch_size, "100"},
        {NXC_OPT_parallel_workers, "4"},
        {NXC_OPT_precompute_embeddings, "true"},
        {NXC_OPT_workflow_patterns,
         "browse_edit_save,browse_confirm_save,cold_start_create,"
         "cold_start_browse"},
        {NXC_OPT_pattern_confidence_threshold, "0.7"},
        {NXC_OPT_feature_cache_size, "10000"},
    };
    nxc_config *cfg = new_config();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(value_of(cfg, cases[i].option).text, cases[i].text);
        assert_string_equal(value_of(NULL, cases[i].option).text,
                            cases[i].text);
        assert_string_equal(value_of(cfg, cases[i].option).origin, "default");
    }
    assert_int_equal(nxc__config_int(cfg, NXC_OPT_parallel_workers), 4);
    assert_true(nxc__config_bool(NULL, NXC_OPT_precompute_embeddings));
    nxc_config_value v;
    assert_false(nxc_config_get(cfg, NXC_N_OPTIONS, &v));
    nxc_config_free(cfg);
}

static void every_default_is_in_its_range(void **state) {
    (void)state;
    nxc_config *cfg = new_config();
    nxc_config_option o;
    nxc_error err;
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        assert_ok(nxc_config_set(cfg, o.name, o.default_value, &err), err);
        assert_true(o.doc[0] != 0);
    }
    nxc_config_free(cfg);
}

static void patterns_have_the_bits_of_their_names(void **state) {
    (void)state;
    nxc_config *cfg = new_config();
    nxc_error err;
    assert_int_equal(nxc__config_list(cfg, NXC_OPT_workflow_patterns),
                     NXC_PATTERNS_ALL);
    for (size_t p = 1; p < NXC_N_PATTERNS; p++) {
        assert_ok(nxc_config_set(cfg, "workflow_patterns",
                                 nxc__pattern_name((nxc__pattern)p), &err),
                  err);
        assert_int_equal(nxc__config_list(cfg, NXC_OPT_workflow_patterns),
                         NXC_PATTERN_BIT(p));
    }
    assert_ok(nxc_config_set(cfg, "workflow_patterns", "", &err), err);
    assert_int_equal(nxc__config_list(cfg, NXC_OPT_workflow_patterns), 0);
    assert_ok(nxc_config_set(cfg, "WORKFLOW_PATTERNS",
                             " cold_start_browse , browse_edit_save", &err),
              err);
    assert_int_equal(nxc__config_list(cfg, NXC_OPT_workflow_patterns),
                     NXC_PATTERN_BIT(NXC_PATTERN_BROWSE_EDIT_SAVE) |
                         NXC_PATTERN_BIT(NXC_PATTERN_COLD_START_BROWSE));
    nxc_config_free(cfg);
}

static void wrong_values_are_told(void **state) {
    (void)state;
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"batchsize", "1",
         "option: expected a known name (nearest: batch_size), got batchsize"},
        {"batch_size", "0",
         "batch_size: expected an integer from 1 to 100000, got 0"},
        {"batch_size", "100001",
         "batch_size: expected an integer from 1 to 100000, got 100001"},
        {"batch_size", "1.5",
         "batch_size: expected an integer from 1 to 100000, got 1.5"},
        {"batch_size", "many",
         "batch_size: expected an integer from 1 to 100000, got many"},
        {"batch_size", "nan",
         "batch_size: expected an integer from 1 to 100000, got nan"},
        {"batch_size", "",
         "batch_size: expected an integer from 1 to 100000, got "},
        {"pattern_confidence_threshold", "1.01",
         "pattern_confidence_threshold: expected a number from 0 to 1, got "
         "1.01"},
        {"enable_embedding_cache", "maybe",
         "enable_embedding_cache: expected true or false, got maybe"},
        {"workflow_patterns", "browse_edit_save,browse_confrm_save",
         "workflow_patterns: expected a known name (nearest: "
         "browse_confirm_save), got \"browse_confrm_save\""},
        {"workflow_patterns", "browse_edit_save,",
         "workflow_patterns: expected a known name (nearest: "
         "browse_edit_save), got \"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_config *cfg = new_config();
        nxc_error err;
        assert_int_not_equal(
            nxc_config_set(cfg, cases[i].key, cases[i].value, &err), NXC_OK);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(value_of(cfg, NXC_OPT_batch_size).text, "100");
        nxc_config_free(cfg);
    }
}

static void texts_may_be_long(void **state) {
    (void)state;
    char text[NXC_CONFIG_TEXT_MAX + 2];
    nxc_config *cfg = new_config(), *copy;
    nxc_error err;
    memset(text, 'x', sizeof text);
    text[NXC_CONFIG_TEXT_MAX] = 0;
    assert_ok(nxc_config_set(cfg, "store", text, &err), err);
    assert_ok(nxc__config_copy(cfg, NULL, &copy, &err), err);
    text[NXC_CONFIG_TEXT_MAX] = 'x';
    text[NXC_CONFIG_TEXT_MAX + 1] = 0;
    assert_int_equal(nxc_config_set(cfg, "store", text, &err), NXC_ERR_INVALID);
    nxc_config_free(cfg);
    assert_int_equal(nxc__config_text(copy, NXC_OPT_store).len,
                     NXC_CONFIG_TEXT_MAX);
    assert_string_equal(value_of(copy, NXC_OPT_store).origin, "program");
    nxc_config_free(copy);
}

static const char good[] = "\xEF\xBB\xBF# a file\n"
                           "batch_size = 7 # seven\r\n"
                           "\n"
                           "\tCPU=\"a\\u0076x2\"\n"
                           "store='C:\\no escape # here'\n"
                           "cache_ttl_hours = 1.5e1\n"
                           "enable_embedding_cache=false#off\n"
                           "workflow_patterns = [ # two\n"
                           "  \"cold_start_browse\", # one\r\n"
                           "  'browse_edit_save',\n"
                           "]\n"
                           "max_history = +12";

static void a_file_sets_options(void **state) {
    (void)state;
    nxc_config *cfg = new_config();
    nxc_error err;
    assert_ok(parse(cfg, good, &err), err);
    assert_int_equal(nxc__config_int(cfg, NXC_OPT_batch_size), 7);
    assert_str(nxc__config_text(cfg, NXC_OPT_cpu), "avx2");
    assert_str(nxc__config_text(cfg, NXC_OPT_store), "C:\\no escape # here");
    assert_true(nxc__config_real(cfg, NXC_OPT_cache_ttl_hours) == 15);
    assert_false(nxc__config_bool(cfg, NXC_OPT_enable_embedding_cache));
    assert_int_equal(nxc__config_list(cfg, NXC_OPT_workflow_patterns), 9);
    assert_int_equal(nxc__config_int(cfg, NXC_OPT_max_history), 12);
    assert_string_equal(value_of(cfg, NXC_OPT_batch_size).origin, "f.conf:2");
    assert_string_equal(value_of(cfg, NXC_OPT_workflow_patterns).origin,
                        "f.conf:8");
    assert_string_equal(value_of(cfg, NXC_OPT_max_history).origin, "f.conf:12");
    assert_ok(nxc_config_set_from(cfg, "batch_size", "9", "--batch-size", &err),
              err);
    assert_string_equal(value_of(cfg, NXC_OPT_batch_size).text, "9");
    assert_string_equal(value_of(cfg, NXC_OPT_batch_size).origin,
                        "--batch-size");
    nxc_config_free(cfg);
}

static void a_wrong_file_sets_nothing(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"batch_size = 3\nbatch_sise = 4\n",
         "f.conf:2: option: expected a known name (nearest: batch_size), got "
         "batch_sise"},
        {"batch_size = 3\nBATCH_SIZE = 4\n",
         "f.conf:2: expected each key once, got BATCH_SIZE again (line 1 has "
         "it)"},
        {"batch_size = 0\n", "f.conf:1: batch_size: expected an integer from 1 "
                             "to 100000, got 0"},
        {"batch_size = \"3\"\n", "f.conf:1: batch_size: expected an integer "
                                 "from 1 to 100000, got \"3\""},
        {"batch_size = inf\n", "f.conf:1: batch_size: expected an integer from "
                               "1 to 100000, got inf"},
        {"batch_size =\n", "f.conf:1: batch_size: expected an integer from 1 "
                           "to 100000, got the end of the line"},
        {"batch_size 3\n", "f.conf:1: expected = after a key, got 3"},
        {"batch_size = 3 4\n",
         "f.conf:1: expected a comment or the end of the line, got 4"},
        {"\n[cache]\n", "f.conf:2: expected key = value (there are no "
                        "tables), got [cache]"},
        {"= 3\n", "f.conf:1: expected a key, got ="},
        {"cpu = avx2\n", "f.conf:1: expected a text in quotes, got avx2"},
        {"cpu = \"avx2\n", "f.conf:1: expected \" at the end of a text, got "
                           "the end of the line"},
        {"cpu = \"a\\x\"\n", "f.conf:1: expected an escape of TOML (\\\\ for a "
                             "backslash), got another"},
        {"cpu = \"\\uD800\"\n", "f.conf:1: expected an escape of TOML (\\\\ "
                                "for a backslash), got another"},
        {"cpu = \"\\u0000\"\n", "f.conf:1: expected an escape of TOML (\\\\ "
                                "for a backslash), got another"},
        {"cpu = \"a\x01\"\n", "f.conf:1: expected \" at the end of a text, "
                              "got a control character"},
        {"enable_embedding_cache = yes\n",
         "f.conf:1: enable_embedding_cache: expected true or false, got yes"},
        {"workflow_patterns = \"browse_edit_save\"\n",
         "f.conf:1: expected a list of texts in brackets, got "
         "\"browse_edit_save\""},
        {"workflow_patterns = [\n\"browse_edit_save\"\n\"x\"]\n",
         "f.conf:3: expected a comma or ], got \"x\"]"},
        {"workflow_patterns = [\"\"]\n", "f.conf:1: expected a name, got \"\""},
        {"workflow_patterns = [\"a,b\"]\n",
         "f.conf:1: expected a name, got \"a,b\""},
        {"workflow_patterns = [",
         "f.conf:1: expected a text in quotes, got the end of the line"},
        {"workflow_patterns = [\"browse\"]\n",
         "f.conf:1: workflow_patterns: expected a known name (nearest: "
         "browse_edit_save), got \"browse\""},
        {"# \n# \xff\n", "f.conf:2: expected UTF-8, got byte 0xff"},
        {"max_history = 1\rmax_candidates = 2\n",
         "f.conf:1: expected a comment or the end of the line, got the end of "
         "the line"},
    };
    nxc_config *cfg = new_config();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_error err;
        assert_int_not_equal(parse(cfg, cases[i].text, &err), NXC_OK);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(value_of(cfg, NXC_OPT_batch_size).origin,
                            "default");
    }
    nxc_config_free(cfg);
}

/* Each beginning of a file, and each single bit of it turned, in a block of its
 * exact size: no read beyond it, and all or nothing is set. */
static void damaged_files_are_read_within_bounds(void **state) {
    (void)state;
    const nxc_allocator *a = &nxc__allocator_default;
    size_t n = sizeof good - 1;
    for (size_t i = 0; i < n * 9; i++) {
        size_t len = i < n ? i : n;
        char *block = nxc__alloc(a, len);
        nxc_config *cfg = new_config();
        nxc_error err;
        assert_non_null(block);
        if (len) memcpy(block, good, len);
        if (i >= n) block[(i - n) / 8] ^= (char)(1 << ((i - n) % 8));
        nxc_status st =
            nxc_config_parse(cfg, NXC_STR("f"), (nxc_str){block, len}, &err);
        if (st != NXC_OK)
            for (size_t o = 0; o < NXC_N_OPTIONS; o++)
                assert_string_equal(value_of(cfg, (nxc__option)o).origin,
                                    "default");
        nxc_config_free(cfg);
        nxc__free(a, block, len);
    }
}

static void files_are_loaded_by_path(void **state) {
    (void)state;
    char path[] = NXC_BINARY_DIR "/config-XXXXXX", origin[512];
    nxc_config *cfg = new_config();
    nxc_error err;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "batch_size = 5\n", 15), 15);
    assert_ok(nxc_config_load(cfg, path, &err), err);
    snprintf(origin, sizeof origin, "%s:1", path);
    assert_string_equal(value_of(cfg, NXC_OPT_batch_size).origin, origin);
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    assert_int_equal(nxc_config_load(cfg, path, &err), NXC_ERR_LIMIT);
    close(fd);
    unlink(path);
    assert_int_equal(nxc_config_load(cfg, path, &err), NXC_ERR_IO);
    assert_int_equal(nxc_config_load(cfg, NULL, &err), NXC_ERR_INVALID);
    nxc_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_products),
        cmocka_unit_test(every_default_is_in_its_range),
        cmocka_unit_test(patterns_have_the_bits_of_their_names),
        cmocka_unit_test(wrong_values_are_told),
        cmocka_unit_test(texts_may_be_long),
        cmocka_unit_test(a_file_sets_options),
        cmocka_unit_test(a_wrong_file_sets_nothing),
        cmocka_unit_test(damaged_files_are_read_within_bounds),
        cmocka_unit_test(files_are_loaded_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
