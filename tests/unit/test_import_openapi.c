/* OpenAPI 3.x and Swagger 2.0: what is read, and what is refused. */
#include "base/buffer.h"
#include "support/catalog_test.h"

static const char pets[] =
    "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"Pets\"},\n"
    "\"servers\":[{\"url\":\"https://{host}/{base}/v1\",\"variables\":"
    "{\"host\":{\"default\":\"x.org\"},\"base\":{\"default\":\"api\"}}}],\n"
    "\"security\":[{\"key\":[]},{\"oauth\":[\"read\",\"write\"]}],\n"
    "\"paths\":{\"/pets\":{\n"
    " \"parameters\":[{\"name\":\"page\",\"in\":\"query\",\"schema\":"
    "{\"type\":\"integer\"}},{\"$ref\":\"#/components/parameters/trace\"}],\n"
    " \"get\":{\"operationId\":\"listPets\",\"summary\":\"List pets\","
    "\"tags\":[\"pets\",\"animals\"],\"deprecated\":true,\n"
    "  \"parameters\":[{\"name\":\"page\",\"in\":\"query\",\"required\":true,"
    "\"schema\":{\"type\":\"string\"}}],\n"
    "  \"responses\":{\"default\":{},\"201\":{\"content\":{\"application/json\""
    ":{\"schema\":{\"type\":\"object\",\"properties\":{\"no\":{}}}}}},"
    "\"200\":{\"$ref\":\"#/components/responses/pets\"}}},\n"
    " \"post\":{\"operationId\":\"createPet\",\"security\":[],\n"
    "  \"requestBody\":{\"$ref\":\"#/components/requestBodies/pet\"},\n"
    "  \"responses\":{\"204\":{\"description\":\"done\"}}}},\n"
    "\"/pets/{id}\":{\"$ref\":\"#/components/pathItems/pet\"},\n"
    "\"x-more\":{\"get\":{}}},\n"
    "\"components\":{\n"
    " \"parameters\":{\"trace\":{\"name\":\"Trace\",\"in\":\"header\","
    "\"content\":{\"text/plain\":{\"schema\":{\"type\":\"string\"}}}}},\n"
    " \"responses\":{\"pets\":{\"content\":{\"text/csv\":{\"schema\":{}},"
    "\"application/hal+json\":{\"schema\":{\"type\":\"array\",\"items\":"
    "{\"$ref\":\"#/components/schemas/Pet\"}}}}}},\n"
    " \"requestBodies\":{\"pet\":{\"required\":true,\"content\":"
    "{\"application/json\":{\"schema\":{\"$ref\":"
    "\"#/components/schemas/Dog\"}}}}},\n"
    " \"pathItems\":{\"pet\":{\"delete\":{\"parameters\":[{\"name\":\"id\","
    "\"in\":\"path\"}]}}},\n"
    " \"schemas\":{\"Pet\":{\"required\":[\"name\"],\"properties\":{\"id\":"
    "{\"type\":[\"null\",\"integer\"]},\"name\":{\"type\":\"string\"},"
    "\"owner\":{\"$ref\":\"#/components/schemas/Owner\"}}},\n"
    "  \"Owner\":{\"properties\":{\"pet\":{\"$ref\":"
    "\"#/components/schemas/Pet\"}}},\n"
    "  \"Dog\":{\"allOf\":[{\"$ref\":\"#/components/schemas/Pet\"},"
    "{\"required\":[\"breed\"],\"properties\":{\"breed\":{\"allOf\":["
    "{\"type\":\"string\"}]},\"name\":{\"type\":\"string\"}}}],"
    "\"oneOf\":[{\"required\":[\"tail\"],\"properties\":{\"tail\":"
    "{\"items\":{}}}}]}}},\n"
    "\"webhooks\":{\"petBorn\":{\"post\":{\"summary\":\"A pet was born\"}}}}";

