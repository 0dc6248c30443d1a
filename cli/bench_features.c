/*
 * How long features take, in each state of the caches.
 *
 *     cold       nothing is known: new engine, empty store
 *     warm       the same scenarios again, N threads
 *     trace      a new engine with an empty store replays sessions: a scenario
 *                is chosen by Zipf's law (exponent 1, order drawn by the seed)
 *                and asked after each of its calls, from none to all
 *     restart    a new engine over the store that the trace left; the trace
 * goes on with other draws from the same law no cache   as without any memory:
 * each request encodes its prompt and its candidates' texts together, with the
 * same encoder before     as the Python system did: float32, each candidate by
 * itself, prompt and candidate encoded for each
 *
 * Times are of nxc_rank on a parsed request, ranking included; no cache and
 * before, which would be slow to run whole, take every k-th scenario and add
 * the encoding, done through the encoder's own interface, to a ranking without
 * an encoder. Modes follow each other in one process: memory that one has taken
 * counts in the next.
 */
#include "bench_features.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/executor.h"

enum { MAX_THREADS = 8, REPEATS = 20, N_NO_CACHE = 60, N_BEFORE = 12 };

static double now_us(void) { return (double)nxc__clock_ns() * 1e-3; }

static double rss_mb(void) {
    char text[128];
    nxc_str s;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return NXC_NAN;
    bool ok = fgets(text, sizeof text, f) != NULL;
    fclose(f);
    if (!ok) return NXC_NAN;
    s = nxc__str(text);
    size_t at = nxc__str_find(s, ' ', 0) + 1;
    double pages = 0;
    for (; at < s.len && nxc__is_digit(s.ptr[at]); at++)
        pages = pages * 10 + (double)(s.ptr[at] - '0');
    return pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* ----------------------------------------------------------------- samples */

typedef struct samples {
    double *us;
    size_t n, cap, vectors;
} samples;

static nxc_status note(samples *s, double us, size_t vectors, nxc_error *err) {
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 4096;
        double *p = nxc__realloc(&nxc__allocator_default, s->us,
                                 s->cap * sizeof *p, cap * sizeof *p);
        if (!p) return nxc__error_nomem(err, cap * sizeof *p);
        s->us = p;
        s->cap = cap;
    }
    s->us[s->n++] = us;
    s->vectors += vectors;
    return NXC_OK;
}
static void samples_release(samples *s) {
    nxc__free(&nxc__allocator_default, s->us, s->cap * sizeof *s->us);
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double metric(const nxc_engine *engine, const char *name) {
    nxc_metric m;
    for (size_t i = 0; nxc_engine_metrics(engine, i, &m); i++)
        if (strcmp(m.name, name) == 0) return (double)m.value;
    return 0;
}
typedef struct counts {
    double vector_hits, vectors, embedding_hits, embeddings;
} counts;
static counts count(const nxc_engine *e) {
    counts c;
    c.vector_hits =
        metric(e, "vector_memory_hits") + metric(e, "vector_store_hits");
    c.vectors = c.vector_hits + metric(e, "vectors_computed");
    c.embedding_hits = metric(e, "embedding_memory_hits") +
                       metric(e, "embedding_file_hits") +
                       metric(e, "embedding_store_hits");
    c.embeddings = c.embedding_hits + metric(e, "texts_encoded");
    return c;
}
static double share(double part, double whole) {
    return whole > 0 ? part / whole : NXC_NAN;
}

/* A row of samples; engine NULL: no caches to count. */
static cli_bench_row *add_row(cli_bench *b, const char *mode, samples *s,
                              const nxc_engine *engine, const counts *before) {
    cli_bench_row *r = &b->rows[b->n_rows++];
    double sum = 0;
    if (s->n) qsort(s->us, s->n, sizeof *s->us, by_value);
    for (size_t i = 0; i < s->n; i++)
        sum += s->us[i];
    *r = (cli_bench_row){.mode = mode,
                         .threads = 1,
                         .requests = s->n,
                         .vectors = s->vectors,
                         .mean_us = share(sum, (double)s->n),
                         .vector_us = share(sum, (double)s->vectors),
                         .requests_per_s = share((double)s->n, sum * 1e-6),
                         .vector_hits = NXC_NAN,
                         .embedding_hits = NXC_NAN,
                         .embedding_bytes = NXC_NAN,
                         .rss_mb = rss_mb()};
    if (s->n) {
        r->p50_us = s->us[s->n / 2];
        r->p95_us = s->us[(s->n - 1) * 95 / 100];
        r->p99_us = s->us[(s->n - 1) * 99 / 100];
    }
    if (engine) {
        counts c = count(engine);
        r->vector_hits = share(c.vector_hits - before->vector_hits,
                               c.vectors - before->vectors);
        r->embedding_hits = share(c.embedding_hits - before->embedding_hits,
                                  c.embeddings - before->embeddings);
        r->embedding_bytes = metric(engine, "embedding_memory_bytes");
    }
    return r;
}

/* ----------------------------------------------------------------- engines */

static nxc_status add_catalogs(const cli_bench *b, nxc_engine *engine,
                               nxc_error *err) {
    cli_documents d;
    NXC_TRY(cli_documents_open(b->args, b->set, &d, err));
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < d.n && st == NXC_OK; i++) {
        st = nxc_engine_add_catalog(engine, nxc__str(d.names[i]), d.catalogs[i],
                                    err);
        if (st == NXC_OK) d.catalogs[i] = NULL; /* the engine's */
    }
    cli_documents_close(&d);
    return st;
}

