/* Tool lists: OpenAI chat and Responses, Anthropic, MCP. */
#include "support/catalog_test.h"

static void test_shapes(void **state) {
    (void)state;
    static const struct {
        const char *text, *format, *id, *name, *words, *parameters, *returns;
    } rows[] = {
        {"[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\","
         "\"description\":\"Weather of a city\",\"parameters\":{\"type\":"
         "\"object\",\"required\":[\"city\"],\"properties\":{\"city\":"
         "{\"type\":\"string\"}}}}}]",
         "openai-chat-tools", "get_weather", "get_weather",
         "get weather Weather of a city", "city::string!", ""},
        {"{\"tools\":[{\"type\":\"function\",\"name\":\"get_weather\","
         "\"parameters\":{\"properties\":{\"city\":{}}},\"output_schema\":"
         "{\"properties\":{\"degrees\":{\"type\":\"number\"}}}}]}",
         "openai-responses-tools", "get_weather", "get_weather", "get weather",
         "city::", "degrees::number"},
        {"[{\"type\":\"namespace\",\"name\":\"crm\",\"description\":\"x\","
         "\"tools\":[{\"type\":\"function\",\"name\":\"listDeals\","
         "\"description\":\"All deals\"}]}]",
         "openai-responses-tools", "crm.listDeals", "listDeals",
         "list deals All deals", "", ""},
        {"[{\"name\":\"search\",\"description\":\"Find\",\"input_schema\":"
         "{\"type\":\"object\",\"properties\":{\"q\":{\"$ref\":"
         "\"#/0/input_schema/$defs/q\"}},\"$defs\":{\"q\":{\"type\":"
         "\"string\"}}}}]",
         "anthropic-tools", "search", "search", "search Find", "q::string", ""},
        {"{\"tools\":[{\"name\":\"add_row\",\"title\":\"Add a row\","
         "\"description\":\"Longer\",\"inputSchema\":{\"properties\":"
         "{\"row\":{\"type\":\"array\"}}},\"outputSchema\":{\"properties\":"
         "{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]},"
         "\"annotations\":{\"readOnlyHint\":true}}],\"nextCursor\":\"x\"}",
         "mcp-tools", "add_row", "add_row", "add row Add a row", "row::array",
         "n::integer!"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":"
         "\"ping\",\"inputSchema\":{}}]}}",
         "mcp-tools", "ping", "ping", "ping", "", ""},
        {"[{\"type\":\"web_search\"}]", "tools", "web_search", "web_search",
         "web search", "", ""},
        {"[{\"name\":\"bare\"}]", "tools", "bare", "bare", "bare", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nxc_import_info info;
        nxc_operation op;
        print_message("%s\n", rows[i].text);
        nxc_catalog *c = import_ok(rows[i].text, NULL, &info);
        assert_string_equal(info.format, rows[i].format);
        assert_int_equal(info.n_operations, 1);
        assert_true(nxc_catalog_get_operation(c, 0, &op));
        assert_str(op.id, rows[i].id);
        assert_str(op.operation_id, rows[i].name);
        assert_str(op.text, rows[i].words);
        assert_str(op.path, "");
        assert_int_equal(op.method, NXC_METHOD_NONE);
        assert_fields(c, 0, NXC_FIELD_PARAMETER, rows[i].parameters);
        assert_fields(c, 0, NXC_FIELD_RETURNS, rows[i].returns);
        assert_int_equal(nxc_catalog_find(c, nxc__str(rows[i].id)), 0);
        assert_int_equal(nxc_catalog_find(c, nxc__str(rows[i].name)), 0);
        nxc_catalog_free(c);
    }
}

static void test_namespaces(void **state) {
    (void)state;
    nxc_operation op;
    nxc_catalog *c = import_ok(
        "[{\"type\":\"namespace\",\"name\":\"a\",\"tools\":[{\"name\":\"x\"},"
        "{\"type\":\"namespace\",\"name\":\"b\",\"tools\":[{\"name\":\"x\"}]}]"
        "},{\"name\":\"x\"},{\"name\":\"x\"}]",
        NULL, NULL);
    static const char *const ids[] = {"a.x", "a.b.x", "x", "x (2)"};
    static const char *const tags[] = {"a", "b", "", ""};
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(nxc_catalog_get_operation(c, i, &op));
        assert_str(op.id, ids[i]);
        assert_str(op.tags, tags[i]);
        assert_int_equal(nxc_catalog_find(c, nxc__str(ids[i])), i);
    }
    nxc_catalog_free(c);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        nxc_status status;
        const char *message;
    } rows[] = {
        {"{\"tools\":{}}", NXC_ERR_INVALID,
         "doc:1: $.tools: expected an array of tools, got an object"},
        {"{\"result\":{\"tools\":7}}", NXC_ERR_INVALID,
         "$.result.tools: expected an array of tools, got 7"},
        {"[{\"name\":\"a\"},\n7]", NXC_ERR_INVALID,
         "doc:2: $[1]: expected a tool (an object), got 7"},
        {"[{\"name\":7}]", NXC_ERR_INVALID,
         "$[0].name: expected the name of a tool, got 7"},
        {"[{}]", NXC_ERR_INVALID, "$[0].name"},
        {"[{\"name\":\"\"}]", NXC_ERR_INVALID, "$[0].name"},
        {"[{\"type\":\"function\"}]", NXC_ERR_INVALID, "$[0].name"},
        {"[{\"type\":\"function\",\"function\":{}}]", NXC_ERR_INVALID,
         "$[0].function.name"},
        {"[{\"type\":\"namespace\",\"name\":\"a\"}]", NXC_ERR_INVALID,
         "$[0].tools: expected an array of tools, got nothing"},
        {"[{\"type\":\"namespace\",\"name\":\"a\",\"tools\":[7]}]",
         NXC_ERR_INVALID, "$[0].tools[0]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        import_fails(rows[i].text, rows[i].status, rows[i].message);
}

static void test_wrong_types(void **state) {
    (void)state;
    static const char *const members[] = {
        "title",        "description",  "parameters",    "inputSchema",
        "input_schema", "outputSchema", "output_schema", "annotations"};
    static const char *const values[] = {"null",
                                         "7",
                                         "true",
                                         "\"x\"",
                                         "[]",
                                         "{}",
                                         "{\"properties\":7}",
                                         "{\"properties\":{\"a\":7}}"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            char text[256];
            snprintf(text, sizeof text, "[{\"name\":\"a\",\"%s\":%s}]",
                     members[i], values[k]);
            nxc_catalog *c = import_ok(text, NULL, NULL);
            assert_int_equal(nxc_catalog_n_operations(c), 1);
            nxc_catalog_free(c);
        }
    }
}

