/* Notes of a model: a section of key=value lines after the trees. */
#include "ranker/model_notes.h"

#include <string.h>

#include "base/str.h"

static const char begin_line[] = "nextcall notes";
static const char end_line[] = "end of nextcall notes";

/* A walk over lines. */
typedef struct cursor {
    nxc_str text;
    size_t pos, line; /* of the next line; number of the one last read */
} cursor;

static bool next_line(cursor *c, nxc_str *out) {
    if (c->pos >= c->text.len) return false;
    size_t end = nxc__str_find(c->text, '\n', c->pos);
    *out = nxc__str_slice(c->text, c->pos, end);
    if (out->len && out->ptr[out->len - 1] == '\r') out->len--;
    c->pos = end < c->text.len ? end + 1 : end;
    c->line++;
    return true;
}

static bool is_line(nxc_str line, const char *z) {
    return nxc__str_eq(line, nxc__str(z));
}

/* To after the section's first line; *at is where that begins. False: the text
 * has none, and *at is its end. */
static bool find_section(cursor *c, size_t *at) {
    bool is_past_trees = false;
    for (nxc_str line;;) {
        *at = c->pos;
        if (!next_line(c, &line)) return false;
        if (is_past_trees && is_line(line, begin_line)) return true;
        is_past_trees |= is_line(line, "end of trees") ||
                         is_line(line, "feature importances:");
    }
}

static bool is_key(nxc_str key) {
    if (key.len == 0 || key.len > NXC_MAX_NOTE_KEY) return false;
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        if (!((c >= 'a' && c <= 'z') || nxc__is_digit(c) || c == '_' ||
              c == '.'))
            return false;
    }
    return true;
}

/* A line without bytes that would end it or a C string. */
static bool is_value(nxc_str value) {
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] == 0 || value.ptr[i] == '\n' || value.ptr[i] == '\r')
            return false;
    return true;
}

const char *nxc__model_notes_get(const nxc__model_notes *notes,
                                 const char *key) {
    for (size_t i = 0; i < notes->n; i++)
        if (strcmp(notes->items[i].key, key) == 0) return notes->items[i].value;
    return NULL;
}

static nxc_status add_note(nxc__model_notes *notes, nxc_str line,
                           nxc_error *err) {
    size_t eq = nxc__str_find(line, '=', 0);
    nxc_str key = nxc__str_slice(line, 0, eq);
    if (eq == line.len || !is_key(key))
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected a note key=value or \"%s\", got \"%.*s\"",
                          end_line, NXC_STR_ARG(line));
    nxc_str value = nxc__str_slice(line, eq + 1, line.len);
    if (!is_value(value))
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected one line of text as note %.*s, got a byte "
                          "that ends it",
                          NXC_STR_ARG(key));
    nxc_str k = nxc__arena_copy(&notes->arena, key);
    nxc_str v = nxc__arena_copy(&notes->arena, value);
    if (!k.ptr || !v.ptr) return nxc__error_nomem(err, line.len);
    if (nxc__model_notes_get(notes, k.ptr))
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected one note %s, got a second", k.ptr);
    notes->items[notes->n++] = (nxc__model_note){k.ptr, v.ptr};
    return NXC_OK;
}

/* The number of lines up to the section's last; it is whole, and the last of
 * the file. */
static nxc_status count_notes(cursor c, size_t *n, nxc_error *err) {
    nxc_str line = {NULL, 0};
    for (*n = 0; next_line(&c, &line) && !is_line(line, end_line);)
        if (++*n > NXC_MAX_NOTES)
            return nxc__error(err, NXC_ERR_LIMIT,
                              "expected at most %d notes, got more",
                              NXC_MAX_NOTES);
    if (!is_line(line, end_line))
        return nxc__error(err, NXC_ERR_PARSE,
                          "expected \"%s\", got the end of the file", end_line);
    while (next_line(&c, &line))
        if (nxc__str_trim(line).len)
            return nxc__error(err, NXC_ERR_PARSE,
                              "expected nothing after the notes, got \"%.*s\"",
                              NXC_STR_ARG(line));
    return NXC_OK;
}

/* c is at the section. */
static nxc_status read_section(cursor *c, nxc__model_notes *out,
                               nxc_error *err) {
    size_t n;
    NXC_TRY(count_notes(*c, &n, err));
    out->items = nxc__arena_alloc_array(&out->arena, n, sizeof *out->items);
    if (!out->items) return nxc__error_nomem(err, n * sizeof *out->items);
    for (nxc_str line; n && next_line(c, &line); n--)
        NXC_TRY(add_note(out, line, err));
    return NXC_OK;
}

nxc_status nxc__model_notes_read(nxc_str name, nxc_str text,
                                 const nxc_allocator *alloc,
                                 nxc__model_notes *out, nxc_error *err) {
    cursor c = {text, 0, 0};
    size_t at;
    memset(out, 0, sizeof *out);
    if (!find_section(&c, &at)) return NXC_OK;
    nxc__arena_init(&out->arena, nxc__allocator_or_default(alloc), SIZE_MAX);
    nxc_status st = read_section(&c, out, err);
    if (st == NXC_OK) return st;
    nxc__model_notes_release(out);
    if (st == NXC_ERR_NOMEM) return st;
    return nxc__error_prefix(err, st, "%.*s:%zu", NXC_STR_ARG(name), c.line);
}

void nxc__model_notes_release(nxc__model_notes *notes) {
    if (notes->arena.alloc) nxc__arena_release(&notes->arena);
    memset(notes, 0, sizeof *notes);
}

static void append_note(nxc__buffer *b, const nxc__model_note *note) {
    nxc__buffer_append_z(b, note->key);
    nxc__buffer_append_char(b, '=');
    nxc__buffer_append_z(b, note->value);
    nxc__buffer_append_char(b, '\n');
}

static bool has_key(const nxc__model_note *notes, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(notes[i].key, key) == 0) return true;
    return false;
}

nxc_status nxc__model_notes_set(nxc_str name, nxc_str text,
                                const nxc__model_note *notes, size_t n,
                                nxc__buffer *out, nxc_error *err) {
    nxc__model_notes old;
    cursor c = {text, 0, 0};
    size_t end;
    for (size_t i = 0; i < n; i++)
        if (!is_key(nxc__str(notes[i].key)) ||
            (notes[i].value && !is_value(nxc__str(notes[i].value))))
            return nxc__error(
                err, NXC_ERR_INVALID,
                "%.*s: expected a note of one line, got \"%.80s\"",
                NXC_STR_ARG(name), notes[i].key);
    NXC_TRY(nxc__model_notes_read(name, text, out->alloc, &old, err));
    (void)find_section(&c, &end);
    nxc__buffer_append(out, text.ptr, end);
    if (end && text.ptr[end - 1] != '\n') nxc__buffer_append_char(out, '\n');
    nxc__buffer_append_z(out, begin_line);
    nxc__buffer_append_char(out, '\n');
    for (size_t i = 0; i < old.n; i++)
        if (!has_key(notes, n, old.items[i].key))
            append_note(out, &old.items[i]);
    for (size_t i = 0; i < n; i++)
        if (notes[i].value) append_note(out, &notes[i]);
    nxc__buffer_append_z(out, end_line);
    nxc__buffer_append_char(out, '\n');
    nxc__model_notes_release(&old);
    return nxc__buffer_status(out, "model notes", err);
}
