/* Rows of numbers from a .npy or a CSV file, in blocks; the file is untrusted.
 *     open -> next* -> close */
#ifndef NXC_CLI_MATRIX_H
#define NXC_CLI_MATRIX_H

#include "command.h"

typedef struct cli_matrix {
    const char *path;
    size_t columns, rows_read;
    bool is_csv;
    /* .npy: float32 or float64, C order */
    nxc__mapping map;
    size_t at, rows, item_bytes, forgotten;
    /* CSV */
    cli_lines lines;
    bool has_line; /* the first one is no header and waits */
} cli_matrix;

/* columns: what each row must have (0: any number, of a .npy); name(user, i) is
 * column i's, for a header row of a CSV file, or NULL. The kind goes by the
 * name: .npy, else CSV, "-" is standard input. */
nxc_status cli_matrix_open(cli_matrix *m, const char *path, size_t columns,
                           const char *(*name)(const void *user, size_t i),
                           const void *user, nxc_error *err);
/* Up to max rows into out (max, columns); *n is 0 at the end. CSV: an empty
 * cell, NA or nan is a missing value. */
nxc_status cli_matrix_next(cli_matrix *m, double *out, size_t max, size_t *n,
                           nxc_error *err);
void cli_matrix_close(cli_matrix *m);

#endif