/* Eight namespaces within one another are read, nine are not. */
static void test_depth(void **state) {
    (void)state;
    for (int depth = 8; depth <= 9; depth++) {
        char text[1024];
        size_t n = 0;
        for (int i = 0; i < depth; i++)
            n += (size_t)snprintf(text + n, sizeof text - n,
                                  "[{\"type\":\"namespace\",\"name\":\"n\","
                                  "\"tools\":");
        n += (size_t)snprintf(text + n, sizeof text - n, "[{\"name\":\"x\"}]");
        for (int i = 0; i < depth; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "}]");
        if (depth == 8)
            nxc_catalog_free(import_ok(text, NULL, NULL));
        else
            import_fails(text, NXC_ERR_LIMIT, "at most 8 namespaces");
    }
}

static void test_damaged(void **state) {
    (void)state;
    static const char text[] =
        "{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
        "\"parameters\":{\"properties\":{\"a\":{\"type\":\"string\"}}}}},\n"
        "{\"name\":\"g\",\"inputSchema\":{\"$ref\":\"#/tools/0\"}},\n"
        "{\"type\":\"namespace\",\"name\":\"n\",\"tools\":[{\"name\":"
        "\"h\"}]}]}";
    import_prefixes(text);
    import_flips(text, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),  cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_depth),   cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
