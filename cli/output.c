/* Where results go: standard output, or a file that gets its name only when it
 * is whole. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

nxc_status cli_output_open(cli_output *o, const char *path, nxc_error *err) {
    o->path = path;
    o->file = stdout;
    if (!path || strcmp(path, "-") == 0) {
        o->path = NULL;
        return NXC_OK;
    }
    NXC_TRY(nxc__file_begin(path, &o->writer, err));
    o->file = fdopen(o->writer.fd, "wb");
    if (o->file) return NXC_OK;
    nxc__error(err, NXC_ERR_IO, "%s: expected to open, got: %s", path,
               strerror(errno));
    close(o->writer.fd);
    nxc__file_rollback(&o->writer);
    return NXC_ERR_IO;
}

nxc_status cli_output_close(cli_output *o, nxc_status st, nxc_error *err) {
    if (!o->path) return st; /* main looks after standard output */
    bool ok = fflush(o->file) == 0 && !ferror(o->file);
    ok = fclose(o->file) == 0 && ok;
    if (st == NXC_OK && !ok)
        st = nxc__error(
            err, NXC_ERR_IO,
            "%s: expected to write, got an error: is the disk full?", o->path);
    if (st == NXC_OK) return nxc__file_commit(&o->writer, err);
    nxc__file_rollback(&o->writer);
    return st;
}
