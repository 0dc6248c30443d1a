/* The payload of a learned session: what is read is written back the same. */
#include "learning/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc__learned_row row = {.payload = {(const char *)data, size}};
    nxc__arena arena;
    nxc__record r, again;
    nxc__buffer b;
    if (size == 0 || size > 65536) return 0;
    nxc__arena_init(&arena, &nxc__allocator_default, (size_t)64 << 20);
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)64 << 20);
    if (nxc__record_decode(&row, &arena, &r, NULL) == NXC_OK) {
        if (nxc__record_encode(&r, &b, NULL) != NXC_OK) __builtin_trap();
        row.payload = (nxc_str){b.data, b.len};
        if (nxc__record_decode(&row, &arena, &again, NULL) != NXC_OK ||
            again.n != r.n || again.n_texts != r.n_texts)
            __builtin_trap();
        for (size_t i = 0; i < r.n; i++)
            if (again.calls[i].operation != r.calls[i].operation ||
                again.calls[i].ms != r.calls[i].ms)
                __builtin_trap();
    }
    nxc__buffer_release(&b);
    nxc__arena_release(&arena);
    return 0;
}
