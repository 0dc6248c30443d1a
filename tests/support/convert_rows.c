/* Vectors through rows of the embedding file and back.
 *
 *     convert_rows float32|float16|int8 <in >out
 *
 * In and out are float32, 384 values a vector. */
#include <stdio.h>
#include <string.h>

#include "cache/embedding_row.h"

enum { DIM = 384 };

int main(int argc, char **argv) {
    static const char *const names[] = {"float32", "float16", "int8"};
    nxc__row_shape shape = {NXC_ROW_F32, DIM, 1};
    float v[DIM];
    _Alignas(8) uint8_t row[2048];
    size_t type = 0;
    while (type < 3 && argc == 2 && strcmp(argv[1], names[type]) != 0)
        type++;
    if (argc != 2 || type == 3) {
        fputs("usage: convert_rows float32|float16|int8\n", stderr);
        return 2;
    }
    shape.type = (nxc__row_type)type;
    while (fread(v, sizeof v, 1, stdin) == 1) {
        nxc__row_encode(&shape, (nxc__hash128){1, 2}, v, row);
        if (!nxc__row_is_sound(&shape, row)) return 1;
        nxc__row_decode(&shape, row, v);
        if (fwrite(v, sizeof v, 1, stdout) != 1) return 1;
    }
    return 0;
}
