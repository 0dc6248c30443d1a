/* The risk label: a table of real operations labelled by hand, and the rules
 * about what a document says itself. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "catalog/catalog.h"
#include "support/nxc_test.h"

/* The label that the table gives; *is_known_miss: it is marked with "!". */
static nxc_str field(nxc_str *line) {
    size_t end = nxc__str_find(*line, '\t', 0);
    nxc_str f = nxc__str_slice(*line, 0, end);
    *line = end < line->len ? nxc__str_slice(*line, end + 1, line->len)
                            : (nxc_str){"", 0};
    return f;
}

static nxc_method method_of(nxc_str name) {
    if (!name.len) return NXC_METHOD_NONE;
    for (int m = NXC_METHOD_GET; m <= NXC_METHOD_TRACE; m++)
        if (nxc__str_eq(name, nxc__str(nxc_method_name((nxc_method)m))))
            return (nxc_method)m;
    return NXC_METHOD_OTHER;
}

static void test_labelled_operations(void **state) {
    (void)state;
    nxc_str bytes;
    nxc_error err;
    assert_ok(nxc__file_read(NXC_SOURCE_DIR "/tests/data/risk_operations.tsv",
                             1 << 20, &nxc__allocator_default, &bytes, &err),
              err);
    size_t n = 0, n_wrong = 0, n_missed = 0, n_lower = 0;
    for (size_t i = 0; i < bytes.len;) {
        size_t end = nxc__str_find(bytes, '\n', i);
        nxc_str line = nxc__str_slice(bytes, i, end), rest = line;
        i = end + 1;
        if (!line.len || line.ptr[0] == '#') continue;
        nxc__risk_input in = {.method = method_of(field(&rest))};
        in.path = field(&rest);
        in.name = field(&rest);
        in.about = field(&rest);
        bool is_known = rest.len && rest.ptr[0] == '!';
        uint32_t want;
        assert_ok(nxc_risk_parse(nxc__str_slice(rest, is_known, rest.len),
                                 &want, &err),
                  err);
        nxc_risk got = nxc__risk_of(&in);
        bool is_right = want == NXC_RISK_BIT(got);
        if (is_right == is_known) {
            print_error("%.*s: got %s\n", (int)line.len, line.ptr,
                        nxc_risk_name(got));
            n_wrong++;
        }
        n++;
        n_missed += !is_right;
        n_lower += NXC_RISK_BIT(got) < want;
    }
    print_message("%zu operations, %zu missed, %zu of them too low\n", n,
                  n_missed, n_lower);
    assert_int_equal(n_wrong, 0);
    assert_true(n >= 250);
    assert_true(n_missed * 20 < n);
    nxc__free_str(&nxc__allocator_default, bytes);
}

