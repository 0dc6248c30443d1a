#include "npy.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

/* Source: NumPy enhancement proposal 1, format version 1.0. */
#define HEADER_BYTES 128

static void write_header(cli_npy *npy) {
    char header[HEADER_BYTES];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER_BYTES - 10;
    header[9] = 0;
    int n = snprintf(header + 10, sizeof header - 10,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, "
                     "%zu), }",
                     npy->rows, npy->columns);
    header[10 + n] = ' ';
    header[HEADER_BYTES - 1] = '\n';
    fwrite(header, 1, sizeof header, npy->file);
}

nxc_status cli_npy_open(cli_npy *npy, const char *path, size_t columns,
                        nxc_error *err) {
    npy->path = path;
    npy->columns = columns;
    npy->rows = 0;
    npy->file = fopen(path, "wbe");
    if (!npy->file)
        return nxc__error(err, NXC_ERR_IO, "%s: expected to create, got: %s",
                          path, strerror(errno));
    write_header(npy);
    return NXC_OK;
}
void cli_npy_append(cli_npy *npy, const float *rows, size_t n) {
    fwrite(rows, sizeof(float), n * npy->columns, npy->file);
    npy->rows += n;
}
nxc_status cli_npy_close(cli_npy *npy, nxc_error *err) {
    bool ok = fseek(npy->file, 0, SEEK_SET) == 0;
    if (ok) write_header(npy);
    ok = !ferror(npy->file) && ok;
    ok = fclose(npy->file) == 0 && ok;
    return ok ? NXC_OK
              : nxc__error(err, NXC_ERR_IO,
                           "%s: expected to write %zu rows, got an error",
                           npy->path, npy->rows);
}
