/* Catalog images: what goes in comes out, and no damaged image opens. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "catalog/catalog.h"
#include "catalog/catalog_format.h"
#include "support/nxc_test.h"

static const char sha[] =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static nxc__operation_input op_input(nxc_method method, const char *path,
                                     const char *id, const char *summary) {
    nxc__operation_input op;
    memset(&op, 0, sizeof op);
    op.method = method;
    op.path = nxc__str(path);
    op.operation_id = nxc__str(id);
    op.summary = nxc__str(summary);
    return op;
}

static void add(nxc__catalog_builder *b, nxc_method method, const char *path,
                const char *id, const char *summary) {
    nxc_error err;
    nxc__operation_input op = op_input(method, path, id, summary);
    assert_ok(nxc__catalog_builder_add(b, &op, &err), err);
}

static nxc_catalog *small_catalog(void) {
    nxc_error err;
    nxc__catalog_builder *b;
    nxc_catalog *c;
    assert_ok(nxc__catalog_builder_new(NXC_STR("shop"), NULL, NULL, &b, &err),
              err);
    add(b, NXC_METHOD_GET, "/v1/users", "listUsers", "List all users");
    nxc__field_input fields[] = {
        {NXC_FIELD_SCOPE, NXC_STR("oauth:read"), {0, 0}, {0, 0}, false},
        {NXC_FIELD_RETURNS, NXC_STR("total"), {0, 0}, NXC_STR("number"), true},
        {NXC_FIELD_PARAMETER, NXC_STR("user"), NXC_STR("path"),
         NXC_STR("string"), true},
        {NXC_FIELD_BODY, NXC_STR("amount"), {0, 0}, NXC_STR("integer"), true},
        {NXC_FIELD_PARAMETER, NXC_STR("dry_run"), NXC_STR("query"),
         NXC_STR("boolean"), false},
    };
    nxc__operation_input op =
        op_input(NXC_METHOD_POST, "/v1/users/{user}/orders", "createOrder", "");
    op.description = NXC_STR(" Place an order. ");
    op.tags = NXC_STR("orders,users");
    op.body_schema = NXC_STR("OrderInput");
    op.returns_schema = NXC_STR("Order");
    op.flags = NXC_OP_DEPRECATED | NXC_OP_BODY_REQUIRED;
    op.fields = fields;
    op.n_fields = 5;
    assert_ok(nxc__catalog_builder_add(b, &op, &err), err);
    add(b, NXC_METHOD_DELETE, "/v1/users/{user}", "", "");
    add(b, NXC_METHOD_NONE, "", "search_flights", "Find a flight");
    op = op_input(NXC_METHOD_POST, "", "orderPaid", "An order was paid");
    op.id = NXC_STR("webhook POST orderPaid");
    op.flags = NXC_OP_WEBHOOK;
    assert_ok(nxc__catalog_builder_add(b, &op, &err), err);
    assert_ok(nxc__catalog_builder_add_base_path(b, NXC_STR("/api/"), &err),
              err);
    assert_ok(nxc__catalog_builder_finish(b, "openapi-3.0", sha, &c, &err),
              err);
    return c;
}

static void test_round_trip(void **state) {
    (void)state;
    nxc_catalog *c = small_catalog();
    nxc_operation op;
    nxc_field f;
    assert_int_equal(nxc_catalog_n_operations(c), 5);
    assert_str(nxc__catalog_name(c), "shop");
    assert_string_equal(nxc__catalog_source_sha256(c), sha);
    assert_true(nxc_catalog_get_operation(c, 1, &op));
    assert_str(op.id, "POST /v1/users/{user}/orders");
    assert_int_equal(op.method, NXC_METHOD_POST);
    assert_str(op.operation_id, "createOrder");
    assert_str(op.description, " Place an order. ");
    assert_str(op.tags, "orders,users");
    assert_str(op.body_schema, "OrderInput");
    assert_str(op.returns_schema, "Order");
    assert_str(op.resource, "order");
    assert_str(op.text, "create order Place an order.");
    assert_int_equal(op.depth, 2);
    assert_int_equal(op.flags, NXC_OP_DEPRECATED | NXC_OP_BODY_REQUIRED);
    assert_int_equal(op.n_parameters, 2);
    assert_int_equal(op.n_body, 1);
    assert_int_equal(op.n_returns, 1);
    assert_int_equal(op.n_scopes, 1);
    assert_true(nxc_catalog_get_field(c, 1, NXC_FIELD_PARAMETER, 1, &f));
    assert_str(f.name, "dry_run");
    assert_str(f.in, "query");
    assert_str(f.type, "boolean");
    assert_false(f.required);
    assert_true(nxc_catalog_get_field(c, 1, NXC_FIELD_BODY, 0, &f));
    assert_str(f.name, "amount");
    assert_true(f.required);
    assert_true(nxc_catalog_get_field(c, 1, NXC_FIELD_SCOPE, 0, &f));
    assert_str(f.name, "oauth:read");
    assert_false(nxc_catalog_get_field(c, 1, NXC_FIELD_SCOPE, 1, &f));
    assert_false(nxc_catalog_get_field(c, 5, NXC_FIELD_SCOPE, 0, &f));
    assert_false(nxc_catalog_get_operation(c, 5, &op));
    nxc_catalog_free(c);
}

static void test_texts(void **state) {
    (void)state;
    static const char *const texts[] = {
        "retrieve user List all users", "create order Place an order.",
        "remove user from /v1/users/{user}", "search flights Find a flight"};
    nxc_catalog *c = small_catalog();
    for (uint32_t i = 0; i < 4; i++)
        assert_str(nxc__catalog_text(c, i), texts[i]);
    /* and the n-gram model has learned from them */
    double bigram, trigram, other;
    const nxc__ngram *m = nxc__catalog_ngram(c);
    assert_non_null(m->image);
    nxc__ngram_prob(m, NXC_STR("retrieve user"), &bigram, &trigram);
    nxc__ngram_prob(m, NXC_STR("user retrieve"), &other, &trigram);
    assert_true(bigram > other);
    nxc_catalog_free(c);
}

