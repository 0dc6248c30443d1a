/* What a terminal shows: colour, progress, cells of a table. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

#include "command.h"

typedef enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color_when;
static color_when color_mode;

bool cli_set_color(const char *when) {
    static const char *const words[] = {"auto", "always", "never"};
    for (int i = COLOR_AUTO; i <= COLOR_NEVER; i++)
        if (strcmp(when, words[i]) == 0) {
            color_mode = (color_when)i;
            return true;
        }
    return false;
}
static bool is_set(const char *name) {
    const char *v = getenv(name);
    return v && *v;
}
bool cli_color(FILE *to) {
    if (color_mode != COLOR_AUTO) return color_mode == COLOR_ALWAYS;
    if (is_set("NO_COLOR")) return false;
    const char *force = getenv("CLICOLOR_FORCE");
    if (force && *force && strcmp(force, "0") != 0) return true;
    const char *term = getenv("TERM");
    return isatty(fileno(to)) && !(term && strcmp(term, "dumb") == 0);
}

double cli_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

size_t cli_columns(void) {
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40)
        return w.ws_col;
    return SIZE_MAX;
}

void cli_progress_start(cli_progress *p, const char *what) {
    p->what = what;
    p->start = p->last = cli_seconds();
    const char *term = getenv("TERM");
    p->is_shown = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
    p->is_drawn = false;
}

static void bar(char *out, size_t width, size_t done, size_t total) {
    size_t filled = total ? width * done / total : 0;
    for (size_t i = 0; i < width; i++)
        out[i] = i < filled ? '#' : '.';
    out[width] = 0;
}

bool cli_progress_step(void *progress, size_t done, size_t total) {
    cli_progress *p = progress;
    double now = cli_seconds();
    if (!p->is_shown || (now - p->last < 0.1 && done != total)) return true;
    p->last = now;
    p->is_drawn = true;
    double rate = (double)done / (now - p->start + 1e-9);
    if (total == 0) {
        fprintf(stderr, "\r\x1b[K%s %zu  %.0f/s", p->what, done, rate);
    } else {
        char text[25];
        bar(text, 24, done, total);
        fprintf(stderr, "\r\x1b[K%s [%s] %zu/%zu  %.0f/s  %.0f s left", p->what,
                text, done, total, rate,
                rate > 0 ? (double)(total - done) / rate : 0.0);
    }
    fflush(stderr);
    return true;
}
void cli_progress_end(cli_progress *p) {
    if (p->is_drawn) fputs("\r\x1b[K", stderr);
}

/* The next character of s: its bytes, 0 for a malformed one or a control
 * character (C0, C1), which is shown as '?' so that no document can give orders
 * to the terminal; and its columns. */
static size_t next_char(nxc_str s, size_t at, size_t *columns) {
    utf8proc_int32_t cp;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + at,
                                          (utf8proc_ssize_t)(s.len - at), &cp);
    if (n <= 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
        *columns = 1;
        return 0;
    }
    int width = utf8proc_charwidth(cp);
    *columns = width > 0 ? (size_t)width : 0;
    return (size_t)n;
}

static size_t width_of(nxc_str s) {
    size_t total = 0, columns;
    for (size_t i = 0; i < s.len;) {
        size_t n = next_char(s, i, &columns);
        total += columns;
        i += n ? n : 1;
    }
    return total;
}

void cli_print_text(FILE *to, nxc_str s, bool with_newlines) {
    for (size_t i = 0; i < s.len;) {
        size_t columns, n = next_char(s, i, &columns);
        bool is_space = s.ptr[i] == '\n' || s.ptr[i] == '\t';
        if (n || (with_newlines && is_space))
            fwrite(s.ptr + i, 1, n ? n : 1, to);
        else
            fputc('?', to);
        i += n ? n : 1;
    }
}

void cli_print_cell(FILE *to, nxc_str s, size_t width) {
    size_t all = width_of(s), room = all > width ? width - 1 : width, used = 0;
    for (size_t i = 0; i < s.len;) {
        size_t columns, n = next_char(s, i, &columns);
        if (used + columns > room) break;
        if (n)
            fwrite(s.ptr + i, 1, n, to);
        else
            fputc('?', to);
        used += columns;
        i += n ? n : 1;
    }
    if (all > width) {
        fputs("\xE2\x80\xA6", to);
        used++;
    }
    for (; used < width; used++)
        fputc(' ', to);
}
