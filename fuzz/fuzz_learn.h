/* Reading a log against a small catalog, for the targets of the formats. What
 * is wrong with it is counted, never a failure. */
#ifndef NXC_FUZZ_LEARN_H
#define NXC_FUZZ_LEARN_H

#include "base/str.h"
#include "catalog/catalog.h"

static nxc_catalog *fuzz_learn_catalog(void) {
    static const char *const paths[] = {"/users", "/users/{id}",
                                        "/users/{id}/orders", "/logo.png"};
    nxc__catalog_builder *b;
    nxc_catalog *c;
    if (nxc__catalog_builder_new((nxc_str){"c", 1}, NULL, NULL, &b, NULL) !=
        NXC_OK)
        __builtin_trap();
    for (size_t i = 0; i < 8; i++) {
        nxc__operation_input op = {.method =
                                       i & 1 ? NXC_METHOD_GET : NXC_METHOD_POST,
                                   .path = nxc__str(paths[i / 2])};
        if (i == 1) op.operation_id = NXC_STR("listUsers");
        if (nxc__catalog_builder_add(b, &op, NULL) != NXC_OK) __builtin_trap();
    }
    if (nxc__catalog_builder_finish(b, "fuzz", "", &c, NULL) != NXC_OK)
        __builtin_trap();
    return c;
}

static int fuzz_learn(const char *format, const uint8_t *data, size_t size) {
    static nxc_engine *engine; /* lives as long as the process */
    static nxc_learn_report report;
    nxc_learn_options options = NXC_LEARN_OPTIONS_INIT;
    if (size > 65536) return 0;
    if (!engine &&
        (nxc_engine_open(NULL, NULL, &engine, NULL) != NXC_OK ||
         nxc_engine_add_catalog(engine, (nxc_str){"c", 1}, fuzz_learn_catalog(),
                                NULL) != NXC_OK))
        __builtin_trap();
    report = (nxc_learn_report)NXC_LEARN_REPORT_INIT;
    options.format = format;
    options.dry_run = true;
    options.keep_prompts = true;
    nxc_str text = {size ? (const char *)data : "", size};
    if (nxc_engine_learn(engine, (nxc_str){"log", 3}, text, &options, &report,
                         NULL) != NXC_OK)
        __builtin_trap();
    if (report.n_new > report.n_calls) __builtin_trap();
    return 0;
}

#endif
