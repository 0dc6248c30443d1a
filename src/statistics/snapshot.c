/*
 * Statistics in a file, for serving.
 *
 *     save: statistics and the sessions they were made from -> image -> file
 *     open: file -> image, checked -> sessions -> statistics
 *
 * The image holds what the counts are computed from, not the counts: it is
 * smaller, there is one way to compute them, and a million calls are counted
 * in less time than their pages take to come from a disk. Vectors are stored in
 * the 8 bits that statistics keep, and the reciprocal ranks of the text signal,
 * which cannot be computed here. Opened statistics answer bit for bit as those
 * that were saved.
 *
 * The image is untrusted: counts are compared with the bytes there are, then
 * every value with its range; what the numbers say together (keys that differ,
 * as many samples as ranks) is checked on the way.
 */
#include "statistics/snapshot.h"

#include <string.h>

#include "base/buffer.h"
#include "base/checked.h"
#include "base/file.h"
#include "statistics/snapshot_image.h"
#include "statistics/statistics_handle.h"

#define MAX_BYTES ((size_t)1 << 40)
#define MAX_SCALE 1e4f

/* ---------------------------------------------------------------- saving */

/* Texts that the calls come with, in their order. */
typedef struct used_text {
    uint32_t text, row;
    const nxc__prompt_rows *rows; /* where its vector is */
} used_text;

typedef struct used_texts {
    uint32_t *number; /* (n_texts of learned) or NXC_NONE */
    used_text *of;    /* (n) */
    size_t n;
} used_texts;

static uint32_t number_text(used_texts *u, uint32_t text,
                            const nxc__prompt_rows *rows, uint32_t row) {
    if (text == NXC_NONE) return NXC_NONE;
    if (u->number[text] == NXC_NONE) {
        u->number[text] = (uint32_t)u->n;
        u->of[u->n++] = (used_text){text, row, rows};
    }
    return u->number[text];
}

static void append_sessions(const nxc__statistics *s, nxc__buffer *out) {
    for (size_t i = 0; i < s->n_sessions; i++) {
        const nxc__learned_session *x = &s->sessions[i];
        const nxc__snapshot_session row = {x->key, x->group, x->time, x->n, 0};
        nxc__buffer_append(out, &row, sizeof row);
    }
}

static void append_calls(const nxc__statistics *s, used_texts *u,
                         nxc__buffer *out) {
    for (size_t c = 0; c < s->n_calls; c++) {
        const nxc__learned_call *x = &s->calls[c];
        const nxc__snapshot_call row = {
            x->operation,
            number_text(u, x->prompt, &s->prompts, s->prompts.row_of[c]),
            number_text(u, x->delta, &s->deltas, s->deltas.row_of[c]), x->gap};
        nxc__buffer_append(out, &row, sizeof row);
    }
}

static void append_texts(const nxc__statistics *s, const used_texts *u,
                         const nxc_str *texts, nxc__buffer *out) {
    uint64_t end = 0;
    for (size_t i = 0; i < u->n; i++) {
        end += texts[u->of[i].text].len;
        nxc__buffer_append(out, &end, sizeof end);
    }
    for (size_t i = 0; s->prompts.bytes && i < u->n; i++)
        nxc__buffer_append(out, &u->of[i].rows->scales[u->of[i].row],
                           sizeof(float));
    for (size_t i = 0; i < s->n_samples; i++)
        nxc__buffer_append(out, &s->samples[i].text, sizeof(float));
    for (size_t i = 0; s->prompts.bytes && i < u->n; i++)
        nxc__buffer_append(
            out, u->of[i].rows->bytes + u->of[i].row * (size_t)NXC_DIM,
            NXC_DIM);
    for (size_t i = 0; i < u->n; i++)
        nxc__buffer_append_str(out, texts[u->of[i].text]);
}

