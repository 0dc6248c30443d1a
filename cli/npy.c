#include "npy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* Source: NumPy enhancement proposal 1, format version 1.0. */
#define HEADER_BYTES 128

static void write_header(cli_npy *npy) {
    char header[HEADER_BYTES];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER_BYTES - 10;
    header[9] = 0;
    char columns[32] = "";
    if (npy->columns) snprintf(columns, sizeof columns, " %zu", npy->columns);
    int n = snprintf(header + 10, sizeof header - 10,
                     "{'descr': '<f%zu', 'fortran_order': False, 'shape': "
                     "(%zu,%s), }",
                     npy->item_bytes, npy->rows, columns);
    header[10 + n] = ' ';
    header[HEADER_BYTES - 1] = '\n';
    fwrite(header, 1, sizeof header, npy->output.file);
}

static nxc_status open_npy(cli_npy *npy, const char *path, size_t columns,
                           size_t item_bytes, nxc_error *err) {
    npy->item_bytes = item_bytes;
    npy->columns = columns;
    npy->rows = 0;
    NXC_TRY(cli_output_open(&npy->output, path, err));
    if (fseek(npy->output.file, 0, SEEK_SET) != 0)
        return cli_output_close(
            &npy->output,
            nxc__error(err, NXC_ERR_UNSUPPORTED,
                       "%s: expected a file, got something that cannot be "
                       "rewound",
                       path),
            err);
    write_header(npy);
    return NXC_OK;
}
nxc_status cli_npy_open(cli_npy *npy, const char *path, size_t columns,
                        nxc_error *err) {
    return open_npy(npy, path, columns, sizeof(float), err);
}
nxc_status cli_npy_open_f64(cli_npy *npy, const char *path, size_t columns,
                            nxc_error *err) {
    return open_npy(npy, path, columns, sizeof(double), err);
}
void cli_npy_append(cli_npy *npy, const void *rows, size_t n) {
    size_t width = npy->columns ? npy->columns : 1;
    fwrite(rows, npy->item_bytes, n * width, npy->output.file);
    npy->rows += n;
}
nxc_status cli_npy_write_at(cli_npy *npy, size_t first, const float *rows,
                            size_t n, nxc_error *err) {
    size_t row = npy->columns * sizeof *rows;
    const char *from = (const char *)(const void *)rows;
    for (size_t done = 0; done < n * row;) {
        ssize_t k =
            pwrite(fileno(npy->output.file), from + done, n * row - done,
                   (off_t)(HEADER_BYTES + first * row + done));
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0)
            return nxc__error(err, NXC_ERR_IO, "%s: %s", npy->output.path,
                              strerror(errno));
        done += (size_t)k;
    }
    return NXC_OK;
}
nxc_status cli_npy_close(cli_npy *npy, nxc_status st, nxc_error *err) {
    if (st == NXC_OK && fseek(npy->output.file, 0, SEEK_SET) == 0)
        write_header(npy);
    return cli_output_close(&npy->output, st, err);
}
