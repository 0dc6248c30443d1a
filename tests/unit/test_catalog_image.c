/* Catalog images: what goes in comes out, and no damaged image opens. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "catalog/catalog.h"
#include "catalog/catalog_format.h"
#include "support/catalog_doubles.h"
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
    nxc_catalog_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