static void test_resources(void **state) {
    (void)state;
    nxc_catalog *c = small_catalog();
    size_t n;
    uint32_t order = nxc__catalog_find_resource(c, NXC_STR("Orders"));
    uint32_t user = nxc__catalog_find_resource(c, NXC_STR("user"));
    assert_str(nxc__catalog_resource_name(c, 0), "none");
    assert_str(nxc__catalog_resource_name(c, 1), "unknown");
    assert_str(nxc__catalog_resource_name(c, order), "order");
    assert_str(nxc__catalog_resource_name(c, user), "user");
    assert_int_equal(nxc__catalog_find_resource(c, NXC_STR("wallet")),
                     NXC_RESOURCE_UNKNOWN);
    assert_int_equal(nxc__catalog_find_resource(c, NXC_STR("")),
                     NXC_RESOURCE_UNKNOWN);
    assert_int_equal(nxc__catalog_resource(c, 1), order);
    const uint32_t *parents = nxc__catalog_parents(c, 1, &n);
    assert_int_equal(n, 1);
    assert_int_equal(parents[0], user);
    nxc__catalog_parents(c, 0, &n);
    assert_int_equal(n, 0);
    for (uint32_t a = 0; a < nxc__catalog_n_resources(c); a++)
        for (uint32_t b = 0; b < nxc__catalog_n_resources(c); b++)
            assert_int_equal(nxc__catalog_resources_related(c, a, b),
                             (a == order && b == user) ||
                                 (a == user && b == order));
    nxc_catalog_free(c);
}

