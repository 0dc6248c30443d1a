/* JSONL catalogs: one operation a line. */
#include "support/catalog_test.h"

static const char shop[] =
    "{\"catalog\":\"shop\",\"operationId\":\"getOrder\",\"summary\":\"Get an "
    "order\",\"description\":\"d\",\"tags\":\"Orders\",\"parameters\":"
    "[\"id\",\"expand\"],\"id\":\"GET /orders/{id}\",\"method\":\"GET\","
    "\"path\":\"/orders/{id}\",\"text\":\"ignored\",\"required\":[\"id\"],"
    "\"body\":[],\"body_required\":[],\"body_schema\":\"\",\"returns\":"
    "[\"id\",\"total\"],\"returns_schema\":\"Order\"}\n"
    "\r\n"
    "{\"catalog\":\"tools\",\"operationId\":\"Buses.FindBus\",\"id\":"
    "\"Buses.FindBus\",\"method\":null,\"path\":null,\"summary\":\"\","
    "\"description\":\"Find a bus\",\"parameters\":[]}\n"
    "{\"catalog\":\"shop\",\"operationId\":null,\"method\":\"post\",\"path\":"
    "\"/orders\",\"tags\":[\"a\",\"b\"],\"body\":[\"sku\",\"n\"],"
    "\"body_required\":[\"sku\"],\"parameters\":[{\"name\":\"dry\",\"in\":"
    "\"query\",\"type\":\"boolean\",\"required\":true}]}";

static void test_lines(void **state) {
    (void)state;
    nxc_import_info info;
    nxc_operation op;
    nxc_catalog *c = import_ok(shop, NULL, &info);
    assert_string_equal(info.format, "jsonl");
    assert_int_equal(info.n_operations, 3);
    assert_true(nxc_catalog_get_operation(c, 0, &op));
    assert_str(op.id, "GET /orders/{id}");
    assert_int_equal(op.method, NXC_METHOD_GET);
    assert_str(op.tags, "Orders");
    assert_str(op.text, "retrieve order Get an order");
    assert_str(op.returns_schema, "Order");
    assert_fields(c, 0, NXC_FIELD_PARAMETER, "id::! expand::");
    assert_fields(c, 0, NXC_FIELD_RETURNS, "id:: total::");
    assert_true(nxc_catalog_get_operation(c, 1, &op));
    assert_str(op.id, "Buses.FindBus");
    assert_int_equal(op.method, NXC_METHOD_NONE);
    assert_str(op.text, "buses find bus Find a bus");
    assert_true(nxc_catalog_get_operation(c, 2, &op));
    assert_str(op.id, "POST /orders");
    assert_str(op.tags, "a,b");
    assert_fields(c, 2, NXC_FIELD_BODY, "sku::! n::");
    assert_fields(c, 2, NXC_FIELD_PARAMETER, "dry:query:boolean!");
    assert_int_equal(nxc_catalog_find(c, NXC_STR("GET /orders/7")), 0);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("getOrder")), 0);
    nxc_catalog_free(c);
}

static void test_filter(void **state) {
    (void)state;
    nxc_error err;
    nxc_catalog *c = import_ok(shop, "shop", NULL);
    assert_int_equal(nxc_catalog_n_operations(c), 2);
    nxc_catalog_free(c);
    c = import_ok(shop, "tools", NULL);
    assert_int_equal(nxc_catalog_n_operations(c), 1);
    nxc_catalog_free(c);
    c = NULL;
    assert_int_equal(import_bytes(nxc__str(shop), "sho", &c, NULL, &err),
                     NXC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "catalog \"sho\", got none"));
    assert_null(c);
}

