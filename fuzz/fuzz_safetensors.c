/* A safetensors file: open, read every tensor's first and last byte. */
#include "base/str.h"
#include "encoder/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc__safetensors st;
    nxc_error err;
    if (size > 65536) return 0;
    if (nxc__safetensors_open(&st, NXC_STR("fuzz"), data, size, NULL, &err) !=
        NXC_OK)
        return 0;
    volatile unsigned sink = 0;
    for (size_t i = 0; i < st.n; i++) {
        const nxc__tensor *t = &st.tensors[i];
        const uint8_t *bytes;
        if (t->bytes) sink += t->data[0] + t->data[t->bytes - 1];
        if (nxc__safetensors_get_f32(&st, t->name, t->rank, t->shape, &bytes,
                                     &err) == NXC_OK &&
            t->bytes)
            sink += bytes[t->bytes - 1];
    }
    (void)sink;
    nxc__safetensors_release(&st);
    return 0;
}