static void test_everything(void **state) {
    (void)state;
    nxc_import_info info;
    nxc_operation op;
    nxc_catalog *c = import_ok(pets, NULL, &info);
    assert_string_equal(info.format, "openapi-3.0");
    assert_int_equal(info.n_operations, 3);
    assert_int_equal(info.n_webhooks, 1);
    assert_int_equal(info.n_unresolved, 0);
    assert_int_equal(strlen(info.source_sha256), 64);
    assert_int_equal(nxc_catalog_n_operations(c), 4);

    assert_true(nxc_catalog_get_operation(c, 0, &op));
    assert_str(op.id, "GET /pets");
    assert_str(op.tags, "pets,animals");
    assert_str(op.text, "retrieve pet List pets");
    assert_int_equal(op.flags, NXC_OP_DEPRECATED);
    assert_str(op.returns_schema, "Pet");
    assert_fields(c, 0, NXC_FIELD_PARAMETER,
                  "page:query:string! Trace:header:string");
    assert_fields(c, 0, NXC_FIELD_RETURNS,
                  "id::integer name::string! owner::object");
    assert_fields(c, 0, NXC_FIELD_SCOPE, "key:: oauth:read:: oauth:write::");

    assert_true(nxc_catalog_get_operation(c, 1, &op));
    assert_str(op.operation_id, "createPet");
    assert_str(op.text, "create pet from /pets");
    assert_str(op.body_schema, "Dog");
    assert_int_equal(op.flags, NXC_OP_BODY_REQUIRED);
    assert_fields(c, 1, NXC_FIELD_PARAMETER,
                  "page:query:integer Trace:header:string");
    assert_fields(c, 1, NXC_FIELD_BODY,
                  "id::integer name::string! owner::object breed::string! "
                  "tail::array");
    assert_fields(c, 1, NXC_FIELD_SCOPE, "");

    assert_true(nxc_catalog_get_operation(c, 2, &op));
    assert_str(op.id, "DELETE /pets/{id}");
    assert_fields(c, 2, NXC_FIELD_PARAMETER, "id:path:!");

    assert_true(nxc_catalog_get_operation(c, 3, &op));
    assert_str(op.id, "webhook POST petBorn");
    assert_str(op.operation_id, "petBorn");
    assert_str(op.path, "");
    assert_int_equal(op.flags, NXC_OP_WEBHOOK);

    assert_int_equal(nxc_catalog_find(c, NXC_STR("createPet")), 1);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("GET /pets")), 0);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("get /pets?page=2")), 0);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("DELETE /api/v1/pets/7")), 2);
    assert_int_equal(
        nxc_catalog_find(c, NXC_STR("DELETE https://x.org/api/v1/pets/7")), 2);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("PUT /pets")), NXC_NONE);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("/pets")), NXC_NONE);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("")), NXC_NONE);
    nxc_catalog_free(c);
}

static void test_swagger(void **state) {
    (void)state;
    nxc_import_info info;
    nxc_operation op;
    nxc_catalog *c = import_ok(
        "{\"swagger\":\"2.0\",\"basePath\":\"/v2/\",\"paths\":{\"/pet\":{"
        "\"post\":{\"parameters\":[{\"in\":\"body\",\"name\":\"body\","
        "\"required\":true,\"schema\":{\"$ref\":\"#/definitions/Pet\"}}],"
        "\"responses\":{\"200\":{\"schema\":{\"type\":\"array\",\"items\":"
        "{\"$ref\":\"#/definitions/Pet\"}}}}},"
        "\"put\":{\"parameters\":[{\"in\":\"formData\",\"name\":\"photo\","
        "\"type\":\"file\",\"required\":true},{\"in\":\"query\",\"name\":"
        "\"q\",\"type\":\"array\"}]}}},"
        "\"definitions\":{\"Pet\":{\"properties\":{\"id\":{\"type\":"
        "\"integer\"}}}}}",
        NULL, &info);
    assert_string_equal(info.format, "swagger-2.0");
    assert_true(nxc_catalog_get_operation(c, 1, &op));
    assert_str(op.id, "POST /pet");
    assert_str(op.body_schema, "Pet");
    assert_str(op.returns_schema, "Pet");
    assert_int_equal(op.flags, NXC_OP_BODY_REQUIRED);
    assert_fields(c, 1, NXC_FIELD_PARAMETER, "body:body:object!");
    assert_fields(c, 1, NXC_FIELD_BODY, "id::integer");
    assert_fields(c, 1, NXC_FIELD_RETURNS, "id::integer");
    assert_fields(c, 0, NXC_FIELD_PARAMETER,
                  "photo:formData:file! q:query:array");
    assert_fields(c, 0, NXC_FIELD_BODY, "photo:formData:file!");
    assert_int_equal(nxc_catalog_find(c, NXC_STR("POST /v2/pet")), 1);
    nxc_catalog_free(c);
}