static void test_what_a_document_says(void **state) {
    (void)state;
    const nxc__hint yes = NXC_HINT_TRUE, no = NXC_HINT_FALSE;
    const struct {
        const char *name;
        nxc__risk_hints hints;
        nxc_risk want;
    } cases[] = {
        {"run_report", {yes, 0, 0, 0}, NXC_RISK_READ},
        {"delete_report", {yes, 0, 0, 0}, NXC_RISK_DESTRUCTIVE}, /* kept */
        {"pay_report", {yes, 0, 0, 0}, NXC_RISK_MONEY},
        {"get_report", {no, 0, 0, 0}, NXC_RISK_WRITE},
        {"run_report", {no, yes, 0, 0}, NXC_RISK_DESTRUCTIVE},
        {"get_report", {0, yes, 0, 0}, NXC_RISK_DESTRUCTIVE},
        {"delete_report", {no, no, 0, 0}, NXC_RISK_DESTRUCTIVE},
        {"pay_report", {no, yes, 0, 0}, NXC_RISK_MONEY},
        {"get_report", {yes, yes, 0, 0}, NXC_RISK_READ}, /* as MCP says */
        {"get_report", {0, 0, yes, 0}, NXC_RISK_WRITE},
        {"run_report", {0, 0, no, 0}, NXC_RISK_WRITE},
        {"delete_report", {0, 0, 0, NXC_RISK_READ + 1}, NXC_RISK_READ},
        {"get_report", {0, yes, 0, NXC_RISK_MONEY + 1}, NXC_RISK_MONEY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc__risk_input in = {.name = nxc__str(cases[i].name),
                              .hints = cases[i].hints};
        nxc_risk got = nxc__risk_of(&in);
        if (got != cases[i].want)
            fail_msg("%s (%zu): expected %s, got %s", cases[i].name, i,
                     nxc_risk_name(cases[i].want), nxc_risk_name(got));
    }
}

static nxc_risk risk_in(const char *document, const char *key) {
    nxc_catalog *c;
    nxc_operation op;
    nxc_error err;
    assert_ok(nxc_catalog_import(NXC_STR("t"), nxc__str(document), NULL, NULL,
                                 NULL, &c, NULL, &err),
              err);
    assert_true(
        nxc_catalog_get_operation(c, nxc_catalog_find(c, nxc__str(key)), &op));
    nxc_risk risk = op.risk;
    nxc_catalog_free(c);
    return risk;
}

static void test_documents(void **state) {
    (void)state;
    const struct {
        const char *document, *key;
        nxc_risk want;
    } cases[] = {
        {"{\"tools\":[{\"name\":\"peek\",\"inputSchema\":{},\"annotations\":"
         "{\"readOnlyHint\":true}}]}",
         "peek", NXC_RISK_READ},
        {"{\"tools\":[{\"name\":\"get_x\",\"inputSchema\":{},\"annotations\":"
         "{\"readOnlyHint\":false,\"destructiveHint\":true}}]}",
         "get_x", NXC_RISK_DESTRUCTIVE},
        {"[{\"type\":\"function\",\"function\":{\"name\":\"run\","
         "\"x-nextcall-risk\":\"money\"}}]",
         "run", NXC_RISK_MONEY},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{"
         "\"x-openai-isConsequential\":true}}}}",
         "GET /a", NXC_RISK_WRITE},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"post\":{"
         "\"x-mcp\":{\"annotations\":{\"readOnlyHint\":true}}}}}}",
         "POST /a", NXC_RISK_READ},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"post\":{"
         "\"x-speakeasy-mcp\":{\"destructiveHint\":true}}}}}",
         "POST /a", NXC_RISK_DESTRUCTIVE},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"delete\":{"
         "\"x-nextcall-risk\":\"Write\"}}}}",
         "DELETE /a", NXC_RISK_WRITE},
        {"{\"id\":\"a\",\"method\":\"GET\",\"path\":\"/a\",\"risk\":"
         "\"destructive\"}\n",
         "a", NXC_RISK_DESTRUCTIVE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_risk got = risk_in(cases[i].document, cases[i].key);
        if (got != cases[i].want)
            fail_msg("%s: expected %s, got %s", cases[i].document,
                     nxc_risk_name(cases[i].want), nxc_risk_name(got));
    }
}

static void test_bad_labels(void **state) {
    (void)state;
    nxc_error err;
    nxc_catalog *c = NULL;
    uint32_t set = 77;
    assert_int_equal(nxc_risk_parse(NXC_STR("read, wirte"), &set, &err),
                     NXC_ERR_INVALID);
    assert_str(nxc__str(err.message),
               "risk: expected read, write, destructive or money (nearest: "
               "write), got \"wirte\"");
    assert_int_equal(set, 77);
    assert_int_equal(nxc_risk_parse(NXC_STR("read,"), &set, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc_risk_parse(NXC_STR(""), &set, &err), NXC_ERR_INVALID);
    assert_ok(nxc_risk_parse(NXC_STR(" MONEY ,read"), &set, &err), err);
    assert_int_equal(set, NXC_RISK_BIT(NXC_RISK_MONEY) |
                              NXC_RISK_BIT(NXC_RISK_READ));
    assert_string_equal(nxc_risk_name((nxc_risk)4), "");
    const char *const documents[] = {
        "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{"
        "\"x-nextcall-risk\":\"mony\"}}}}",
        "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{"
        "\"x-nextcall-risk\":3}}}}",
        "{\"id\":\"a\",\"risk\":\"mony\"}\n",
        "{\"tools\":[{\"name\":\"a\",\"x-nextcall-risk\":\"mony\"}]}"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(nxc_catalog_import(NXC_STR("t"),
                                            nxc__str(documents[i]), NULL, NULL,
                                            NULL, &c, NULL, &err),
                         NXC_ERR_INVALID);
        assert_non_null(strstr(err.message, i == 1 ? "got \"\"" : "money"));
    }
}

static void test_rules_are_sorted(void **state) {
    (void)state;
    static const char *const words[] = {
#define NXC_RISK_RULE(word, places, methods, label) #word,
#include "catalog/risk_rules.def"
#undef NXC_RISK_RULE
    };
    for (size_t i = 1; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i - 1], words[i]) > 0)
            fail_msg("expected %s before %s", words[i], words[i - 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labelled_operations),
        cmocka_unit_test(test_what_a_document_says),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_bad_labels),
        cmocka_unit_test(test_rules_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
