/*
 * Statistics of sessions that are read, asked as is read, for a comparison with
 * another implementation.
 *     ask_statistics N_OPERATIONS NOW HALF_LIFE VECTORS < lines > answers
 * VECTORS: 384 float32 for each text, little-endian, or "-". Lines:
 *     text T                          the next row
 *     session KEY GROUP TIME CALL...  CALL: OPERATION:PROMPT:DELTA, rows of
 *                                     texts or -1; TIME may be nan
 *     ask GROUP PROMPT DELTA OPERATION...   GROUP 0: no one is left out
 * An answer is a line {"name":[numbers or null] or number or null,...}.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "base/str.h"
#include "statistics/statistics.h"

#define MAX_LINE ((size_t)1 << 20)
#define MAX_CALLS 4096

typedef struct work {
    nxc__learned learned;
    nxc__statistics *s;
    nxc__statistics_options options;
    nxc__arena arena;
    nxc_str *texts;
    nxc__buffer out;
} work;

/* The next word of *rest, cut off. */
static nxc_str word(nxc_str *rest) {
    size_t end = nxc__str_find(*rest, ' ', 0);
    nxc_str w = nxc__str_slice(*rest, 0, end);
    *rest = nxc__str_slice(*rest, end < rest->len ? end + 1 : end, rest->len);
    return w;
}
static uint32_t number(nxc_str w) {
    int64_t v = 0;
    return nxc__parse_int(w, 0, UINT32_MAX, &v) ? (uint32_t)v : NXC_NONE;
}
static double real(nxc_str w) {
    double v = (double)NAN;
    return nxc__parse_double(w, &v) ? v : (double)NAN;
}
static nxc__hash128 key_of(nxc_str w) { return (nxc__hash128){number(w), 0}; }

static nxc_status read_session(work *w, nxc_str line, nxc_error *err) {
    static nxc__learned_call calls[MAX_CALLS];
    nxc__learned_session x;
    memset(&x, 0, sizeof x);
    x.key = key_of(word(&line));
    x.group = key_of(word(&line));
    x.time = real(word(&line));
    while (line.len && x.n < MAX_CALLS) {
        nxc_str call = word(&line);
        size_t a = nxc__str_find(call, ':', 0),
               b = nxc__str_find(call, ':', a + 1);
        calls[x.n++] = (nxc__learned_call){
            number(nxc__str_slice(call, 0, a)),
            number(nxc__str_slice(call, a + 1, b)),
            number(nxc__str_slice(call, b + 1, call.len)), NAN};
    }
    return nxc__learned_add(&w->learned, &x, calls, err);
}

static void put(work *w, const char *name, const float *x, size_t n) {
    nxc__buffer_printf(&w->out, "%s\"%s\":", w->out.len > 1 ? "," : "", name);
    if (!x || n > 1) nxc__buffer_append_z(&w->out, x ? "[" : "null");
    for (size_t i = 0; x && i < n; i++) {
        if (i) nxc__buffer_append_char(&w->out, ',');
        nxc__buffer_append_double(&w->out, (double)x[i]);
    }
    if (x && n > 1) nxc__buffer_append_char(&w->out, ']');
}

static void put_transitions(work *w, const nxc__transitions *t) {
    size_t n = w->options.n_operations;
#define ARRAY(name) put(w, #name, t->name, n)
#define VALUE(name) put(w, #name, &t->name, 1)
    ARRAY(popularity);
    ARRAY(first);
    ARRAY(order1);
    ARRAY(count1);
    ARRAY(order2);
    ARRAY(count2);
    ARRAY(sessions);
    ARRAY(repeats);
    ARRAY(repeat_n);
    ARRAY(self);
    VALUE(n_popularity);
    VALUE(n1);
    VALUE(n2);
}
static void put_neighbours(work *w, const nxc__neighbours *t) {
    size_t n = w->options.n_operations;
    ARRAY(after1);
    ARRAY(after2);
    ARRAY(any);
    ARRAY(kernel_last);
    ARRAY(kernel_all);
    ARRAY(delta_last);
    ARRAY(delta_all);
    ARRAY(words_after1);
    ARRAY(words_after2);
    ARRAY(words_any);
    VALUE(mass_last);
    VALUE(mass_all);
    VALUE(mass_delta_last);
    VALUE(mass_delta_all);
    VALUE(top);
    VALUE(mean5);
    VALUE(n_near);
    VALUE(words_top);
    VALUE(words_mean5);
#undef ARRAY
#undef VALUE
}