/* One operation with this schema as its body: its properties. */
static void test_schemas(void **state) {
    (void)state;
    static const struct {
        const char *schema, *fields, *name;
        size_t n_unresolved;
    } rows[] = {
        {"{}", "", "", 0},
        {"true", "", "", 0},
        {"{\"properties\":[]}", "", "", 0},
        {"{\"properties\":{\"a\":true,\"b\":{\"type\":3}}}", "a:: b::", "", 0},
        {"{\"required\":[\"a\",7],\"properties\":{\"a\":{}}}", "a::!", "", 0},
        {"{\"required\":true,\"properties\":{\"a\":{}}}", "a::", "", 0},
        {"{\"$ref\":\"#/components/schemas/A~1b%20c\"}", "x::number", "A/b c",
         0},
        {"{\"$ref\":\"#/components/schemas/Loop\"}", "", "", 1},
        {"{\"$ref\":\"#/components/schemas/Self\"}", "deep::object", "Self", 0},
        {"{\"$ref\":\"#/components/schemas/Gone\"}", "", "", 1},
        {"{\"$ref\":\"other.yaml#/A\"}", "", "", 1},
        {"{\"$ref\":\"#/info/list/1\"}", "second::", "", 0},
        {"{\"$ref\":\"#/info/list/2\"}", "", "", 1},
        {"{\"$ref\":\"#/info/list/x\"}", "", "", 1},
        {"{\"$ref\":\"#anchor\"}", "", "", 1},
        {"{\"$ref\":\"\"}", "", "", 1},
        {"{\"$ref\":\"#\"}", "", "", 0},
        {"{\"$ref\":\"#/components/schemas/A~1b%2\"}", "", "", 1},
        {"{\"$ref\":\"#/components/schemas/A~2b\"}", "", "", 1},
        {"{\"$ref\":\"#/openapi/x\"}", "", "", 1},
        {"{\"$ref\":7,\"properties\":{\"a\":{}}}", "a::", "", 0},
        {"{\"items\":{\"items\":{\"$ref\":\"#/components/schemas/Self\"}}}",
         "deep::object", "Self", 0},
        {"{\"allOf\":[{\"$ref\":\"#/components/schemas/Self\"}]}",
         "deep::object", "Self", 0},
        {"{\"anyOf\":[{\"required\":[\"a\"],\"properties\":{\"a\":{}}},"
         "{\"allOf\":[{\"required\":[\"b\"],\"properties\":{\"b\":{}}}]}]}",
         "a:: b::", "", 0},
        {"{\"allOf\":7,\"oneOf\":[7,null,\"x\"]}", "", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[2048];
        nxc_import_info info;
        nxc_operation op;
        snprintf(text, sizeof text,
                 "{\"openapi\":\"3.1.0\",\"info\":{\"list\":[{},{\"properties\""
                 ":{\"second\":{}}}]},\"paths\":{\"/a\":{\"post\":"
                 "{\"requestBody\":{\"content\":{\"application/json\":"
                 "{\"schema\":%s}}}}}},\"components\":{\"schemas\":{"
                 "\"A/b c\":{\"properties\":{\"x\":{\"type\":\"number\"}}},"
                 "\"Loop\":{\"$ref\":\"#/components/schemas/Loop\"},"
                 "\"Self\":{\"properties\":{\"deep\":{\"$ref\":"
                 "\"#/components/schemas/Self\"}},\"allOf\":[{\"$ref\":"
                 "\"#/components/schemas/Self\"}],\"anyOf\":[{\"$ref\":"
                 "\"#/components/schemas/Self\"}]}}}}",
                 rows[i].schema);
        nxc_catalog *c = import_ok(text, NULL, &info);
        print_message("%s\n", rows[i].schema);
        assert_fields(c, 0, NXC_FIELD_BODY, rows[i].fields);
        assert_true(nxc_catalog_get_operation(c, 0, &op));
        assert_str(op.body_schema, rows[i].name);
        assert_int_equal(info.n_unresolved, rows[i].n_unresolved);
        nxc_catalog_free(c);
    }
}

/* A value put in place of one that is read: the operation is still there. */
static void test_wrong_types(void **state) {
    (void)state;
    static const char *const members[] = {
        "operationId", "summary",   "description", "tags",       "parameters",
        "requestBody", "responses", "security",    "deprecated", "servers"};
    static const char *const values[] = {
        "null",
        "7",
        "true",
        "\"x\"",
        "[]",
        "{}",
        "[7,null,\"x\",{},[]]",
        "{\"a\":7,\"200\":7,\"content\":7}",
        "{\"200\":{\"content\":{\"a\":{\"schema\":[]}}}}"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            char text[512];
            snprintf(text, sizeof text,
                     "{\"openapi\":\"3.0.0\",\"%s\":%s,\"paths\":{\"/a\":"
                     "{\"%s\":%s,\"get\":{\"%s\":%s}}}}",
                     members[i], values[k], members[i], values[k], members[i],
                     values[k]);
            nxc_catalog *c = import_ok(text, NULL, NULL);
            assert_int_equal(nxc_catalog_n_operations(c), 1);
            nxc_catalog_free(c);
        }
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        nxc_status status;
        const char *message;
    } rows[] = {
        {"", NXC_ERR_PARSE, "doc:1: expected a catalog, got an empty document"},
        {" \n ", NXC_ERR_PARSE, "empty document"},
        {"7", NXC_ERR_INVALID, "doc"},
        {"{}", NXC_ERR_UNSUPPORTED, "got an empty object"},
        {"{\"title\":1}", NXC_ERR_UNSUPPORTED,
         "doc:1: $: expected an OpenAPI document, a list of tools or a JSONL "
         "catalog, got an object whose first member is \"title\""},
        {"\"openapi\"", NXC_ERR_INVALID, "doc:1: $: expected an OpenAPI"},
        {"{\"openapi\":\"4.0\"}", NXC_ERR_UNSUPPORTED,
         "doc:1: $.openapi: expected OpenAPI 3.x, got \"4.0\""},
        {"{\"openapi\":null}", NXC_ERR_UNSUPPORTED, "$.openapi"},
        {"{\"swagger\":\"1.2\"}", NXC_ERR_UNSUPPORTED,
         "$.swagger: expected Swagger 2.0, got \"1.2\""},
        {"{\"openapi\":\"3.0.0\",\n\"paths\":[]}", NXC_ERR_INVALID,
         "doc:2: $.paths: expected an object, got an array"},
        {"{\"openapi\":\"3.0.0\",\n\"paths\":{\n\"/a\":7}}", NXC_ERR_INVALID,
         "doc:3: $.paths[\"/a\"]: expected a path item (an object), got 7"},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\n\"get\":\"x\"}}}",
         NXC_ERR_INVALID,
         "doc:2: $.paths[\"/a\"].get: expected an operation (an object), got "
         "\"x\""},
        {"{\"openapi\":\"3.1.0\",\"webhooks\":{\"a\":{\"post\":null}}}",
         NXC_ERR_INVALID, "$.webhooks.a.post"},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/\xff\":{}}}", NXC_ERR_PARSE,
         "doc:1: expected JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        import_fails(rows[i].text, rows[i].status, rows[i].message);
    nxc_catalog *c = NULL;
    nxc_error err;
    static const char nul[] = "{\"openapi\":\"3.0.0\"\0}";
    assert_int_equal(
        import_bytes((nxc_str){nul, sizeof nul - 1}, NULL, &c, NULL, &err),
        NXC_ERR_PARSE);
}

