/* A .npy file of float32 or float64 rows, written as they come: the header's
 * row count is filled in at the end. */
#ifndef NXC_CLI_NPY_H
#define NXC_CLI_NPY_H

#include "command.h"

typedef struct cli_npy {
    cli_output output;
    size_t columns, rows; /* columns 0: one dimension */
    size_t item_bytes;
} cli_npy;

nxc_status cli_npy_open(cli_npy *npy, const char *path, size_t columns,
                        nxc_error *err);
nxc_status cli_npy_open_f64(cli_npy *npy, const char *path, size_t columns,
                            nxc_error *err);
/* n rows of what it was opened for. */
void cli_npy_append(cli_npy *npy, const void *rows, size_t n);
/* Write n rows of float at row first instead; the file then has at least
 * first + n. Thread-safety: any, of rows that do not overlap. */
nxc_status cli_npy_write_at(cli_npy *npy, size_t first, const float *rows,
                            size_t n, nxc_error *err);
/* After a failure st nothing is left of it. Returns st, or what went wrong with
 * the file. */
nxc_status cli_npy_close(cli_npy *npy, nxc_status st, nxc_error *err);

#endif