/* store NULL: no caches and no encoder, the features that need none. */
static nxc_status open_engine(const cli_bench *b, const char *store,
                              nxc_engine **out, nxc_error *err) {
    nxc_config *cfg;
    nxc_engine *engine = NULL;
    nxc_encoder *encoder = NULL;
    NXC_TRY(cli_config(b->args, &cfg, err));
    nxc_status st = nxc_config_set(cfg, "store", store ? store : "", err);
    if (st == NXC_OK && !store)
        st = nxc_config_set(cfg, "feature_cache_size", "0", err);
    if (st == NXC_OK) st = nxc_engine_open(cfg, NULL, &engine, err);
    if (st == NXC_OK && store)
        st = nxc_encoder_open(b->model, cfg, NULL, &encoder, err);
    if (st == NXC_OK && encoder) {
        st = nxc_engine_set_encoder(engine, encoder, err);
        if (st != NXC_OK) nxc_encoder_close(encoder);
    }
    const char *set = cli_get(b->args, "features");
    if (st == NXC_OK && store && set)
        st = nxc_engine_set_features(engine, set, err);
    if (st == NXC_OK) st = add_catalogs(b, engine, err);
    nxc_config_free(cfg);
    if (st == NXC_OK)
        *out = engine;
    else
        nxc_engine_close(engine);
    return st;
}

/* ----------------------------------------------------------- with the caches
 */

static nxc_status rank_timed(nxc_ctx *ctx, const nxc_request *request,
                             samples *s, nxc_error *err) {
    nxc_ranking ranking;
    double start = now_us();
    NXC_TRY(nxc_rank(ctx, request, &ranking, err));
    return note(s, now_us() - start, ranking.n_candidates, err);
}

static nxc_status pass(cli_bench *b, nxc_ctx *ctx, samples *s, nxc_error *err) {
    for (size_t i = 0; i < b->n; i++) {
        nxc_request request;
        NXC_TRY(nxc_request_parse(ctx, b->lines[i], &request, err));
        NXC_TRY(rank_timed(ctx, &request, s, err));
    }
    return NXC_OK;
}

/* After each call of a scenario, as it went on; *asked gets a bit for each
 * length of the history. */
static nxc_status replay(const cli_bench *b, size_t i, nxc_ctx *ctx, samples *s,
                         uint64_t *asked, nxc_error *err) {
    nxc_request whole, step;
    NXC_TRY(nxc_request_parse(ctx, b->lines[i], &whole, err));
    for (size_t k = 0; k <= whole.n_history; k++) {
        step = whole;
        step.n_history = k;
        if (k < whole.n_history) step.now = whole.history[k].timestamp;
        *asked |= (uint64_t)1 << (k % 64);
        NXC_TRY(rank_timed(ctx, &step, s, err));
    }
    return NXC_OK;
}