static void finish(const nxc__statistics *s, const used_texts *u,
                   const nxc_str *texts, nxc__hash128 catalog,
                   nxc__buffer *out) {
    nxc__snapshot_header h = {.magic = NXC_SNAPSHOT_MAGIC,
                              .version = NXC_SNAPSHOT_VERSION,
                              .n_operations = (uint32_t)s->n_operations,
                              .catalog = catalog,
                              .n_sessions = s->n_sessions,
                              .n_calls = s->n_calls,
                              .n_texts = u->n,
                              .n_ranks = (uint32_t)s->n_samples,
                              .has_vectors = s->prompts.bytes && u->n,
                              .now = s->now,
                              .half_life = s->half_life};
    for (size_t i = 0; i < u->n; i++)
        h.text_bytes += texts[u->of[i].text].len;
    memcpy(out->data, &h, sizeof h);
    h.hash = nxc__hash64(out->data + NXC_SNAPSHOT_HASHED,
                         out->len - NXC_SNAPSHOT_HASHED, 0);
    memcpy(out->data, &h, sizeof h);
}

nxc_status nxc__snapshot_write(const nxc__statistics *s,
                               const nxc__learned *learned,
                               nxc__hash128 catalog, nxc__buffer *out,
                               nxc_error *err) {
    nxc__arena scratch;
    nxc_str *texts = NULL;
    used_texts u = {NULL, NULL, 0};
    nxc_status st;
    void *p;
    nxc__arena_init(&scratch, s->alloc, SIZE_MAX);
    NXC_TRY_OR(done, st, nxc__learned_texts(learned, &scratch, &texts, err));
    NXC_TRY_OR(done, st,
               nxc__statistics_block(&scratch, learned->texts.n,
                                     sizeof *u.number, &p, err));
    u.number = p;
    for (size_t i = 0; i < learned->texts.n; i++)
        u.number[i] = NXC_NONE;
    NXC_TRY_OR(done, st,
               nxc__statistics_block(&scratch, learned->texts.n, sizeof *u.of,
                                     &p, err));
    u.of = p;
    nxc__buffer_extend(out, sizeof(nxc__snapshot_header));
    append_sessions(s, out);
    append_calls(s, &u, out);
    append_texts(s, &u, texts, out);
    st = nxc__buffer_status(out, "statistics", err);
    if (st == NXC_OK) finish(s, &u, texts, catalog, out);
done:
    nxc__arena_release(&scratch);
    return st;
}

nxc_status nxc__statistics_save(const nxc__statistics *s,
                                const nxc__learned *learned,
                                nxc__hash128 catalog, const char *path,
                                nxc_error *err) {
    nxc__buffer image;
    nxc__buffer_init(&image, s->alloc, MAX_BYTES);
    nxc_status st = nxc__snapshot_write(s, learned, catalog, &image, err);
    if (st == NXC_OK) st = nxc__file_replace(path, image.data, image.len, err);
    nxc__buffer_release(&image);
    return st;
}

/* ---------------------------------------------------------------- opening */

typedef struct image {
    nxc__snapshot_header h;
    const nxc__snapshot_session *sessions;
    const nxc__snapshot_call *calls;
    const uint64_t *text_ends;
    const float *scales, *ranks;
    const int8_t *vectors;
    const char *text;
} image;

/* A macro, so that an analyzer sees the code that it returns. */
#define WRONG(err, what)              \
    nxc__error((err), NXC_ERR_FORMAT, \
               "statistics: expected " what ", got other")

static nxc_status check_header(const nxc__snapshot_header *h,
                               const uint8_t *bytes, size_t n,
                               const nxc__snapshot_options *options,
                               nxc_error *err) {
    if (memcmp(h->magic, NXC_SNAPSHOT_MAGIC, sizeof h->magic) != 0)
        return WRONG(err, "a file of statistics");
    if (h->version != NXC_SNAPSHOT_VERSION)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "statistics: expected version %u, got %u",
                          NXC_SNAPSHOT_VERSION, (unsigned)h->version);
    if (h->hash !=
        nxc__hash64(bytes + NXC_SNAPSHOT_HASHED, n - NXC_SNAPSHOT_HASHED, 0))
        return WRONG(err, "bytes that have their checksum");
    if (h->has_vectors > 1 || h->n_ranks > NXC_MAX_SAMPLES)
        return WRONG(err, "a header in its ranges");
    if (h->n_operations != options->n_operations ||
        !nxc__hash128_eq(h->catalog, options->catalog))
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "statistics: expected those of a catalog of %zu "
                          "operations, got those of another of %u",
                          options->n_operations, (unsigned)h->n_operations);
    return NXC_OK;
}