static void test_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        {"{\"openapi\":\"3.0.0\"}", 0},
        {"{\"openapi\":\"3.1.0\",\"paths\":null}", 0},
        {"{\"openapi\":3.1,\"paths\":{\"/a\":{\"get\":{}}}}", 1},
        {"{\"swagger\":2.0,\"paths\":{\"/a\":null,\"/b\":{\"get\":{}}}}", 1},
        {"{\"openapi\":\"3.2.0\",\"paths\":{\"a\":{\"trace\":{}}}}", 1},
        /* both are kept, the second as "GET /a (2)" */
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{}},\"/a\":"
         "{\"get\":{}}}}",
         2},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{},\"put\":{},"
         "\"post\":{},\"delete\":{},\"options\":{},\"head\":{},\"patch\":{},"
         "\"trace\":{},\"GET\":{},\"x-y\":{}}}}",
         8},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"$ref\":\"#/paths/~1b\","
         "\"get\":{}},\"/b\":{\"get\":{},\"put\":{}},\"/c\":{\"$ref\":"
         "\"gone.json\",\"get\":{}}}}",
         5},
        {"\xEF\xBB\xBF{\"openapi\":\"3.0.0\",\"paths\":{\"\":{\"get\":{}}}}",
         1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nxc_import_info info;
        nxc_catalog *c = import_ok(rows[i].text, NULL, &info);
        if (info.n_operations != rows[i].n)
            fail_msg("%s: expected %zu operations, got %zu", rows[i].text,
                     rows[i].n, info.n_operations);
        nxc_catalog_free(c);
    }
}