/* Prefixes of one path are related pairwise, whatever else there is. */
static void test_relations(void **state) {
    (void)state;
    static const char *const names[] = {"cats", "dogs", "birds", "mice",
                                        "cows", "pigs", "hens",  "bees"};
    nxc_error err;
    nxc__catalog_builder *b;
    nxc_catalog *c;
    bool related[8][8] = {{false}};
    uint64_t seed = 7;
    assert_ok(nxc__catalog_builder_new(NXC_STR("r"), NULL, NULL, &b, &err),
              err);
    for (int i = 0; i < 8; i++) {
        size_t x = nxc_random(&seed) % 8, y = nxc_random(&seed) % 8;
        char path[64];
        snprintf(path, sizeof path, "/%s/{a}/%s", names[x], names[y]);
        add(b, NXC_METHOD_GET, path, "", "");
        related[x][y] = related[y][x] = x != y;
    }
    assert_ok(nxc__catalog_builder_finish(b, "x", sha, &c, &err), err);
    for (size_t x = 0; x < 8; x++)
        for (size_t y = 0; y < 8; y++)
            assert_int_equal(
                related[x][y],
                nxc__catalog_resources_related(
                    c, nxc__catalog_find_resource(c, nxc__str(names[x])),
                    nxc__catalog_find_resource(c, nxc__str(names[y]))));
    nxc_catalog_free(c);
}

static void test_find(void **state) {
    (void)state;
    static const struct {
        const char *key;
        uint32_t op;
    } rows[] = {
        {"GET /v1/users", 0},
        {"listUsers", 0},
        {"createOrder", 1},
        {"POST /v1/users/{user}/orders", 1},
        {"POST /v1/users/u_1/orders", 1},
        {" post  /v1/users/u_1/orders?x=1 ", 1},
        {"POST /api/v1/users/u_1/orders/", 1},
        {"POST https://h.org/api/v1/users/u_1/orders#f", 1},
        {"DELETE /v1/users/u_1", 2},
        {"search_flights", 3},
        {"webhook POST orderPaid", 4},
        {"orderPaid", 4},
        {"", NXC_NONE},
        {" ", NXC_NONE},
        {"GET", NXC_NONE},
        {"GET ", NXC_NONE},
        {"/v1/users", NXC_NONE},
        {"listusers", NXC_NONE},
        {"FETCH /v1/users", NXC_NONE},
        {"GET /v1", NXC_NONE},
        {"PUT /v1/users", NXC_NONE},
    };
    nxc_catalog *c = small_catalog();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t got = nxc_catalog_find(c, nxc__str(rows[i].key));
        if (got != rows[i].op)
            fail_msg("\"%s\": expected %u, got %u", rows[i].key, rows[i].op,
                     got);
    }
    nxc_catalog_free(c);
}

static void test_duplicate_ids(void **state) {
    (void)state;
    static const char *const ids[] = {"GET /a", "GET /a (2)", "GET /a (3)",
                                      "GET /a (2) (2)", "GET /a (4)"};
    nxc_error err;
    nxc__catalog_builder *b;
    nxc_catalog *c;
    assert_ok(nxc__catalog_builder_new(NXC_STR("r"), NULL, NULL, &b, &err),
              err);
    add(b, NXC_METHOD_GET, "/a", "first", "");
    add(b, NXC_METHOD_GET, "/a", "", "");
    add(b, NXC_METHOD_GET, "/a", "", "");
    add(b, NXC_METHOD_GET, "/a (2)", "first", "");
    add(b, NXC_METHOD_GET, "/a", "", "");
    assert_ok(nxc__catalog_builder_finish(b, "x", sha, &c, &err), err);
    for (uint32_t i = 0; i < 5; i++) {
        nxc_operation op;
        assert_true(nxc_catalog_get_operation(c, i, &op));
        assert_str(op.id, ids[i]);
        assert_int_equal(nxc__catalog_find_id(c, op.id), i);
    }
    assert_int_equal(nxc__catalog_header_of(c)->n_duplicate_ids, 4);
    assert_int_equal(nxc_catalog_find(c, NXC_STR("first")), 0);
    nxc_catalog_free(c);
}

