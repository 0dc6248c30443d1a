/*
 * Configuration files: lines `key = value` in a subset of TOML.
 *
 *     file    = { space [ key space "=" space value ] space [ "#" ... ] newline
 * } key     = letters, digits, "_", "-"; one of config.def in any case value =
 * text | "true" | "false" | number | list text    = '"' characters and escapes
 * '"' | "'" characters "'" list    = "[" text { "," text } [ "," ] "]", over
 * several lines
 *
 * Escapes are those of TOML 1.0: \b \t \n \f \r \" \\ \uXXXX \UXXXXXXXX. What
 * TOML has beside (tables, dotted keys, multi-line texts, dates, other numbers
 * than decimal ones) is an error that says so. A key stands once.
 *
 * One pass, without recursion. Errors begin "<name>:<line>: "; the value of an
 * option has the origin "<name>:<line>". Threading: pure.
 */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"

typedef struct reader {
    nxc_str name, text;
    size_t at, line;
    nxc__buffer value;           /* of the option being read */
    size_t lines[NXC_N_OPTIONS]; /* where each key stands; 0: nowhere */
    nxc_error *err;
} reader;

static bool is_end(const reader *r) { return r->at == r->text.len; }
static char peek(const reader *r) {
    return is_end(r) ? '\n' : r->text.ptr[r->at];
}
static bool take(reader *r, char c) {
    if (is_end(r) || peek(r) != c) return false;
    r->at++;
    return true;
}
static void skip_blanks(reader *r) {
    while (!is_end(r) && (peek(r) == ' ' || peek(r) == '\t'))
        r->at++;
}
static bool is_key_char(char c) {
    return nxc__is_alpha(c) || nxc__is_digit(c) || c == '_' || c == '-';
}

/* Put file and line before the message that a failure of status st left. */
static nxc_status blame(const reader *r, nxc_status st) {
    return nxc__error_prefix(r->err, st, "%.*s:%zu", NXC_STR_ARG(r->name),
                             r->line);
}

/* What stands here, up to a blank or the end of the line. */
static nxc_str word(const reader *r) {
    size_t end = r->at;
    while (end < r->text.len && !strchr(" \t\r\n", r->text.ptr[end]))
        end++;
    if (end == r->at) return NXC_STR("the end of the line");
    return nxc__str_slice(r->text, r->at, end);
}
static nxc_status unexpected(const reader *r, const char *expected) {
    nxc__error(r->err, NXC_ERR_PARSE, "expected %s, got %.*s", expected,
               NXC_STR_ARG(word(r)));
    return blame(r, NXC_ERR_PARSE);
}

/* A comment, then the end of the line. */
static nxc_status end_line(reader *r) {
    skip_blanks(r);
    if (!is_end(r) && peek(r) == '#')
        r->at = nxc__str_find(r->text, '\n', r->at);
    else if (peek(r) == '\r' && r->at + 1 < r->text.len &&
             r->text.ptr[r->at + 1] == '\n')
        r->at++;
    if (!is_end(r) && peek(r) != '\n')
        return unexpected(r, "a comment or the end of the line");
    if (take(r, '\n')) r->line++;
    return NXC_OK;
}

/* ------------------------------------------------------------------- texts */

static bool read_hex(reader *r, size_t n, uint32_t *out) {
    uint32_t cp = 0;
    for (size_t i = 0; i < n; i++) {
        char c = nxc__lower(peek(r));
        if (nxc__is_digit(c))
            cp = cp << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            cp = cp << 4 | (uint32_t)(c - 'a' + 10);
        else
            return false;
        r->at++;
    }
    *out = cp;
    return cp && cp <= 0x10FFFF && (cp < 0xD800 || cp > 0xDFFF);
}

static nxc_status read_escape(reader *r) {
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    char c = peek(r), utf8[4];
    const char *p = c ? strchr(from, c) : NULL;
    uint32_t cp;
    if (!is_end(r)) r->at++;
    if (p) {
        nxc__buffer_append_char(&r->value, to[p - from]);
        return NXC_OK;
    }
    if ((c == 'u' || c == 'U') && read_hex(r, c == 'u' ? 4 : 8, &cp)) {
        nxc__buffer_append(&r->value, utf8, nxc__utf8_encode(cp, utf8));
        return NXC_OK;
    }
    nxc__error(
        r->err, NXC_ERR_PARSE,
        "expected an escape of TOML (\\\\ for a backslash), got another");
    return blame(r, NXC_ERR_PARSE);
}

/* A text in its quotes, onto value. */
static nxc_status read_text(reader *r) {
    char quote = peek(r);
    if (is_end(r) || (quote != '"' && quote != '\''))
        return unexpected(r, "a text in quotes");
    r->at++;
    while (!take(r, quote)) {
        char c = peek(r);
        bool is_control = (unsigned char)c < 0x20 && c != '\t';
        if (is_end(r) || is_control || c == 0x7F) {
            nxc__error(r->err, NXC_ERR_PARSE,
                       "expected %c at the end of a text, got %s", quote,
                       is_end(r) || c == '\n' || c == '\r'
                           ? "the end of the line"
                           : "a control character");
            return blame(r, NXC_ERR_PARSE);
        }
        r->at++;
        if (c == '\\' && quote == '"')
            NXC_TRY(read_escape(r));
        else
            nxc__buffer_append_char(&r->value, c);
    }
    return NXC_OK;
}

/* ------------------------------------------------------------------- lists */

/* Blanks, comments and ends of lines between the elements of a list. */
static nxc_status skip_lines(reader *r) {
    for (;;) {
        skip_blanks(r);
        if (is_end(r)) return NXC_OK;
        if (peek(r) != '#' && peek(r) != '\n' && peek(r) != '\r') return NXC_OK;
        NXC_TRY(end_line(r));
    }
}

