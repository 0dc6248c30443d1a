/* Importing documents given as text, for the tests of the readers. */
#ifndef NXC_CATALOG_TEST_H
#define NXC_CATALOG_TEST_H

#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "support/nxc_test.h"

/* Import a copy of the exact size, so that ASan sees an over-read. */
static inline nxc_status import_bytes(nxc_str text, const char *filter,
                                      nxc_catalog **out, nxc_import_info *info,
                                      nxc_error *err) {
    char *exact = nxc__alloc(&nxc__allocator_default, text.len);
    assert_non_null(exact);
    if (text.len) memcpy(exact, text.ptr, text.len);
    nxc_status st =
        nxc_catalog_import(NXC_STR("doc"), (nxc_str){exact, text.len}, filter,
                           NULL, NULL, out, info, err);
    nxc__free(&nxc__allocator_default, exact, text.len);
    return st;
}

static inline nxc_catalog *import_ok(const char *text, const char *filter,
                                     nxc_import_info *info) {
    nxc_catalog *c = NULL;
    nxc_error err;
    assert_ok(import_bytes(nxc__str(text), filter, &c, info, &err), err);
    return c;
}

/* What must come of a document that is refused. */
static inline void import_fails(const char *text, nxc_status status,
                                const char *message) {
    nxc_catalog *c = NULL;
    nxc_error err;
    nxc_status st = import_bytes(nxc__str(text), NULL, &c, NULL, &err);
    if (st != status || !strstr(err.message, message))
        fail_msg("%s\nexpected %s with \"%s\", got %s: %s", text,
                 nxc_status_name(status), message, nxc_status_name(st),
                 st == NXC_OK ? "" : err.message);
    assert_null(c);
}

/* Every prefix is refused, or is a catalog of its own; nothing leaks. */
static inline void import_prefixes(const char *text) {
    for (size_t n = 0; n < strlen(text); n++) {
        nxc_catalog *c = NULL;
        nxc_error err;
        nxc_status st = import_bytes((nxc_str){text, n}, NULL, &c, NULL, &err);
        if (st == NXC_OK) nxc_catalog_free(c);
        if (st != NXC_OK && !strstr(err.message, "doc"))
            fail_msg("prefix of %zu bytes: message without a place: %s", n,
                     err.message);
    }
}

/* Every byte flipped, a bit each. */
static inline void import_flips(const char *text, uint64_t seed) {
    size_t n = strlen(text);
    char *copy = nxc__alloc(&nxc__allocator_default, n);
    assert_non_null(copy);
    for (size_t i = 0; i < n; i++) {
        nxc_catalog *c = NULL;
        nxc_error err;
        memcpy(copy, text, n);
        copy[i] = (char)(copy[i] ^ (1 << (nxc_random(&seed) % 8)));
        if (import_bytes((nxc_str){copy, n}, NULL, &c, NULL, &err) == NXC_OK)
            nxc_catalog_free(c);
    }
    nxc__free(&nxc__allocator_default, copy, n);
}

/* "name:in:type!" for each field of a kind, separated by spaces; "!" if it is
 * required. */
static inline const char *field_list(const nxc_catalog *c, uint32_t op,
                                     nxc_field_kind kind) {
    static char text[4096];
    size_t n = 0;
    nxc_field f;
    text[0] = 0;
    for (uint32_t i = 0; nxc_catalog_get_field(c, op, kind, i, &f); i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s:%.*s:%.*s%s",
                              i ? " " : "", NXC_STR_ARG(f.name),
                              NXC_STR_ARG(f.in), NXC_STR_ARG(f.type),
                              f.required ? "!" : "");
    return text;
}

#define assert_fields(c, op, kind, expected) \
    assert_string_equal(field_list((c), (op), (kind)), (expected))

#endif