/* The next n elements of size bytes; NULL if they are not there. */
static const void *take(const uint8_t *bytes, size_t total, size_t *at,
                        uint64_t n, size_t size) {
    size_t from = *at;
    if (n > SIZE_MAX || !nxc__range_fits(from, (size_t)n, size, total))
        return NULL;
    *at = from + (size_t)n * size;
    return bytes + from;
}

static nxc_status lay_out(const uint8_t *bytes, size_t n, image *m,
                          nxc_error *err) {
    const nxc__snapshot_header *h = &m->h;
    uint64_t n_vectors = h->has_vectors ? h->n_texts : 0;
    size_t at = sizeof *h;
    m->sessions = take(bytes, n, &at, h->n_sessions, sizeof *m->sessions);
    m->calls = take(bytes, n, &at, h->n_calls, sizeof *m->calls);
    m->text_ends = take(bytes, n, &at, h->n_texts, sizeof *m->text_ends);
    m->scales = take(bytes, n, &at, n_vectors, sizeof *m->scales);
    m->ranks = take(bytes, n, &at, h->n_ranks, sizeof *m->ranks);
    m->vectors = take(bytes, n, &at, n_vectors, NXC_DIM);
    m->text = take(bytes, n, &at, h->text_bytes, 1);
    if (!m->sessions || !m->calls || !m->text_ends || !m->scales || !m->ranks ||
        !m->vectors || !m->text || at != n)
        return WRONG(err, "as many bytes as the header says");
    if (h->n_texts >= NXC_NONE || h->n_sessions >= NXC_NONE)
        return WRONG(err, "fewer texts and sessions");
    return NXC_OK;
}

static bool is_text(const nxc__snapshot_header *h, uint32_t text) {
    return text == NXC_NONE || text < h->n_texts;
}

static nxc_status check_values(const image *m, nxc_error *err) {
    const nxc__snapshot_header *h = &m->h;
    uint64_t n_calls = 0, end = 0;
    for (size_t i = 0; i < h->n_sessions; i++) {
        if (m->sessions[i].n_calls == 0 || m->sessions[i].reserved)
            return WRONG(err, "sessions with calls");
        n_calls += m->sessions[i].n_calls;
    }
    if (n_calls != h->n_calls) return WRONG(err, "a call for each session's");
    for (size_t c = 0; c < h->n_calls; c++)
        if (m->calls[c].operation >= h->n_operations ||
            !is_text(h, m->calls[c].prompt) || !is_text(h, m->calls[c].delta))
            return WRONG(err, "calls of the catalog with texts that are there");
    for (size_t i = 0; i < h->n_texts; i++) {
        if (m->text_ends[i] < end) return WRONG(err, "texts in order");
        end = m->text_ends[i];
    }
    if (end != h->text_bytes) return WRONG(err, "texts that fill their bytes");
    for (size_t i = 0; h->has_vectors && i < h->n_texts; i++)
        if (!(m->scales[i] >= 0 && m->scales[i] <= MAX_SCALE))
            return WRONG(err, "scales in their range");
    for (size_t i = 0; i < h->n_ranks; i++)
        if (!isnan(m->ranks[i]) && !(m->ranks[i] >= 0 && m->ranks[i] <= 1))
            return WRONG(err, "reciprocal ranks");
    return NXC_OK;
}