static uint64_t draw(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Scenario order[k] has the weight 1 / (k + 1). */
typedef struct popularity {
    size_t *order;   /* (n) */
    uint64_t *asked; /* (n) */
    double sum;
} popularity;

static nxc_status draw_sessions(cli_bench *b, const popularity *p, nxc_ctx *ctx,
                                samples *s, nxc_error *err) {
    uint64_t state = b->seed + ++b->n_traces;
    for (size_t i = 0; i < b->n_sessions; i++) {
        double at = (double)(draw(&state) >> 11) * 0x1p-53 * p->sum;
        size_t k = 0;
        while (k + 1 < b->n && (at -= 1.0 / (double)(k + 1)) > 0)
            k++;
        NXC_TRY(replay(b, p->order[k], ctx, s, &p->asked[p->order[k]], err));
    }
    b->n_distinct = 0;
    for (size_t i = 0; i < b->n; i++)
        for (uint64_t bits = p->asked[i]; bits; bits &= bits - 1)
            b->n_distinct++;
    return NXC_OK;
}

static nxc_status replay_trace(cli_bench *b, nxc_ctx *ctx, samples *s,
                               nxc_error *err) {
    const nxc_allocator *a = &nxc__allocator_default;
    uint64_t state = b->seed;
    popularity p = {nxc__alloc(a, b->n * sizeof *p.order),
                    nxc__alloc_zero(a, b->n * sizeof *p.asked), 0};
    nxc_status st = NXC_OK;
    if (!p.order || !p.asked)
        st = nxc__error_nomem(err, b->n * sizeof *p.order);
    for (size_t i = 0; i < b->n && st == NXC_OK; i++) {
        size_t k = (size_t)(draw(&state) % (i + 1));
        p.order[i] = p.order[k];
        p.order[k] = i;
        p.sum += 1.0 / (double)(i + 1);
    }
    if (st == NXC_OK) st = draw_sessions(b, &p, ctx, s, err);
    nxc__free(a, p.order, b->n * sizeof *p.order);
    nxc__free(a, p.asked, b->n * sizeof *p.asked);
    return st;
}

typedef nxc_status run(cli_bench *b, nxc_ctx *ctx, samples *s, nxc_error *err);

static nxc_status measure(cli_bench *b, const char *mode, nxc_engine *engine,
                          run *what, nxc_error *err) {
    samples s = {NULL, 0, 0, 0};
    nxc_ctx *ctx;
    counts before = count(engine);
    NXC_TRY(nxc_ctx_new(engine, &ctx, err));
    nxc_status st = what(b, ctx, &s, err);
    nxc_ctx_free(ctx);
    if (st == NXC_OK) add_row(b, mode, &s, engine, &before);
    samples_release(&s);
    return st;
}

/* ----------------------------------------------------------------- threads */

typedef struct client {
    const cli_bench *b;
    nxc_engine *engine;
    samples s;
    nxc_status st;
    nxc_error err;
} client;

/* Every scenario, parsed once and asked several times. */
static void run_client(void *user, size_t k, size_t worker) {
    client *c = (client *)user + k;
    (void)worker;
    nxc_ctx *ctx;
    c->st = nxc_ctx_new(c->engine, &ctx, &c->err);
    if (c->st != NXC_OK) return;
    for (size_t i = 0; i < c->b->n && c->st == NXC_OK; i++) {
        nxc_request request;
        c->st = nxc_request_parse(ctx, c->b->lines[i], &request, &c->err);
        for (size_t r = 0; r < REPEATS && c->st == NXC_OK; r++)
            c->st = rank_timed(ctx, &request, &c->s, &c->err);
    }
    nxc_ctx_free(ctx);
}

/* All clients' samples in those of the first. */
static nxc_status join_clients(client *clients, size_t n, nxc_error *err) {
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < n; i++) {
        client *c = &clients[i];
        if (c->st != NXC_OK && st == NXC_OK) {
            st = c->st;
            if (err) *err = c->err;
        }
        for (size_t k = 0; i && k < c->s.n && st == NXC_OK; k++)
            st = note(&clients[0].s, c->s.us[k], 0, err);
        if (i) {
            clients[0].s.vectors += c->s.vectors;
            samples_release(&c->s);
        }
    }
    return st;
}

static nxc_status measure_threads(cli_bench *b, nxc_engine *engine, size_t n,
                                  nxc_error *err) {
    client clients[MAX_THREADS];
    counts before = count(engine);
    nxc__pool *pool;
    NXC_TRY(nxc__pool_new(n, NULL, &pool, err));
    memset(clients, 0, sizeof clients);
    for (size_t i = 0; i < n; i++) {
        clients[i].b = b;
        clients[i].engine = engine;
    }
    double start = now_us();
    nxc__pool_run(pool, run_client, clients, n);
    double seconds = (now_us() - start) * 1e-6;
    nxc__pool_free(pool);
    nxc_status st = join_clients(clients, n, err);
    if (st == NXC_OK) {
        cli_bench_row *r = add_row(b, "warm", &clients[0].s, engine, &before);
        r->threads = n;
        r->requests_per_s = (double)r->requests / seconds;
    }
    samples_release(&clients[0].s);
    return st;
}

static nxc_status with_caches(cli_bench *b, nxc_error *err) {
    nxc_engine *engine;
    NXC_TRY(open_engine(b, b->store, &engine, err));
    nxc_status st = measure(b, "cold", engine, pass, err);
    for (size_t n = 1; n <= 4 && st == NXC_OK; n *= 2)
        st = measure_threads(b, engine, n, err);
    nxc_engine_close(engine);
    return st;
}

static nxc_status with_trace(cli_bench *b, nxc_error *err) {
    char folder[1100];
    nxc_engine *engine;
    snprintf(folder, sizeof folder, "%s/trace", b->store);
    NXC_TRY(open_engine(b, folder, &engine, err));
    nxc_status st = measure(b, "trace", engine, replay_trace, err);
    nxc_engine_close(engine);
    if (st != NXC_OK) return st;
    NXC_TRY(open_engine(b, folder, &engine, err));
    st = measure(b, "restart", engine, replay_trace, err);
    nxc_engine_close(engine);
    return st;
}