static void test_empty(void **state) {
    (void)state;
    nxc_error err;
    nxc__catalog_builder *b;
    nxc_catalog *c;
    nxc_operation op;
    assert_ok(nxc__catalog_builder_new(NXC_STR(""), NULL, NULL, &b, &err), err);
    assert_ok(nxc__catalog_builder_finish(b, "x", sha, &c, &err), err);
    assert_int_equal(nxc_catalog_n_operations(c), 0);
    assert_false(nxc_catalog_get_operation(c, 0, &op));
    assert_int_equal(nxc_catalog_find(c, NXC_STR("GET /x")), NXC_NONE);
    assert_int_equal(nxc__catalog_n_resources(c), 2);
    nxc_catalog_free(c);
    nxc_catalog_free(NULL);
    nxc__catalog_builder_free(NULL);
}

static void test_method_names(void **state) {
    (void)state;
    static const char *const names[] = {"",       "GET",   "POST", "PUT",
                                        "DELETE", "PATCH", "HEAD", "OPTIONS",
                                        "TRACE",  ""};
    for (int i = 0; i <= NXC_METHOD_OTHER; i++)
        assert_string_equal(nxc_method_name((nxc_method)i), names[i]);
}

static void test_many(void **state) {
    (void)state;
    enum { N = 3000 };
    nxc_error err;
    nxc__catalog_builder *b;
    nxc_catalog *c, *again;
    for (int round = 0; round < 2; round++) {
        assert_ok(
            nxc__catalog_builder_new(NXC_STR("many"), NULL, NULL, &b, &err),
            err);
        for (int i = 0; i < N; i++) {
            char path[64], id[32];
            snprintf(path, sizeof path, "/things%d/{id}/parts%d", i / 10, i);
            snprintf(id, sizeof id, "op%d", i);
            add(b, NXC_METHOD_GET, path, id, "A thing");
        }
        assert_ok(
            nxc__catalog_builder_finish(b, "x", sha, round ? &again : &c, &err),
            err);
    }
    /* equal input, equal bytes */
    size_t size, size_again;
    const uint8_t *image = nxc__catalog_image(c, &size);
    const uint8_t *image_again = nxc__catalog_image(again, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(image, image_again, size);
    assert_true(nxc__catalog_version(c) == nxc__catalog_version(again));
    for (uint32_t i = 0; i < N; i++) {
        char key[64];
        snprintf(key, sizeof key, "op%u", i);
        assert_int_equal(nxc_catalog_find(c, nxc__str(key)), i);
        snprintf(key, sizeof key, "GET /things%u/{id}/parts%u", i / 10, i);
        assert_int_equal(nxc_catalog_find(c, nxc__str(key)), i);
        snprintf(key, sizeof key, "GET /things%u/77/parts%u", i / 10, i);
        assert_int_equal(nxc_catalog_find(c, nxc__str(key)), i);
    }
    nxc_catalog_free(c);
    nxc_catalog_free(again);
}

static void test_limit(void **state) {
    (void)state;
    nxc_error err;
    nxc_config *cfg;
    nxc__catalog_builder *b;
    nxc_catalog *c;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "max_operations", "2", &err), err);
    assert_ok(nxc__catalog_builder_new(NXC_STR("l"), cfg, NULL, &b, &err), err);
    add(b, NXC_METHOD_GET, "/a", "", "");
    add(b, NXC_METHOD_GET, "/b", "", "");
    nxc__operation_input op = op_input(NXC_METHOD_GET, "/c", "", "");
    assert_int_equal(nxc__catalog_builder_add(b, &op, &err), NXC_ERR_LIMIT);
    assert_non_null(strstr(err.message, "operations: expected at most 2 (max"));
    /* and the builder is as before */
    assert_ok(nxc__catalog_builder_finish(b, "x", sha, &c, &err), err);
    assert_int_equal(nxc_catalog_n_operations(c), 2);
    nxc_catalog_free(c);
    nxc_config_free(cfg);
}

/* ---------------------------------------------------------------- memory */