static void test_base_paths(void **state) {
    (void)state;
    static const struct {
        const char *url, *call;
    } rows[] = {
        {"https://h/api", "GET /api/a"},
        {"https://h:8/api/?x#y", "GET /api/a"},
        {"//h/api", "GET /api/a"},
        {"/api", "GET /api/a"},
        {"api/v2", "GET /api/v2/a"},
        {"{scheme}://h/api", "GET /api/a"},
        {"https://h", "GET /a"},
        {"https://h/{none}/api{", "GET /a"},
        {"", "GET /a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":"
                 "{\"servers\":[{\"url\":\"%s\",\"variables\":{\"scheme\":"
                 "{\"default\":\"http\"}}}]}}}}",
                 rows[i].url);
        nxc_catalog *c = import_ok(text, NULL, NULL);
        if (nxc_catalog_find(c, nxc__str(rows[i].call)) != 0)
            fail_msg("server \"%s\": \"%s\" not found", rows[i].url,
                     rows[i].call);
        assert_int_equal(nxc_catalog_find(c, NXC_STR("GET /a")), 0);
        assert_int_equal(nxc_catalog_find(c, NXC_STR("GET /zzz/a")), NXC_NONE);
        nxc_catalog_free(c);
    }
}

static void test_damaged(void **state) {
    (void)state;
    import_prefixes(pets);
    import_flips(pets, 1);
}

static void test_nesting(void **state) {
    (void)state;
    enum { DEPTH = 10000 };
    nxc__buffer b;
    nxc_catalog *c = NULL;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_append_z(&b, "{\"openapi\":\"3.0.0\",\"x\":");
    for (int i = 0; i < DEPTH; i++)
        nxc__buffer_append_char(&b, '[');
    assert_int_equal(import_bytes(nxc__buffer_str(&b), NULL, &c, NULL, &err),
                     NXC_ERR_LIMIT);
    for (int i = 0; i < DEPTH; i++)
        nxc__buffer_append_char(&b, ']');
    nxc__buffer_append_char(&b, '}');
    assert_int_equal(import_bytes(nxc__buffer_str(&b), NULL, &c, NULL, &err),
                     NXC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "doc: expected at most"));
    nxc__buffer_release(&b);
}

/* Many ways through few schemas: the walk ends soon. */
static void test_explosion(void **state) {
    (void)state;
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_append_z(
        &b, "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"post\":"
            "{\"requestBody\":{\"content\":{\"a/json\":{\"schema\":"
            "{\"$ref\":\"#/components/schemas/S0\"}}}}}}},"
            "\"components\":{\"schemas\":{");
    for (int i = 0; i < 40; i++) {
        nxc__buffer_printf(&b, "\"S%d\":{\"properties\":{\"p%d\":{}},", i, i);
        nxc__buffer_append_z(&b, "\"allOf\":[");
        for (int k = 0; k < 20; k++)
            nxc__buffer_printf(&b, "{\"$ref\":\"#/components/schemas/S%d\"}%s",
                               (i + 1) % 40, k < 19 ? "," : "");
        nxc__buffer_printf(&b, "]}%s", i < 39 ? "," : "}}}");
    }
    nxc_catalog *c = NULL;
    nxc_error err;
    nxc_operation op;
    assert_ok(import_bytes(nxc__buffer_str(&b), NULL, &c, NULL, &err), err);
    assert_true(nxc_catalog_get_operation(c, 0, &op));
    assert_in_range(op.n_body, 10, 40);
    nxc_catalog_free(c);
    nxc__buffer_release(&b);
}

/* Objects so large that their members are indexed: every one is found, the last
 * one of a key that occurs twice, and none that is not there. */
