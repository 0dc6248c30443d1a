/* A catalog of eight operations for the tests of features. */
#ifndef NXC_SMALL_CATALOG_H
#define NXC_SMALL_CATALOG_H

#include "catalog/catalog.h"
#include "support/nxc_test.h"

enum small_operation {
    LIST_CUSTOMERS,
    GET_CUSTOMER,
    CREATE_ORDER,
    PUT_INVOICE,
    DELETE_INVOICE,
    PATCH_CUSTOMER,
    HEAD_FILES,
    SEARCH_BOOKS, /* a tool */
    N_SMALL_OPERATIONS
};

static inline nxc_catalog *small_catalog(void) {
    static const struct {
        nxc_method method;
        const char *path, *name, *summary;
    } rows[N_SMALL_OPERATIONS] = {
        {NXC_METHOD_GET, "/v1/customers", "listCustomers",
         "List all customers"},
        {NXC_METHOD_GET, "/v1/customers/{customer}", "getCustomer",
         "Retrieve a customer"},
        {NXC_METHOD_POST, "/v1/customers/{customer}/orders", "createOrder",
         "Create an order of a customer"},
        {NXC_METHOD_PUT, "/v1/invoices/{invoice}", "putInvoice", ""},
        {NXC_METHOD_DELETE, "/v1/invoices/{invoice}", "deleteInvoice",
         "Delete a draft invoice"},
        {NXC_METHOD_PATCH, "/v1/customers/{customer}", "patchCustomer",
         "Change a customer"},
        {NXC_METHOD_HEAD, "/v1/files", "headFiles", ""},
        {NXC_METHOD_NONE, "", "search_books", "Find books by title"},
    };
    nxc__catalog_builder *b;
    nxc_catalog *catalog;
    nxc_error err;
    assert_ok(nxc__catalog_builder_new(NXC_STR("small"), NULL,
                                       &nxc__allocator_default, &b, &err),
              err);
    for (size_t i = 0; i < N_SMALL_OPERATIONS; i++) {
        nxc__operation_input op = {.method = rows[i].method,
                                   .path = nxc__str(rows[i].path),
                                   .operation_id = nxc__str(rows[i].name),
                                   .summary = nxc__str(rows[i].summary)};
        assert_ok(nxc__catalog_builder_add(b, &op, &err), err);
    }
    assert_ok(nxc__catalog_builder_finish(
                  b, "test",
                  "0000000000000000000000000000000000000000000000000000000000"
                  "000000",
                  &catalog, &err),
              err);
    return catalog;
}

#endif
