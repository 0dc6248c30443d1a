/* Writing a NumPy .npy file (format 1.0) of float32 rows, count known last. */
#ifndef NXC_CLI_NPY_H
#define NXC_CLI_NPY_H

#include <stdio.h>

#include <nextcall/nextcall.h>

typedef struct cli_npy {
    FILE *file;
    const char *path;
    size_t columns, rows;
} cli_npy;

nxc_status cli_npy_open(cli_npy *npy, const char *path, size_t columns,
                        nxc_error *err);
void cli_npy_append(cli_npy *npy, const float *rows, size_t n);
/* Writes the header with the number of rows; closes in any case. */
nxc_status cli_npy_close(cli_npy *npy, nxc_error *err);

#endif
