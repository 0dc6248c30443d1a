/* A session in JSON or JSONL, resolved against a small catalog. */
#include "base/str.h"
#include "session/session.h"
#include "workflow/workflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static nxc_catalog *build(void) {
    static const char *const paths[] = {"/users", "/users/{id}",
                                        "/users/{id}/orders",
                                        "/users/{id}/orders/{oid}"};
    nxc__catalog_builder *b;
    nxc_catalog *c;
    if (nxc__catalog_builder_new((nxc_str){"c", 1}, NULL, NULL, &b, NULL) !=
        NXC_OK)
        return NULL;
    for (size_t i = 0; i < 8; i++) {
        nxc__operation_input op = {.method =
                                       i & 1 ? NXC_METHOD_GET : NXC_METHOD_POST,
                                   .path = nxc__str(paths[i / 2])};
        if (nxc__catalog_builder_add(b, &op, NULL) != NXC_OK) return NULL;
    }
    return nxc__catalog_builder_finish(b, "fuzz", "", &c, NULL) == NXC_OK
               ? c
               : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static nxc_catalog *catalog; /* built once, lives as long as the process */
    static uint8_t states[8];
    nxc_str text = {(const char *)data, size};
    nxc_request r = NXC_REQUEST_INIT;
    nxc__session s;
    nxc__workflow w;
    nxc__arena arena;
    nxc_error err;
    if (size > 65536) return 0;
    if (!catalog) {
        catalog = build();
        if (!catalog) __builtin_trap();
        nxc__workflow_states(catalog, states);
    }
    nxc__arena_init(&arena, &nxc__allocator_default, (size_t)16 << 20);
    if (nxc__session_read((nxc_str){"fuzz", 4}, text, NULL, &arena, NULL, &r,
                          &err) == NXC_OK &&
        nxc__session_resolve(catalog, &r, NULL, &arena, &s, &err) == NXC_OK) {
        nxc__workflow_observe(&s, states, 0, 0.7, NXC_PATTERNS_ALL, &w);
        if (s.n != r.n_history || !(w.confidence >= 0 && w.confidence <= 1))
            __builtin_trap();
    }
    nxc__arena_release(&arena);
    return 0;
}
