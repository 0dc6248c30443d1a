#define NXC_BASE_ERROR_C
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NXC_STATUS(NAME, value, name, text, exit_code, http) \
    _Static_assert(NXC_##NAME == (value), "status.def and nextcall.h differ");
#include "base/status.def"
#undef NXC_STATUS

static const struct {
    const char *name, *text;
    int exit_code;
} rows[] = {
#define NXC_STATUS(NAME, value, name, text, exit_code, http) \
    {name, text, exit_code},
#include "base/status.def"
#undef NXC_STATUS
};
#define N_ROWS (sizeof rows / sizeof *rows)

const char *nxc_status_name(nxc_status status) {
    return (size_t)status < N_ROWS ? rows[status].name : "unknown";
}
const char *nxc_status_text(nxc_status status) {
    return (size_t)status < N_ROWS ? rows[status].text : "unknown status";
}
int nxc_status_exit_code(nxc_status status) {
    return (size_t)status < N_ROWS ? rows[status].exit_code : 1;
}
const char *nxc_version(void) { return NXC_VERSION_STRING; }

/* Control characters of quoted input must not reach a terminal or a log line;
 * a multi-byte character that the buffer cut is dropped. */
static void clean(char *s) {
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f) s[i] = '?';
    }
    size_t back = 0;
    while (back < 3 && back < n &&
           ((unsigned char)s[n - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back < n) {
        unsigned char lead = (unsigned char)s[n - 1 - back];
        size_t need = lead >= 0xF0   ? 3
                      : lead >= 0xE0 ? 2
                      : lead >= 0xC0 ? 1
                                     : 0;
        if (need > back) s[n - 1 - back] = 0;
    }
}

nxc_status nxc__error(nxc_error *err, nxc_status code, const char *fmt, ...) {
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        err->code = code;
        vsnprintf(err->message, sizeof err->message, fmt, ap);
        va_end(ap);
        clean(err->message);
    }
    return code;
}

nxc_status nxc__error_nomem(nxc_error *err, size_t size) {
    return nxc__error(err, NXC_ERR_NOMEM,
                      "memory: expected %zu bytes, got none", size);
}

nxc_status nxc__error_prefix(nxc_error *err, nxc_status code, const char *fmt,
                             ...) {
    if (err) {
        char old[sizeof err->message];
        memcpy(old, err->message, sizeof old);
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(err->message, sizeof err->message, fmt, ap);
        va_end(ap);
        if (n < 0) n = 0;
        if ((size_t)n < sizeof err->message)
            snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s",
                     old);
        err->code = code;
        clean(err->message);
    }
    return code;
}

#ifdef NXC_DEBUG
void nxc__assert_failed(const char *expr, const char *file, int line) {
    fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expr);
    abort();
}
#endif