typedef struct failing {
    size_t n_left;  /* allocations until one fails, and all after it */
    int64_t n_live; /* bytes */
} failing;

static void *failing_realloc(void *ctx, void *ptr, size_t old_size,
                             size_t new_size) {
    failing *f = ctx;
    if (f->n_left == 0) return NULL;
    f->n_left--;
    void *p = nxc__realloc(&nxc__allocator_default, ptr, old_size, new_size);
    if (p) f->n_live += (int64_t)new_size - (int64_t)(ptr ? old_size : 0);
    return p;
}
static void failing_free(void *ctx, void *ptr, size_t size) {
    failing *f = ctx;
    if (ptr) f->n_live -= (int64_t)size;
    nxc__free(&nxc__allocator_default, ptr, size);
}

/* Every allocation fails once: the status says so and nothing is lost. */
static void test_out_of_memory(void **state) {
    (void)state;
    static const char text[] =
        "{\"openapi\":\"3.0.0\",\"paths\":{\"/a/{b}\":{\"get\":{\"tags\":"
        "[\"t\"],\"summary\":\"List\",\"responses\":{\"200\":{\"content\":"
        "{\"a/json\":{\"schema\":{\"$ref\":\"#/components/schemas/A\"}}}}}},"
        "\"post\":{\"parameters\":[{\"name\":\"p\",\"in\":\"query\"}]}}},"
        "\"components\":{\"schemas\":{\"A\":{\"required\":[\"x\"],"
        "\"properties\":{\"x\":{}}}}}}";
    for (size_t n = 0;; n++) {
        failing f = {n, 0};
        nxc_allocator alloc = {failing_realloc, failing_free, &f};
        nxc_catalog *c = NULL;
        nxc_error err;
        nxc_status st = nxc_catalog_import(NXC_STR("oom"), nxc__str(text), NULL,
                                           NULL, &alloc, &c, NULL, &err);
        if (st == NXC_OK) {
            nxc_catalog_free(c);
            assert_int_equal(f.n_live, 0);
            assert_in_range(n, 10, 1000);
            return;
        }
        assert_int_equal(st, NXC_ERR_NOMEM);
        assert_null(c);
        assert_int_equal(f.n_live, 0);
    }
}

/* ----------------------------------------------------------------- damage */

/* Reads whatever there is; with ASan an index out of range shows. */
static size_t walk(const nxc_catalog *c) {
    size_t sum = nxc__catalog_name(c).len;
    for (uint32_t i = 0; i < nxc_catalog_n_operations(c); i++) {
        nxc_operation op;
        nxc_field f;
        size_t n;
        assert_true(nxc_catalog_get_operation(c, i, &op));
        const nxc_str all[] = {op.id,   op.path, op.operation_id, op.summary,
                               op.tags, op.text, op.description,  op.resource};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            for (size_t b = 0; b < all[k].len; b++)
                sum += (unsigned char)all[k].ptr[b];
        for (int kind = 0; kind < 4; kind++)
            for (uint32_t k = 0;
                 nxc_catalog_get_field(c, i, (nxc_field_kind)kind, k, &f); k++)
                sum += f.name.len + f.in.len + f.type.len;
        const uint32_t *parents = nxc__catalog_parents(c, i, &n);
        for (size_t k = 0; k < n; k++)
            sum += nxc__catalog_resource_name(c, parents[k]).len;
        sum += nxc_catalog_find(c, op.id) + nxc_catalog_find(c, op.path);
    }
    sum += nxc_catalog_find(c, NXC_STR("POST /api/v1/users/u_1/orders"));
    sum += nxc__catalog_find_resource(c, NXC_STR("orders"));
    return sum + nxc__catalog_resources_related(c, 2, 3);
}

static uint8_t *copy_of(const uint8_t *image, size_t size) {
    uint8_t *copy = nxc__alloc(&nxc__allocator_default, size);
    assert_non_null(copy);
    memcpy(copy, image, size);
    return copy;
}