static nxc_status make(work *w, nxc_error *err) {
    NXC_TRY(nxc__learned_texts(&w->learned, &w->arena, &w->texts, err));
    return nxc__statistics_new(&w->learned, &w->options, NULL, &w->s, err);
}

static nxc_status ask(work *w, nxc_str line, nxc_error *err) {
    static uint32_t calls[MAX_CALLS];
    nxc__statistics_query q;
    nxc__arena arena;
    nxc__transitions t;
    nxc__neighbours n;
    if (!w->s) NXC_TRY(make(w, err));
    memset(&q, 0, sizeof q);
    q.calls = calls;
    q.exclude = key_of(word(&line));
    uint32_t prompt = number(word(&line)), delta = number(word(&line));
    const float *rows = w->options.embeddings;
    if (prompt != NXC_NONE) {
        q.prompt_text = w->texts[prompt];
        q.prompt = rows ? rows + prompt * (size_t)NXC_DIM : NULL;
    }
    if (delta != NXC_NONE && rows) q.delta = rows + delta * (size_t)NXC_DIM;
    while (line.len && q.n_calls < MAX_CALLS)
        calls[q.n_calls++] = number(word(&line));
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    nxc_status st = nxc__statistics_transitions(w->s, &q, &arena, &t, err);
    if (st == NXC_OK)
        st = nxc__statistics_neighbours(w->s, &q, &arena, &n, err);
    if (st == NXC_OK) {
        w->out.len = 0;
        nxc__buffer_append_char(&w->out, '{');
        put_transitions(w, &t);
        put_neighbours(w, &n);
        printf("%.*s}\n", (int)w->out.len, w->out.data);
    }
    nxc__arena_release(&arena);
    return st;
}

static nxc_status take(work *w, nxc_str line, nxc_error *err) {
    uint32_t row;
    nxc_str kind = word(&line);
    if (nxc__str_eq(kind, NXC_STR("text")))
        return nxc__learned_text(&w->learned, line, &row, err);
    if (nxc__str_eq(kind, NXC_STR("session")))
        return read_session(w, line, err);
    return ask(w, line, err);
}

int main(int argc, char **argv) {
    static char line[MAX_LINE];
    nxc_error err;
    nxc__mapping vectors = {NULL, 0};
    work w;
    nxc_status st = NXC_OK;
    if (argc != 5) return 2;
    memset(&w, 0, sizeof w);
    nxc__learned_init(&w.learned, NULL);
    nxc__arena_init(&w.arena, &nxc__allocator_default, SIZE_MAX);
    nxc__buffer_init(&w.out, &nxc__allocator_default, (size_t)1 << 30);
    w.options.n_operations = number(nxc__str(argv[1]));
    w.options.now = real(nxc__str(argv[2]));
    w.options.half_life = real(nxc__str(argv[3]));
    if (strcmp(argv[4], "-") != 0)
        st = nxc__file_map(argv[4], (size_t)4 << 30, &vectors, &err);
    w.options.embeddings = (const void *)vectors.data;
    while (st == NXC_OK && fgets(line, sizeof line, stdin))
        st = take(&w, (nxc_str){line, strcspn(line, "\n")}, &err);
    if (st != NXC_OK) fprintf(stderr, "ask_statistics: %s\n", err.message);
    nxc__statistics_free(w.s);
    nxc__learned_release(&w.learned);
    nxc__arena_release(&w.arena);
    nxc__buffer_release(&w.out);
    nxc__file_unmap(&vectors);
    return st == NXC_OK ? 0 : 1;
}
