/* A log of the format json, read without a store. */
#include "fuzz_learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_learn("json", data, size);
}