static void test_truncated(void **state) {
    (void)state;
    nxc_catalog *c = small_catalog(), *damaged = NULL;
    size_t size;
    const uint8_t *image = nxc__catalog_image(c, &size);
    for (size_t n = 0; n < size; n++) {
        nxc_error err;
        uint8_t *copy = copy_of(image, n);
        assert_int_equal(
            nxc__catalog_open_borrowed(copy, n, NULL, &damaged, &err),
            NXC_ERR_FORMAT);
        nxc__free(&nxc__allocator_default, copy, n);
    }
    assert_null(damaged);
    nxc_catalog_free(c);
}

static void seal(uint8_t *image, size_t size) {
    uint64_t sum = nxc__hash64(image + NXC_CATALOG_CHECKED_FROM,
                               size - NXC_CATALOG_CHECKED_FROM, 0);
    memcpy(image + offsetof(nxc__catalog_header, checksum), &sum, sizeof sum);
}

/* A flipped bit never opens; with a forged checksum it may, but then every
 * value can be read. */
static void test_flipped(void **state) {
    (void)state;
    nxc_catalog *c = small_catalog(), *other;
    size_t size, n_opened = 0;
    const uint8_t *image = nxc__catalog_image(c, &size);
    for (size_t i = 0; i < size * 8; i++) {
        nxc_error err;
        uint8_t *copy = copy_of(image, size);
        copy[i / 8] = (uint8_t)(copy[i / 8] ^ (1u << (i % 8)));
        assert_int_equal(
            nxc__catalog_open_borrowed(copy, size, NULL, &other, &err),
            NXC_ERR_FORMAT);
        seal(copy, size);
        if (nxc__catalog_open_borrowed(copy, size, NULL, &other, &err) ==
            NXC_OK) {
            n_opened++;
            walk(other);
            nxc_catalog_free(other);
        }
        nxc__free(&nxc__allocator_default, copy, size);
    }
    /* letters of strings may change, offsets and numbers may not */
    assert_in_range(n_opened, 1, size * 8 - 1);
    nxc_catalog_free(c);
}

/* Every aligned word of the image replaced by values that point elsewhere. */
static void test_forged_words(void **state) {
    (void)state;
    static const uint32_t values[] = {
        0, 1, 5, 0x7FFFFFFF, UINT32_MAX - 1, UINT32_MAX};
    nxc_catalog *c = small_catalog(), *other;
    size_t size;
    const uint8_t *image = nxc__catalog_image(c, &size);
    uint8_t *copy = copy_of(image, size);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            nxc_error err;
            memcpy(copy, image, size);
            memcpy(copy + i, &values[k], 4);
            uint64_t claimed;
            memcpy(&claimed, copy + offsetof(nxc__catalog_header, size), 8);
            if (claimed == size) seal(copy, size);
            if (nxc__catalog_open_borrowed(copy, size, NULL, &other, &err) ==
                NXC_OK) {
                walk(other);
                nxc_catalog_free(other);
            }
        }
    }
    nxc__free(&nxc__allocator_default, copy, size);
    nxc_catalog_free(c);
}

/* ------------------------------------------------------------------ files */

static void temporary(char path[64]) {
    snprintf(path, 64, "test_catalog_%ld.nxc", (long)getpid());
}