/* --------------------------------------------------------- without caches */

/* Texts of a request: the prompt, then its candidates. */
static size_t texts_of(const nxc_engine *engine, const nxc_request *r,
                       nxc_str *texts, size_t cap) {
    const nxc_catalog *catalog = nxc_engine_get_catalog(engine, r->catalog);
    size_t n = 0;
    texts[n++] = r->prompt;
    for (size_t i = 0; i < r->n_candidates && n < cap; i++) {
        nxc_operation op;
        uint32_t k = nxc_catalog_find(catalog, r->candidates[i]);
        if (nxc_catalog_get_operation(catalog, k, &op)) texts[n++] = op.text;
    }
    return n;
}

/* One request: its texts in one batch, or pair by pair. */
static nxc_status encode_request(nxc_encoder_ctx *encoder, const nxc_str *texts,
                                 size_t n, bool by_pairs, float *rows,
                                 nxc_error *err) {
    if (!by_pairs)
        return nxc_encoder_encode(encoder, texts, n, rows, NULL, err);
    for (size_t i = 1; i < n; i++) {
        NXC_TRY(nxc_encoder_encode(encoder, texts, 1, rows, NULL, err));
        NXC_TRY(nxc_encoder_encode(encoder, texts + i, 1, rows, NULL, err));
    }
    return NXC_OK;
}

typedef struct plain {
    nxc_engine *engine; /* without encoder and caches */
    nxc_ctx *ctx;
    nxc_encoder_ctx *encoder;
    float *rows; /* (MAX_TEXTS, dim) */
} plain;
enum { MAX_TEXTS = 64 };

static nxc_status plain_request(const plain *p, nxc_str line, bool by_pairs,
                                samples *s, nxc_error *err) {
    nxc_str texts[MAX_TEXTS];
    nxc_request request;
    nxc_ranking ranking;
    NXC_TRY(nxc_request_parse(p->ctx, line, &request, err));
    size_t n = texts_of(p->engine, &request, texts, MAX_TEXTS);
    nxc_request one = request;
    double start = now_us();
    NXC_TRY(encode_request(p->encoder, texts, n, by_pairs, p->rows, err));
    one.n_candidates = by_pairs ? 1 : request.n_candidates;
    for (size_t i = 0; i < request.n_candidates; i += one.n_candidates) {
        one.candidates = request.candidates + i;
        NXC_TRY(nxc_rank(p->ctx, &one, &ranking, err));
    }
    return note(s, now_us() - start, request.n_candidates, err);
}

static nxc_status without_caches(cli_bench *b, const char *mode,
                                 const char *model, size_t want, bool by_pairs,
                                 nxc_error *err) {
    plain p = {NULL, NULL, NULL, NULL};
    samples s = {NULL, 0, 0, 0};
    nxc_encoder *encoder = NULL;
    nxc_encoder_info info;
    size_t step = b->n > want ? b->n / want : 1, bytes = 0;
    if (!*model) return NXC_OK;
    nxc_status st = nxc_encoder_open(model, NULL, NULL, &encoder, err);
    if (st == NXC_OK) st = nxc_encoder_ctx_new(encoder, &p.encoder, err);
    if (st == NXC_OK) st = open_engine(b, NULL, &p.engine, err);
    if (st == NXC_OK) st = nxc_ctx_new(p.engine, &p.ctx, err);
    if (st == NXC_OK) {
        nxc_encoder_get_info(encoder, &info);
        bytes = MAX_TEXTS * info.dim * sizeof(float);
        p.rows = nxc__alloc(&nxc__allocator_default, bytes);
        if (!p.rows) st = nxc__error_nomem(err, bytes);
    }
    for (size_t i = 0; i < b->n && s.n < want && st == NXC_OK; i += step)
        st = plain_request(&p, b->lines[i], by_pairs, &s, err);
    if (st == NXC_OK) add_row(b, mode, &s, NULL, NULL);
    samples_release(&s);
    nxc__free(&nxc__allocator_default, p.rows, bytes);
    nxc_ctx_free(p.ctx);
    nxc_engine_close(p.engine);
    nxc_encoder_ctx_free(p.encoder);
    nxc_encoder_close(encoder);
    return st;
}

nxc_status cli_bench_features(cli_bench *b, nxc_error *err) {
    NXC_TRY(with_caches(b, err));
    NXC_TRY(with_trace(b, err));
    NXC_TRY(without_caches(b, "no cache", b->model, N_NO_CACHE, false, err));
    return without_caches(b, "before", b->reference, N_BEFORE, true, err);
}
