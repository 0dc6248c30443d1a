/* A log of the format sessions, read without a store. */
#include "fuzz_learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_learn("sessions", data, size);
}