static void test_single_line(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\"id\":\"x\"}", "{\"operationId\":\"x\"}",
        "{\"method\":\"FETCH\",\"path\":\"/x\"}",
        "\xEF\xBB\xBF{\"id\":\"x\"}\n\n{\"id\":\"y\"}\n",
        "{\"id\":\"x\"}\r\n{\"id\":\"x\"}"};
    static const char *const ids[] = {"x", "x", "OTHER /x", "x", "x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        nxc_operation op;
        nxc_catalog *c = import_ok(texts[i], NULL, NULL);
        assert_true(nxc_catalog_get_operation(c, 0, &op));
        assert_str(op.id, ids[i]);
        nxc_catalog_free(c);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *line, *message;
        nxc_status status;
    } rows[] = {
        {"[]", "doc:3: $: expected an operation (an object), got an array",
         NXC_ERR_INVALID},
        {"{}",
         "doc:3: $.id: expected an id, a method and a path, or an "
         "operationId, got nothing",
         NXC_ERR_INVALID},
        {"{\"id\":7}", "doc:3: $.id: expected a string or null, got 7",
         NXC_ERR_INVALID},
        {"{\"path\":\"/x\"}", "doc:3: $.id", NXC_ERR_INVALID},
        {"{\"id\":\"x\"} x", "doc:3: expected JSON", NXC_ERR_PARSE},
        {"{\"id\":\"x\"", "doc:3: expected JSON", NXC_ERR_PARSE},
        {"{\"id\":\"\xC0\"}", "doc:3: expected JSON", NXC_ERR_PARSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"id\":\"a\"}\n\n%s\n{\"id\":\"b\"}",
                 rows[i].line);
        import_fails(text, rows[i].status, rows[i].message);
    }
}

/* At each member: a value of every other type is refused with its path. */
static void test_wrong_types(void **state) {
    (void)state;
    static const char *const strings[] = {
        "catalog", "id",          "method",      "path",          "operationId",
        "summary", "description", "body_schema", "returns_schema"};
    static const char *const lists[] = {"parameters", "required", "body",
                                        "body_required", "returns"};
    static const char *const not_strings[] = {"7", "true", "[]", "{}"};
    static const char *const not_lists[] = {"7", "true", "\"x\"", "{}"};
    char text[256], message[64];
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        for (size_t k = 0; k < 4; k++) {
            snprintf(text, sizeof text, "{\"operationId\":\"o\",\"%s\":%s}",
                     strings[i], not_strings[k]);
            snprintf(message, sizeof message, "doc:1: $.%s: expected a string",
                     strings[i]);
            import_fails(text, NXC_ERR_INVALID, message);
        }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t k = 0; k < 4; k++) {
            snprintf(text, sizeof text, "{\"id\":\"o\",\"%s\":%s}", lists[i],
                     not_lists[k]);
            snprintf(message, sizeof message, "doc:1: $.%s: expected an array",
                     lists[i]);
            import_fails(text, NXC_ERR_INVALID, message);
        }
    import_fails("{\"id\":\"o\",\"body\":[\"a\",7]}", NXC_ERR_INVALID,
                 "$.body: expected an array of names");
    import_fails("{\"id\":\"o\",\"tags\":7}", NXC_ERR_INVALID, "$.tags");
}

static void test_limit(void **state) {
    (void)state;
    nxc_error err;
    nxc_config *cfg;
    nxc_catalog *c = NULL;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "max_operations", "3", &err), err);
    assert_ok(nxc_catalog_import(NXC_STR("doc"), nxc__str(shop), NULL, cfg,
                                 NULL, &c, NULL, &err),
              err);
    nxc_catalog_free(c);
    c = NULL;
    assert_ok(nxc_config_set(cfg, "max_operations", "2", &err), err);
    assert_int_equal(nxc_catalog_import(NXC_STR("doc"), nxc__str(shop), NULL,
                                        cfg, NULL, &c, NULL, &err),
                     NXC_ERR_LIMIT);
    assert_string_equal(err.message, "doc:4: operations: expected at most 2 "
                                     "(max_operations), got more");
    nxc_config_free(cfg);
}

static void test_damaged(void **state) {
    (void)state;
    import_prefixes(shop);
    import_flips(shop, 3);
}

static void test_nesting(void **state) {
    (void)state;
    static char text[20100];
    size_t n = (size_t)snprintf(text, sizeof text, "{\"id\":\"a\"}\n");
    memset(text + n, '[', 10000);
    import_fails(text, NXC_ERR_LIMIT, "doc");
    memset(text + n + 10000, ']', 10000);
    import_fails(text, NXC_ERR_LIMIT, "doc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),       cmocka_unit_test(test_filter),
        cmocka_unit_test(test_single_line), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_wrong_types), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_nesting),     cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