static void test_file(void **state) {
    (void)state;
    char path[64];
    nxc_error err;
    nxc_import_info info;
    nxc_catalog *c = small_catalog(), *again;
    temporary(path);
    assert_ok(nxc_catalog_save(c, path, &err), err);
    assert_ok(nxc_catalog_open(path, NULL, NULL, NULL, &again, &info, &err),
              err);
    assert_string_equal(info.format, "openapi-3.0");
    assert_string_equal(info.source_sha256, sha);
    assert_int_equal(info.n_operations, 4);
    assert_int_equal(info.n_webhooks, 1);
    assert_int_equal(walk(c), walk(again));
    assert_true(nxc__catalog_version(c) == nxc__catalog_version(again));
    assert_null(nxc__catalog_embeddings(again, "abc"));
    nxc_catalog_free(again);

    /* with embeddings: the same version, found by fingerprint only */
    float rows[5 * 384];
    for (int i = 0; i < 5 * 384; i++)
        rows[i] = (float)i / 1000;
    assert_ok(nxc__catalog_save_embedded(c, path, rows, "abc", &err), err);
    nxc_catalog_free(c);
    assert_ok(nxc_catalog_open(path, NULL, NULL, NULL, &c, NULL, &err), err);
    assert_null(nxc__catalog_embeddings(c, "abd"));
    assert_null(nxc__catalog_embeddings(c, NULL));
    assert_non_null(nxc__catalog_embeddings(c, "abc"));
    assert_memory_equal(nxc__catalog_embeddings(c, "abc"), rows, sizeof rows);
    /* and saving again keeps them */
    assert_ok(nxc_catalog_save(c, path, &err), err);
    assert_ok(nxc_catalog_open(path, NULL, NULL, NULL, &again, NULL, &err),
              err);
    assert_memory_equal(nxc__catalog_embeddings(again, "abc"), rows,
                        sizeof rows);
    assert_true(nxc__catalog_version(c) == nxc__catalog_version(again));
    nxc_catalog_free(again);
    nxc_catalog_free(c);
    unlink(path);
}

