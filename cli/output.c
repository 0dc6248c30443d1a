/* Where results go: standard output, or a file that gets its name only when it
 * is whole. A signal that ends the command takes the half of it away; one file
 * is written at a time. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static char unfinished[sizeof((nxc__file_writer *)0)->temp];

static void take_away(int signal_number) {
    if (unfinished[0]) unlink(unfinished);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}
static void watch(const char *temp) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    memcpy(unfinished, temp, strlen(temp) + 1);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (signal(ends[i], take_away) == SIG_IGN) signal(ends[i], SIG_IGN);
}

nxc_status cli_output_open(cli_output *o, const char *path, nxc_error *err) {
    o->path = path;
    o->file = stdout;
    if (!path || strcmp(path, "-") == 0) {
        o->path = NULL;
        return NXC_OK;
    }
    NXC_TRY(nxc__file_begin(path, &o->writer, err));
    watch(o->writer.temp);
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
    if (st == NXC_OK)
        st = nxc__file_commit(&o->writer, err);
    else
        nxc__file_rollback(&o->writer);
    unfinished[0] = 0;
    return st;
}