static nxc_status read_element(reader *r) {
    size_t start = r->value.len;
    NXC_TRY(read_text(r));
    nxc_str s = nxc__str_slice(nxc__buffer_str(&r->value), start, r->value.len);
    if (r->value.status == NXC_OK && s.len && nxc__str_find(s, ',', 0) == s.len)
        return NXC_OK;
    nxc__error(r->err, NXC_ERR_INVALID, "expected a name, got \"%.*s\"",
               NXC_STR_ARG(s));
    return blame(r, NXC_ERR_INVALID);
}

static nxc_status read_list(reader *r) {
    if (!take(r, '[')) return unexpected(r, "a list of texts in brackets");
    NXC_TRY(skip_lines(r));
    while (!take(r, ']')) {
        if (r->value.len) nxc__buffer_append_char(&r->value, ',');
        NXC_TRY(read_element(r));
        NXC_TRY(skip_lines(r));
        if (take(r, ','))
            NXC_TRY(skip_lines(r));
        else if (is_end(r) || peek(r) != ']')
            return unexpected(r, "a comma or ]");
    }
    return NXC_OK;
}

/* ------------------------------------------------------------------- lines */

/* true, false or a number, onto value. */
static nxc_status read_bare(reader *r, nxc__option o) {
    nxc_str w = word(r);
    char expected[80];
    w = nxc__str_slice(w, 0, nxc__str_find(w, '#', 0));
    bool is_bool =
        nxc__str_eq(w, NXC_STR("true")) || nxc__str_eq(w, NXC_STR("false"));
    bool is_number = w.len && (nxc__is_digit(w.ptr[0]) || w.ptr[0] == '-' ||
                               w.ptr[0] == '+');
    nxc__option_type type = nxc__config_type(o);
    if (!(type == NXC_TYPE_BOOL ? is_bool : is_number)) {
        nxc_config_option row;
        nxc__config_expected(o, expected, sizeof expected);
        (void)nxc_config_describe(o, &row);
        nxc__error(r->err, NXC_ERR_INVALID, "%s: expected %s, got %.*s",
                   row.name, expected, NXC_STR_ARG(word(r)));
        return blame(r, NXC_ERR_INVALID);
    }
    nxc__buffer_append_str(&r->value, w);
    r->at += w.len;
    return NXC_OK;
}

static nxc_status read_key(reader *r, nxc__option *out) {
    size_t start = r->at;
    while (!is_end(r) && is_key_char(peek(r)))
        r->at++;
    nxc_str key = nxc__str_slice(r->text, start, r->at);
    if (key.len == 0)
        return unexpected(
            r, peek(r) == '[' ? "key = value (there are no tables)" : "a key");
    skip_blanks(r);
    if (!take(r, '=')) return unexpected(r, "= after a key");
    nxc_status st = nxc__config_find(key, out, r->err);
    if (st != NXC_OK) return blame(r, st);
    if (r->lines[*out] == 0) {
        r->lines[*out] = r->line;
        return NXC_OK;
    }
    nxc__error(r->err, NXC_ERR_INVALID,
               "expected each key once, got %.*s again (line %zu has it)",
               NXC_STR_ARG(key), r->lines[*out]);
    return blame(r, NXC_ERR_INVALID);
}

static nxc_status read_pair(reader *r, nxc_config *cfg) {
    nxc__option o;
    size_t line = r->line;
    NXC_TRY(read_key(r, &o));
    skip_blanks(r);
    r->value.len = 0;
    switch (nxc__config_type(o)) {
    case NXC_TYPE_TEXT:
        NXC_TRY(read_text(r));
        break;
    case NXC_TYPE_LIST:
        NXC_TRY(read_list(r));
        break;
    case NXC_TYPE_INT:
    case NXC_TYPE_REAL:
    case NXC_TYPE_BOOL:
        NXC_TRY(read_bare(r, o));
        break;
    }
    size_t end = r->value.len;
    nxc__buffer_append_str(&r->value, r->name);
    nxc__buffer_printf(&r->value, ":%zu", line);
    NXC_TRY(nxc__buffer_status(&r->value, "value", r->err));
    nxc_str all = nxc__buffer_str(&r->value);
    nxc_status st =
        nxc__config_assign(cfg, o, nxc__str_slice(all, 0, end),
                           nxc__str_slice(all, end, all.len), r->err);
    return st == NXC_OK ? end_line(r) : blame(r, st);
}

static nxc_status read_lines(reader *r, nxc_config *cfg) {
    size_t bad = nxc__utf8_validate(r->text);
    if (bad < r->text.len) {
        for (size_t i = 0; i < bad; i++)
            r->line += r->text.ptr[i] == '\n';
        nxc__error(r->err, NXC_ERR_PARSE, "expected UTF-8, got byte 0x%02x",
                   (unsigned char)r->text.ptr[bad]);
        return blame(r, NXC_ERR_PARSE);
    }
    if (nxc__str_starts(r->text, NXC_STR("\xEF\xBB\xBF"))) r->at = 3;
    for (;;) {
        NXC_TRY(skip_lines(r));
        if (is_end(r)) return NXC_OK;
        NXC_TRY(read_pair(r, cfg));
    }
}

nxc_status nxc__config_read(nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_str name, nxc_str bytes, nxc_error *err) {
    reader r = {.name = name, .text = bytes, .line = 1, .err = err};
    nxc__buffer_init(&r.value, alloc, (size_t)1 << 21);
    nxc_status st = read_lines(&r, cfg);
    nxc__buffer_release(&r.value);
    return st;
}