static void write_file(const char *path, const void *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    if (n) assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void test_damaged_embeddings(void **state) {
    (void)state;
    char path[64];
    nxc_error err;
    nxc_catalog *c = small_catalog(), *other;
    static float rows[5 * 384];
    nxc_str bytes;
    size_t size;
    temporary(path);
    nxc__catalog_image(c, &size);
    assert_int_equal(nxc__catalog_save_embedded(c, path, rows, "", &err),
                     NXC_ERR_INVALID);
    assert_ok(nxc__catalog_save_embedded(c, path, rows, "f", &err), err);
    assert_ok(nxc__file_read(path, SIZE_MAX / 2, &nxc__allocator_default,
                             &bytes, &err),
              err);
    for (size_t n = size + 1; n < bytes.len; n += n < size + 200 ? 1 : 500) {
        uint8_t *copy = copy_of((const uint8_t *)bytes.ptr, n);
        assert_int_equal(
            nxc__catalog_open_borrowed(copy, n, NULL, &other, &err),
            NXC_ERR_FORMAT);
        nxc__free(&nxc__allocator_default, copy, n);
    }
    for (size_t i = size; i < size + 200; i++) {
        uint8_t *copy = copy_of((const uint8_t *)bytes.ptr, bytes.len);
        copy[i] ^= 1;
        assert_int_equal(
            nxc__catalog_open_borrowed(copy, bytes.len, NULL, &other, &err),
            NXC_ERR_FORMAT);
        nxc__free(&nxc__allocator_default, copy, bytes.len);
    }
    /* a number that is none, under a good checksum */
    rows[383] = __builtin_nanf("");
    assert_ok(nxc__catalog_save_embedded(c, path, rows, "f", &err), err);
    assert_int_equal(
        nxc_catalog_open(path, NULL, NULL, NULL, &other, NULL, &err),
        NXC_ERR_FORMAT);
    assert_non_null(strstr(err.message, "finite"));
    union {
        const char *in;
        void *out;
    } p = {bytes.ptr};
    nxc__free(&nxc__allocator_default, p.out, bytes.len + 1);
    nxc_catalog_free(c);
    unlink(path);
}

static void test_raw_file(void **state) {
    (void)state;
    char path[64];
    nxc_error err;
    nxc_catalog *c = NULL;
    static const char text[] =
        "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{}}}}";
    temporary(path);
    write_file(path, text, sizeof text - 1);
    assert_ok(nxc_catalog_open(path, NULL, NULL, NULL, &c, NULL, &err), err);
    assert_int_equal(nxc_catalog_n_operations(c), 1);
    assert_true(nxc__str_starts(nxc__catalog_name(c), NXC_STR("test_catalog")));
    assert_false(nxc__str_ends(nxc__catalog_name(c), NXC_STR(".nxc")));
    nxc_catalog_free(c);
    c = NULL;
    write_file(path, NXC_CATALOG_MAGIC, 8);
    assert_int_equal(nxc_catalog_open(path, NULL, NULL, NULL, &c, NULL, &err),
                     NXC_ERR_FORMAT);
    assert_non_null(strstr(err.message, path));
    write_file(path, "", 0);
    assert_int_equal(nxc_catalog_open(path, NULL, NULL, NULL, &c, NULL, &err),
                     NXC_ERR_PARSE);
    unlink(path);
    assert_int_equal(nxc_catalog_open(path, NULL, NULL, NULL, &c, NULL, &err),
                     NXC_ERR_IO);
    assert_int_equal(nxc_catalog_open(".", NULL, NULL, NULL, &c, NULL, &err),
                     NXC_ERR_IO);
    assert_null(c);
}

/* A compiled catalog that comes through a pipe. */
static void test_stream(void **state) {
    (void)state;
    int fd[2];
    char path[32];
    size_t size;
    nxc_error err;
    nxc_catalog *c = small_catalog(), *again;
    const uint8_t *image = nxc__catalog_image(c, &size);
    for (int damaged = 0; damaged < 2; damaged++) {
        assert_in_range(size, 1, 65536);
        assert_int_equal(pipe(fd), 0);
        assert_int_equal(write(fd[1], image, size - (size_t)damaged),
                         size - (size_t)damaged);
        close(fd[1]);
        snprintf(path, sizeof path, "/dev/fd/%d", fd[0]);
        nxc_status st =
            nxc_catalog_open(path, NULL, NULL, NULL, &again, NULL, &err);
        close(fd[0]);
        assert_int_equal(st, damaged ? NXC_ERR_FORMAT : NXC_OK);
        if (damaged) continue;
        assert_int_equal(walk(c), walk(again));
        nxc_catalog_free(again);
    }
    nxc_catalog_free(c);
}

static void test_misaligned(void **state) {
    (void)state;
    nxc_error err;
    nxc_catalog *c = small_catalog(), *other;
    size_t size;
    const uint8_t *image = nxc__catalog_image(c, &size);
    uint8_t *block = nxc__alloc(&nxc__allocator_default, size + 4);
    assert_non_null(block);
    memcpy(block + 4, image, size);
    assert_int_equal(
        nxc__catalog_open_borrowed(block + 4, size, NULL, &other, &err),
        NXC_ERR_INVALID);
    nxc__free(&nxc__allocator_default, block, size + 4);
    nxc_catalog_free(c);
}

/* Kept whole, though only its beginning teaches the n-gram model. */
static void test_long_description(void **state) {
    (void)state;
    static char text[5001];
    nxc_error err;
    nxc__catalog_builder *b;
    nxc_catalog *c;
    nxc_operation op = {0};
    /* a two-byte letter across the border */
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = i < 3 ? 'a' : (i % 2 ? '\xC3' : '\xA9');
    assert_ok(nxc__catalog_builder_new(NXC_STR("d"), NULL, NULL, &b, &err),
              err);
    add(b, NXC_METHOD_GET, "/a", "", text);
    assert_ok(nxc__catalog_builder_finish(b, "x", sha, &c, &err), err);
    assert_true(nxc_catalog_get_operation(c, 0, &op));
    assert_int_equal(op.summary.len, 5000);
    assert_int_equal(nxc__catalog_method(c, 0), NXC_METHOD_GET);
    assert_int_equal(nxc__catalog_flags(c, 0), 0);
    nxc_catalog_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_resources),
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_duplicate_ids),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_method_names),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_forged_words),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_damaged_embeddings),
        cmocka_unit_test(test_raw_file),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_misaligned),
        cmocka_unit_test(test_long_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