static void test_many_schemas(void **state) {
    (void)state;
    enum { N = 300 };
    nxc__buffer b;
    nxc_catalog *c = NULL;
    nxc_import_info info;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_append_z(&b, "{\"openapi\":\"3.0.0\",\"servers\":[{\"url\":"
                             "\"/v1\"},{\"url\":\"/v1/\"}],\"paths\":{");
    for (int i = 0; i <= N; i++)
        nxc__buffer_printf(&b,
                           "\"/a%d\":{\"post\":{\"requestBody\":{\"content\":"
                           "{\"a/json\":{\"schema\":{\"$ref\":"
                           "\"#/components/schemas/S%d\"}}}}}}%s",
                           i, i, i < N ? "," : "},");
    nxc__buffer_append_z(&b, "\"components\":{\"schemas\":{\"S7\":{},");
    for (int i = 0; i < N; i++)
        nxc__buffer_printf(&b, "\"S%d\":{\"properties\":{\"p%d\":{}}}%s", i, i,
                           i < N - 1 ? "," : "}}}");
    assert_ok(import_bytes(nxc__buffer_str(&b), NULL, &c, &info, &err), err);
    for (uint32_t i = 0; i < N; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "p%u::", i);
        assert_fields(c, i, NXC_FIELD_BODY, expected);
    }
    assert_fields(c, N, NXC_FIELD_BODY, "");
    assert_int_equal(info.n_unresolved, 1);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("POST /v1/a9")), 9);
    nxc_catalog_free(c);
    nxc__buffer_release(&b);
}

/* A body of more properties than are kept. */
static void test_many_properties(void **state) {
    (void)state;
    nxc__buffer b;
    nxc_catalog *c = NULL;
    nxc_error err;
    nxc_operation op;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_append_z(&b, "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":"
                             "{\"post\":{\"requestBody\":{\"content\":"
                             "{\"a/json\":{\"schema\":{\"properties\":{");
    for (int i = 0; i < 2001; i++)
        nxc__buffer_printf(&b, "\"p%d\":{}%s", i, i < 2000 ? "," : "");
    nxc__buffer_append_z(&b, "}}}}}}}}}");
    assert_ok(import_bytes(nxc__buffer_str(&b), NULL, &c, NULL, &err), err);
    assert_true(nxc_catalog_get_operation(c, 0, &op));
    assert_int_equal(op.n_body, 2000);
    nxc_catalog_free(c);
    nxc__buffer_release(&b);
}

/* A small document that asks for a very large catalog is refused in time. */
static void test_amplification(void **state) {
    (void)state;
    nxc__buffer b;
    nxc_catalog *c = NULL;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)4 << 20);
    nxc__buffer_append_z(&b, "{\"openapi\":\"3.0.0\",\"paths\":{");
    for (int i = 0; i < 5000; i++)
        nxc__buffer_printf(&b, "\"/a%d\":{\"$ref\":\"#/x\"},", i);
    nxc__buffer_append_z(&b, "\"/z\":{}},\"x\":{\"get\":{\"parameters\":[");
    for (int i = 0; i < 2000; i++)
        nxc__buffer_printf(&b, "{\"name\":\"p%d\"},", i);
    nxc__buffer_append_z(&b, "{}]}}}");
    assert_int_equal(import_bytes(nxc__buffer_str(&b), NULL, &c, NULL, &err),
                     NXC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "doc: references: expected at most"));
    assert_null(c);
    nxc__buffer_release(&b);
}

static void test_limits(void **state) {
    (void)state;
    static const char two[] =
        "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{},\"put\":{}}}}";
    nxc_error err;
    nxc_config *cfg;
    nxc_catalog *c = NULL;
    nxc_str text = nxc__str(two);
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "max_operations", "2", &err), err);
    assert_ok(nxc_catalog_import(NXC_STR("doc"), text, NULL, cfg, NULL, &c,
                                 NULL, &err),
              err);
    nxc_catalog_free(c);
    assert_ok(nxc_config_set(cfg, "max_operations", "1", &err), err);
    assert_int_equal(nxc_catalog_import(NXC_STR("doc"), text, NULL, cfg, NULL,
                                        &c, NULL, &err),
                     NXC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "doc: operations: expected at most 1"));
    nxc_config_free(cfg);

    /* the smallest limit on bytes is 1024 */
    char padded[1026];
    memset(padded, ' ', sizeof padded);
    memcpy(padded, two, sizeof two - 1);
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "max_document_bytes", "1024", &err), err);
    assert_ok(nxc_catalog_import(NXC_STR("doc"), (nxc_str){padded, 1024}, NULL,
                                 cfg, NULL, &c, NULL, &err),
              err);
    nxc_catalog_free(c);
    assert_int_equal(nxc_catalog_import(NXC_STR("doc"), (nxc_str){padded, 1025},
                                        NULL, cfg, NULL, &c, NULL, &err),
                     NXC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "max_document_bytes"));
    nxc_config_free(cfg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_swagger),
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_base_paths),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_explosion),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_many_schemas),
        cmocka_unit_test(test_many_properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
