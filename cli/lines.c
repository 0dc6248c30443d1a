/* Lines of a file or of standard input. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "command.h"

nxc_status cli_lines_open(cli_lines *l, const char *path, size_t max,
                          nxc_error *err) {
    memset(l, 0, sizeof *l);
    l->max = max;
    if (strcmp(path, "-") == 0) {
        l->in = stdin;
        l->name = "standard input";
        return NXC_OK;
    }
    l->in = fopen(path, "re");
    l->name = path;
    if (!l->in)
        return nxc__error(err, NXC_ERR_IO, "%s: expected to open, got: %s",
                          path, strerror(errno));
    return NXC_OK;
}

static bool push(cli_lines *l, char c) {
    if (l->len == l->max) {
        l->too_long = true;
        return true;
    }
    if (l->len == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4096;
        char *p = nxc__realloc(&nxc__allocator_default, l->line, l->cap, cap);
        if (!p) return false;
        l->line = p;
        l->cap = cap;
    }
    l->line[l->len++] = c;
    return true;
}

bool cli_lines_next(cli_lines *l) {
    l->len = 0;
    l->too_long = false;
    int c = getc_unlocked(l->in);
    if (c == EOF) return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(l->in))
        if (!push(l, (char)c)) return false;
    if (l->len && l->line[l->len - 1] == '\r') l->len--;
    l->number++;
    return true;
}

void cli_lines_close(cli_lines *l) {
    if (l->in && l->in != stdin) fclose(l->in);
    nxc__free(&nxc__allocator_default, l->line, l->cap);
}
