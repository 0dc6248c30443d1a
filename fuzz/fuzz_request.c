/* A request in JSON: read it, take every call apart. */
#include "session/session.h"
#include "workflow/workflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc_str text = {(const char *)data, size};
    nxc_request r = NXC_REQUEST_INIT;
    nxc__arena arena;
    nxc_error err;
    if (size > 65536) return 0;
    nxc__arena_init(&arena, &nxc__allocator_default, (size_t)16 << 20);
    if (nxc__request_read((nxc_str){"fuzz", 4}, text, NULL, &arena, NULL, &r,
                          &err) == NXC_OK)
        for (size_t i = 0; i < r.n_history; i++) {
            const nxc_call *c = &r.history[i];
            nxc_method m;
            nxc_str path, name;
            nxc__call_parse(c->call.len ? c->call : c->path, &m, &path, &name);
            (void)nxc__workflow_state(m, path, name);
        }
    (void)nxc__workflow_prompt_methods(r.prompt);
    nxc__arena_release(&arena);
    return 0;
}
