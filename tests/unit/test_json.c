#include "base/json.h"
#include "support/nxc_test.h"

static const char doc_text[] = "{\n"
                               "  \"a\": [1, \"x,{\\\"\", {\"b\": null}],\n"
                               "  \"c d\":\n"
                               "    {\"e\": 2.5, \"e\": true}\n"
                               "}\n";

static void reads_values_in_text_order(void **state) {
    (void)state;
    nxc__json_doc *doc;
    nxc_error err;
    assert_ok(nxc__json_parse(NXC_STR("t.json"), nxc__str(doc_text), NULL, NULL,
                              &doc, &err),
              err);
    const nxc__json *root = nxc__json_root(doc);
    const nxc__json *a = NXC_JSON_GET(root, "a");
    assert_int_equal(nxc__json_size(a), 3);
    size_t n = 0;
    for (nxc__json_iter it = nxc__json_each(a); nxc__json_next(&it); n++)
        assert_int_equal(it.index, n);
    assert_int_equal(n, 3);
    const nxc__json *c = NXC_JSON_GET(root, "c d");
    assert_true(nxc__json_bool(NXC_JSON_GET(c, "e"))); /* the last one wins */
    assert_null(NXC_JSON_GET(a, "a"));
    assert_null(NXC_JSON_GET(NULL, "a"));
    nxc__json_free(doc);
}

static void errors_name_line_and_path(void **state) {
    (void)state;
    nxc__json_doc *doc;
    nxc_error err;
    assert_ok(nxc__json_parse(NXC_STR("t.json"), nxc__str(doc_text), NULL, NULL,
                              &doc, &err),
              err);
    nxc__json_path root = {NULL, {NULL, 0}, 0}, c = {&root, NXC_STR("c d"), 0},
                   e = {&c, NXC_STR("e"), 0}, a = {&root, NXC_STR("a"), 0},
                   a2 = {&a, {NULL, 0}, 2}, b = {&a2, NXC_STR("b"), 0};
    const nxc__json *v =
        NXC_JSON_GET(NXC_JSON_GET(nxc__json_root(doc), "c d"), "e");
    nxc__json_error_type(doc, &e, &err, "a string", v);
    assert_string_equal(
        err.message,
        "t.json:4: $[\"c d\"].e: expected a string, got a boolean");
    nxc__json_error(doc, &b, &err, NXC_ERR_INVALID, "no");
    assert_string_equal(err.message, "t.json:2: $.a[2].b: no");
    nxc__json_free(doc);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    nxc_error err;
    size_t len = strlen(doc_text) - 2; /* without the last brace and newline */
    for (size_t n = 0; n <= len; n++) {
        char *copy =
            test_malloc(n + 1); /* exact size: ASan sees an over-read */
        memcpy(copy, doc_text, n);
        nxc__json_doc *doc;
        assert_int_equal(nxc__json_parse(NXC_STR("t"), (nxc_str){copy, n}, NULL,
                                         NULL, &doc, &err),
                         NXC_ERR_PARSE);
        test_free(copy);
    }
}

static void depth_is_limited(void **state) {
    (void)state;
    enum { DEEP = 10000 };
    static char text[DEEP + DEEP];
    nxc__json_doc *doc;
    nxc_error err;
    for (size_t depth = 63; depth <= 65; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        nxc_status st = nxc__json_parse(
            NXC_STR("t"), (nxc_str){text, 2 * depth}, NULL, NULL, &doc, &err);
        assert_int_equal(st, depth <= 64 ? NXC_OK : NXC_ERR_LIMIT);
        if (st == NXC_OK) nxc__json_free(doc);
    }
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    assert_int_equal(nxc__json_parse(NXC_STR("t"), (nxc_str){text, sizeof text},
                                     NULL, NULL, &doc, &err),
                     NXC_ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_in_text_order),
        cmocka_unit_test(errors_name_line_and_path),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(depth_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