static nxc_status learn_texts(const image *m, nxc__learned *l, nxc_error *err) {
    uint64_t from = 0;
    for (size_t i = 0; i < m->h.n_texts; i++) {
        uint32_t row;
        nxc_str text = {m->text + from, (size_t)(m->text_ends[i] - from)};
        NXC_TRY(nxc__learned_text(l, text, &row, err));
        if (row != i) return WRONG(err, "texts that differ");
        from = m->text_ends[i];
    }
    return NXC_OK;
}

static nxc_status learn_sessions(const image *m, nxc__learned *l,
                                 nxc_error *err) {
    nxc__learned_call *calls = NULL;
    size_t most = 0, at = 0;
    for (size_t i = 0; i < m->h.n_sessions; i++)
        if (m->sessions[i].n_calls > most) most = m->sessions[i].n_calls;
    calls = nxc__alloc(l->alloc, most * sizeof *calls);
    if (!calls) return nxc__error_nomem(err, most * sizeof *calls);
    nxc_status st = NXC_OK;
    for (size_t i = 0; st == NXC_OK && i < m->h.n_sessions; i++) {
        const nxc__snapshot_session *x = &m->sessions[i];
        const nxc__learned_session session = {x->key, x->group, x->time, 0,
                                              x->n_calls};
        for (size_t t = 0; t < x->n_calls; t++, at++)
            calls[t] =
                (nxc__learned_call){m->calls[at].operation, m->calls[at].prompt,
                                    m->calls[at].delta, m->calls[at].gap};
        st = nxc__learned_add(l, &session, calls, err);
    }
    nxc__free(l->alloc, calls, most * sizeof *calls);
    if (st == NXC_OK && l->n_sessions != m->h.n_sessions)
        return WRONG(err, "sessions that differ");
    return st;
}

static nxc_status make(const image *m, const nxc__snapshot_options *options,
                       const nxc_allocator *alloc, nxc__statistics **out,
                       nxc_error *err) {
    nxc__learned l;
    nxc__statistics *s = NULL;
    const nxc__statistics_options o = {.n_operations = m->h.n_operations,
                                       .encoder = options->encoder,
                                       .now = m->h.now,
                                       .half_life = m->h.half_life};
    const bool has = m->h.has_vectors && m->h.n_texts;
    const nxc__vector_source vectors = {NULL, has ? m->vectors : NULL,
                                        m->scales};
    nxc__learned_init(&l, alloc);
    nxc_status st = learn_texts(m, &l, err);
    if (st == NXC_OK) st = learn_sessions(m, &l, err);
    if (st == NXC_OK)
        st = nxc__statistics_make(&l, &o, &vectors, alloc, &s, err);
    nxc__learned_release(&l);
    if (st != NXC_OK) return st;
    if (s->n_sessions != m->h.n_sessions || s->n_samples != m->h.n_ranks) {
        nxc__statistics_free(s);
        return WRONG(err, "sessions that weigh something, and their samples");
    }
    nxc__statistics_set_text_ranks(s, m->ranks);
    *out = s;
    return NXC_OK;
}

nxc_status nxc__snapshot_read(const uint8_t *bytes, size_t n,
                              const nxc__snapshot_options *options,
                              const nxc_allocator *alloc, nxc__statistics **out,
                              nxc_error *err) {
    image m;
    if (n < sizeof m.h) return WRONG(err, "a header");
    memcpy(&m.h, bytes, sizeof m.h);
    NXC_TRY(check_header(&m.h, bytes, n, options, err));
    NXC_TRY(lay_out(bytes, n, &m, err));
    NXC_TRY(check_values(&m, err));
    return make(&m, options, nxc__allocator_or_default(alloc), out, err);
}

nxc_status nxc__statistics_open(const char *path,
                                const nxc__snapshot_options *options,
                                const nxc_allocator *alloc,
                                nxc__statistics **out, nxc_error *err) {
    nxc__mapping map;
    NXC_TRY(nxc__file_map(path, MAX_BYTES, &map, err));
    nxc_status st =
        nxc__snapshot_read(map.data, map.size, options, alloc, out, err);
    if (st != NXC_OK) st = nxc__error_prefix(err, st, "%s", path);
    nxc__file_unmap(&map);
    return st;
}
