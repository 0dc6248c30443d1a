/* The encoder on a small random model, against a double-precision forward pass
 * over the unpacked tensors, and its promises: same bits on every ISA, alone or
 * in a batch, on one thread or four. */
#include <math.h>
#include <stdio.h>

#include "base/config.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "encoder/encoder.h"
#include "encoder/packed_model.h"
#include "support/counting_alloc.h"
#include "support/nxc_test.h"
#include "support/tiny_model.h"

#define DIR NXC_BINARY_DIR "/tests/tiny_encoder"
#define PACKED DIR "/tiny.nxm"
static const tiny_model tiny = {.n_layers = 2, .n_positions = 24, .seed = 7};
static nxc_dtype dtype; /* of PACKED; every test runs for each */

static int set_up_dtype(nxc_dtype type) {
    dtype = type;
    nxc_error err;
    tiny_model_remove(DIR);
    tiny_model_write(&tiny, DIR);
    assert_ok(nxc_model_pack(DIR, PACKED, dtype, NULL, &err), err);
    return 0;
}
static int set_up_f32(void **state) {
    (void)state;
    return set_up_dtype(NXC_F32);
}
static int set_up_bf16(void **state) {
    (void)state;
    return set_up_dtype(NXC_BF16);
}
static int set_up_int8(void **state) {
    (void)state;
    return set_up_dtype(NXC_INT8);
}
static int tear_down(void **state) {
    (void)state;
    tiny_model_remove(DIR);
    return 0;
}

static nxc_encoder *open_with(const char *path, const char *option,
                              const char *value) {
    nxc_encoder *e;
    nxc_config *cfg;
    nxc_error err;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, option, value, &err), err);
    assert_ok(nxc_encoder_open(path, cfg, NULL, &e, &err), err);
    nxc_config_free(cfg);
    return e;
}
static nxc_encoder *open_at(const char *cpu) {
    return open_with(PACKED, "cpu", cpu);
}
static nxc_encoder_ctx *ctx_of(const nxc_encoder *e) {
    nxc_encoder_ctx *ctx;
    nxc_error err;
    assert_ok(nxc_encoder_ctx_new(e, &ctx, &err), err);
    return ctx;
}

static const char *const samples[] = {
    "list invoices",
    "",
    "create customer",
    "a",
    "list /a/b/c.d-1",
    "create invoice a b c d e f g 1 2 list",
    "unheard",
    "create create create",
    "a b c d e f g a b c d e f g a b c d e f g a b c d e f g",
    "customer 1",
    "b a",
    "/ / / / / / / / /"};
#define N_SAMPLES (sizeof samples / sizeof *samples)

static void sample_texts(nxc_str *texts, size_t n) {
    for (size_t i = 0; i < n; i++)
        texts[i] = nxc__str(samples[(i * 5) % N_SAMPLES]);
}

/* ------------------------------------------------ double-precision oracle */

typedef struct oracle {
    const tiny_weights *w;
    size_t n;
    double x[24][384], q[24][384], k[24][384], v[24][384], c[24][384],
        h[24][1536];
} oracle;

static const float *tensor(const oracle *o, const char *prefix,
                           const char *tail) {
    char name[80];
    snprintf(name, sizeof name, "%s%s", prefix, tail);
    for (size_t i = 0; i < o->w->n; i++)
        if (strcmp(o->w->tensors[i].name, name) == 0)
            return o->w->floats + o->w->tensors[i].first;
    fail_msg("no tensor %s", name);
    return NULL;
}

static void oracle_linear(const oracle *o, const char *prefix, const char *name,
                          const double *x, size_t k, double *y, size_t n) {
    char tail[64];
    snprintf(tail, sizeof tail, "%s.weight", name);
    const float *w = tensor(o, prefix, tail);
    snprintf(tail, sizeof tail, "%s.bias", name);
    const float *b = tensor(o, prefix, tail);
    for (size_t t = 0; t < o->n; t++)
        for (size_t j = 0; j < n; j++) {
            double sum = (double)b[j];
            for (size_t i = 0; i < k; i++)
                sum += x[t * k + i] * (double)w[j * k + i];
            y[t * n + j] = sum;
        }
}

static void oracle_norm(oracle *o, const char *prefix, const char *name) {
    char tail[64];
    snprintf(tail, sizeof tail, "%s.weight", name);
    const float *g = tensor(o, prefix, tail);
    snprintf(tail, sizeof tail, "%s.bias", name);
    const float *b = tensor(o, prefix, tail);
    for (size_t t = 0; t < o->n; t++) {
        double mean = 0, var = 0;
        for (size_t i = 0; i < 384; i++)
            mean += o->x[t][i] / 384;
        for (size_t i = 0; i < 384; i++)
            var += (o->x[t][i] - mean) * (o->x[t][i] - mean) / 384;
        for (size_t i = 0; i < 384; i++)
            o->x[t][i] =
                (o->x[t][i] - mean) / sqrt(var + 1e-12) * (double)g[i] +
                (double)b[i];
    }
}

static void oracle_attention(oracle *o) {
    for (size_t head = 0; head < 384; head += 32)
        for (size_t i = 0; i < o->n; i++) {
            double w[24], sum = 0;
            for (size_t t = 0; t < o->n; t++) {
                double s = 0;
                for (size_t d = head; d < head + 32; d++)
                    s += o->q[i][d] * o->k[t][d];
                sum += w[t] = exp(s / sqrt(32.0));
            }
            for (size_t d = head; d < head + 32; d++) {
                o->c[i][d] = 0;
                for (size_t t = 0; t < o->n; t++)
                    o->c[i][d] += w[t] / sum * o->v[t][d];
            }
        }
}

static void oracle_add(oracle *o, double (*y)[384]) {
    for (size_t t = 0; t < o->n; t++)
        for (size_t i = 0; i < 384; i++)
            o->x[t][i] += y[t][i];
}

/* Last hidden state of ids into o->x. */
static void oracle_forward(oracle *o, const uint32_t *ids) {
    const float *words = tensor(o, "embeddings.", "word_embeddings.weight");
    const float *places =
        tensor(o, "embeddings.", "position_embeddings.weight");
    const float *types =
        tensor(o, "embeddings.", "token_type_embeddings.weight");
    for (size_t t = 0; t < o->n; t++)
        for (size_t i = 0; i < 384; i++)
            o->x[t][i] = (double)words[ids[t] * 384 + i] +
                         (double)places[t * 384 + i] + (double)types[i];
    oracle_norm(o, "embeddings.", "LayerNorm");
    for (unsigned l = 0; l < tiny.n_layers; l++) {
        char p[32];
        snprintf(p, sizeof p, "encoder.layer.%u.", l);
        oracle_linear(o, p, "attention.self.query", *o->x, 384, *o->q, 384);
        oracle_linear(o, p, "attention.self.key", *o->x, 384, *o->k, 384);
        oracle_linear(o, p, "attention.self.value", *o->x, 384, *o->v, 384);
        oracle_attention(o);
        oracle_linear(o, p, "attention.output.dense", *o->c, 384, *o->q, 384);
        oracle_add(o, o->q);
        oracle_norm(o, p, "attention.output.LayerNorm");
        oracle_linear(o, p, "intermediate.dense", *o->x, 384, *o->h, 1536);
        for (size_t t = 0; t < o->n; t++)
            for (size_t i = 0; i < 1536; i++)
                o->h[t][i] *= (1 + erf(o->h[t][i] / sqrt(2.0))) / 2;
        oracle_linear(o, p, "output.dense", *o->h, 1536, *o->q, 384);
        oracle_add(o, o->q);
        oracle_norm(o, p, "output.LayerNorm");
    }
}

static void agrees_with_double_precision(void **state) {
    (void)state;
    static oracle o;
    static float states[24 * 384], row[384];
    tiny_weights w = tiny_weights_new(&tiny);
    nxc_encoder *e = open_at("auto");
    nxc_encoder_ctx *ctx = ctx_of(e);
    nxc_error err;
    for (size_t s = 0; s < N_SAMPLES; s++) {
        uint32_t ids[24];
        nxc_text_info info;
        nxc_str text = nxc__str(samples[s]);
        assert_ok(
            nxc_encoder_encode_tokens(ctx, text, states, ids, &info, &err),
            err);
        assert_ok(nxc_encoder_encode(ctx, &text, 1, row, NULL, &err), err);
        o.w = &w;
        o.n = info.n_tokens;
        oracle_forward(&o, ids);
        double worst = 0, mean[384] = {0}, norm = 0;
        for (size_t t = 0; t < o.n; t++)
            for (size_t i = 0; i < 384; i++) {
                worst =
                    fmax(worst, fabs(o.x[t][i] - (double)states[t * 384 + i]));
                mean[i] += o.x[t][i] / (double)o.n;
            }
        for (size_t i = 0; i < 384; i++)
            norm += mean[i] * mean[i];
        for (size_t i = 0; i < 384; i++)
            worst = fmax(worst, fabs(mean[i] / sqrt(norm) - (double)row[i]));
        double cosine = 0;
        for (size_t i = 0; i < 384; i++)
            cosine += mean[i] / sqrt(norm) * (double)row[i];
        if (dtype == NXC_F32 && !(worst < 5e-5))
            fail_msg("\"%s\": expected a difference below 5e-5, got %g",
                     samples[s], worst);
        if (!(cosine > 0.999))
            fail_msg("\"%s\": expected a cosine over 0.999, got %g", samples[s],
                     cosine);
    }
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(e);
    tiny_weights_free(&w);
}

/* ---------------------------------------------------------------- promises */

static void gives_the_same_bits_on_every_isa(void **state) {
    (void)state;
    static const struct {
        const char *cpu, *f32, *int8; /* the kernels that must be used */
    } levels[] = {{"ref", "ref", "ref"},
                  {"avx2", "avx2", "avx2"},
                  {"avxvnni", "avx2", "avxvnni"},
                  {"avx512", "avx512", NULL}, /* avx2 or avxvnni */
                  {"avx512vnni", "avx512", "avx512vnni"},
                  {"amx", "avx512", NULL}, /* the system may refuse */
                  {"neon", "neon", "ref"},
                  {"dotprod", "neon", "dotprod"},
                  {"i8mm", "neon", "i8mm"}};
    static float want[N_SAMPLES * 384], got[N_SAMPLES * 384];
    nxc_str texts[N_SAMPLES];
    nxc_error err;
    size_t n_levels = 0;
    for (size_t i = 0; i < N_SAMPLES; i++)
        texts[i] = nxc__str(samples[i]);
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
        uint32_t flags;
        if (nxc__cpu_cap(nxc__str(levels[l].cpu), nxc__cpu_detect(), &flags,
                         &err) != NXC_OK)
            continue;
        nxc_encoder *e = open_at(levels[l].cpu);
        nxc_encoder_ctx *ctx = ctx_of(e);
        nxc_encoder_info info;
        nxc_encoder_get_info(e, &info);
        const char *used = dtype == NXC_INT8 ? levels[l].int8 : levels[l].f32;
        if (used) assert_string_equal(info.kernels, used);
        assert_ok(nxc_encoder_encode(ctx, texts, N_SAMPLES, got, NULL, &err),
                  err);
        if (n_levels++ == 0) memcpy(want, got, sizeof got);
        assert_memory_equal(want, got, sizeof got);
        for (size_t i = 0; i < N_SAMPLES; i++)
            assert_true(
                fabsf(nxc__encoder_dot(e, got + i * 384, got + i * 384) -
                      1.0f) < 1e-6f);
        nxc_encoder_ctx_free(ctx);
        nxc_encoder_close(e);
    }
    printf("%zu levels\n", n_levels);
}

#define N_BATCH 70
static bool count_progress(void *user, size_t done, size_t total) {
    assert_true(done <= total && total == N_BATCH);
    *(size_t *)user = done;
    return true;
}
static bool stop_at_once(void *user, size_t done, size_t total) {
    (void)user;
    (void)done;
    (void)total;
    return false;
}

static void assert_infos(const nxc_text_info *a, const nxc_text_info *b,
                         size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(a[i].n_tokens, b[i].n_tokens);
        assert_int_equal(a[i].truncated, b[i].truncated);
    }
}

static void a_text_does_not_depend_on_its_company(void **state) {
    (void)state;
    static float one[N_BATCH * 384], all[N_BATCH * 384];
    nxc_str texts[N_BATCH];
    nxc_text_info single[N_BATCH], batch[N_BATCH];
    nxc_error err;
    nxc_encoder *e = open_at("auto");
    nxc_encoder_ctx *ctxs[4];
    for (size_t i = 0; i < 4; i++)
        ctxs[i] = ctx_of(e);
    sample_texts(texts, N_BATCH);
    for (size_t i = 0; i < N_BATCH; i++)
        assert_ok(nxc_encoder_encode(ctxs[0], texts + i, 1, one + i * 384,
                                     single + i, &err),
                  err);
    for (size_t n = 0; n <= N_BATCH; n += 7) {
        memset(all, 0, sizeof all);
        assert_ok(nxc_encoder_encode(ctxs[0], texts, n, all, batch, &err), err);
        assert_memory_equal(one, all, n * 384 * sizeof(float));
        assert_infos(single, batch, n);
    }
    for (size_t workers = 1; workers <= 4; workers += 3) {
        nxc__pool *pool;
        size_t done = 0;
        assert_ok(nxc__pool_new(workers, NULL, &pool, &err), err);
        memset(all, 0, sizeof all);
        assert_ok(nxc__encoder_encode_parallel(ctxs, pool, texts, N_BATCH, all,
                                               batch, count_progress, &done,
                                               &err),
                  err);
        assert_int_equal(done, N_BATCH);
        assert_memory_equal(one, all, sizeof one);
        assert_infos(single, batch, N_BATCH);
        if (workers == 1)
            assert_int_equal(
                nxc__encoder_encode_parallel(ctxs, pool, texts, N_BATCH, all,
                                             NULL, stop_at_once, NULL, &err),
                NXC_ERR_CANCELLED);
        nxc__pool_free(pool);
    }
    for (size_t i = 0; i < 4; i++)
        nxc_encoder_ctx_free(ctxs[i]);
    nxc_encoder_close(e);
}

/* Threads of this process, or 0 where it is not told. */
static size_t count_threads(void) {
    char line[128];
    unsigned n = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Threads: %u", &n) == 1) break;
    if (f) fclose(f);
    return n;
}

/* Teams that spin and teams that sleep, on texts of 2 to 256 tokens. A team
 * starts its threads once, and nobody else starts any. */
static void a_team_gives_the_bits_of_one_thread(void **state) {
    (void)state;
    static const tiny_model wide = {.n_layers = 1, .n_positions = 256};
    static const size_t lengths[] = {2, 3, 5, 8, 16, 17, 33, 64, 65, 127, 256};
    static float want[256 * 384], got[256 * 384];
    size_t alone = count_threads();
    nxc_error err;
    tiny_model_write(&wide, DIR "6");
    assert_ok(nxc_model_pack(DIR "6", DIR "6/wide.nxm", dtype, NULL, &err),
              err);
    for (int spins = 0; spins < 2; spins++) {
        nxc_encoder *e = open_with(DIR "6/wide.nxm", "encoder_spin",
                                   spins ? "true" : "false");
        nxc_encoder_ctx *ctxs[4];
        for (size_t n = 1; n <= 4; n++)
            assert_ok(nxc__encoder_ctx_new_team(e, n, &ctxs[n - 1], &err), err);
        assert_int_equal(count_threads(), alone);
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            size_t n = lengths[l];
            char text[512];
            nxc_text_info info;
            nxc_str s = {text, 2 * (n - 2)};
            for (size_t i = 0; i < s.len; i++)
                text[i] = "a b 1 c / 2 d e "[(i + i / 40 * 2) % 16];
            assert_ok(
                nxc_encoder_encode_tokens(ctxs[0], s, want, NULL, &info, &err),
                err);
            assert_int_equal(info.n_tokens, n);
            for (size_t m = 1; m < 4; m++) {
                memset(got, 0, sizeof got);
                assert_ok(nxc_encoder_encode_tokens(ctxs[m], s, got, NULL, NULL,
                                                    &err),
                          err);
                assert_memory_equal(want, got, n * 384 * sizeof(float));
            }
        }
        if (alone) assert_int_equal(count_threads(), alone + 1 + 2 + 3);
        for (size_t n = 0; n < 4; n++)
            nxc_encoder_ctx_free(ctxs[n]);
        assert_int_equal(count_threads(), alone);
        nxc_encoder_close(e);
    }
    tiny_model_remove(DIR "6");
}

/* Fewer passes than threads, a pass for each thread, and more. */
static void batches_take_any_number_of_threads(void **state) {
    (void)state;
    static float want[N_BATCH * 384], got[N_BATCH * 384];
    nxc_str texts[N_BATCH];
    nxc_text_info a[N_BATCH], b[N_BATCH];
    nxc_error err;
    nxc_encoder *e = open_with(PACKED, "encoder_spin", "true");
    nxc_encoder_ctx *ctx = ctx_of(e);
    sample_texts(texts, N_BATCH);
    assert_ok(nxc_encoder_encode(ctx, texts, N_BATCH, want, a, &err), err);
    for (size_t threads = 0; threads <= 9; threads++)
        for (size_t n = 0; n <= N_BATCH; n = n ? n * 4 : 1) {
            memset(got, 0, sizeof got);
            assert_ok(
                nxc_encoder_encode_batch(e, threads, texts, n, got, b, &err),
                err);
            assert_memory_equal(want, got, n * 384 * sizeof(float));
            assert_infos(a, b, n);
        }
    assert_int_equal(
        nxc_encoder_encode_batch(e, 257, texts, 1, got, NULL, &err),
        NXC_ERR_INVALID);
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(e);
}

/* More texts than are looked at together; every third is one of two, with
 * bytes of its own. */
static void equal_texts_are_encoded_once(void **state) {
    (void)state;
    enum { N = 1200, TOGETHER = (int)NXC_DISTINCT_MAX };
    static char words[N][16];
    static nxc_str texts[N];
    static float all[N * 384], again[N * 384], one[384];
    static nxc_text_info info[N], infos[N];
    nxc_error err;
    nxc_encoder *e = open_at("auto");
    nxc_encoder_ctx *ctxs[3] = {ctx_of(e), ctx_of(e), ctx_of(e)};
    size_t want = 0;
    for (size_t i = 0; i < N; i++) {
        if (i % 3)
            snprintf(words[i], sizeof words[i], "a%zu", i);
        else
            snprintf(words[i], sizeof words[i], "b%zu", i % 2);
        texts[i] = nxc__str(words[i]);
    }
    assert_ok(nxc_encoder_encode(ctxs[0], texts, N, all, info, &err), err);
    for (size_t i = 0; i < N; i++)
        if (i % 3 || i % TOGETHER < 6) want += info[i].n_tokens;
    assert_int_equal(nxc__encoder_n_tokens(ctxs[0]), want);
    for (size_t i = 0; i < N; i += 97) {
        assert_ok(nxc_encoder_encode(ctxs[1], texts + i, 1, one, infos, &err),
                  err);
        assert_memory_equal(one, all + i * 384, sizeof one);
        assert_infos(info + i, infos, 1);
    }
    want += nxc__encoder_n_tokens(ctxs[1]);
    nxc__pool *pool;
    assert_ok(nxc__pool_new(2, NULL, &pool, &err), err);
    assert_ok(nxc__encoder_encode_parallel(ctxs + 1, pool, texts, N, again,
                                           infos, NULL, NULL, &err),
              err);
    nxc__pool_free(pool);
    assert_memory_equal(all, again, sizeof all);
    assert_infos(info, infos, N);
    assert_int_equal(
        nxc__encoder_n_tokens(ctxs[1]) + nxc__encoder_n_tokens(ctxs[2]), want);
    for (size_t i = 0; i < 3; i++)
        nxc_encoder_ctx_free(ctxs[i]);
    nxc_encoder_close(e);
}

static void flags_truncation(void **state) {
    (void)state;
    char text[200] = "";
    nxc_encoder *e = open_at("auto");
    nxc_error err;
    for (size_t n = 0; n <= 30; n++) { /* n words of one piece each */
        uint32_t ids[24];
        nxc_text_info info;
        assert_ok(nxc_encoder_tokenize(e, nxc__str(text), ids, &info, &err),
                  err);
        assert_int_equal(info.n_tokens, n + 2 < 24 ? n + 2 : 24);
        assert_int_equal(info.truncated, n + 2 > 24);
        assert_int_equal(ids[0], 2);
        assert_int_equal(ids[info.n_tokens - 1], 3);
        strncat(text, "list ", 6);
    }
    nxc_encoder_close(e);
}

static void refuses_missing_arguments(void **state) {
    (void)state;
    static float out[384];
    nxc_encoder *e = open_at("auto");
    nxc_encoder_ctx *ctx = ctx_of(e), *none;
    nxc_error err;
    nxc_str text = NXC_STR("a"), broken = {NULL, 3};
    assert_int_equal(nxc_encoder_encode(ctx, &broken, 1, out, NULL, &err),
                     NXC_ERR_INVALID);
    assert_string_equal(err.message, "texts[0]: expected 3 bytes, got NULL");
    assert_int_equal(nxc_encoder_encode(ctx, &text, 1, NULL, NULL, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc_encoder_encode(NULL, &text, 1, out, NULL, &err),
                     NXC_ERR_INVALID);
    assert_ok(nxc_encoder_encode(ctx, NULL, 0, NULL, NULL, &err), err);
    assert_int_equal(
        nxc_encoder_encode_tokens(ctx, broken, out, NULL, NULL, &err),
        NXC_ERR_INVALID);
    assert_int_equal(nxc_encoder_tokenize(e, text, NULL, NULL, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc_encoder_ctx_new(NULL, &none, &err), NXC_ERR_INVALID);
    assert_int_equal(nxc_encoder_open(NULL, NULL, NULL, &e, &err),
                     NXC_ERR_INVALID);
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(e);
    nxc_encoder_ctx_free(NULL);
    nxc_encoder_close(NULL);
}

static void allocates_nothing_when_warm(void **state) {
    (void)state;
    static float out[N_SAMPLES * 384];
    counting_alloc counts = {.fail_at = SIZE_MAX};
    nxc_allocator alloc = counting_allocator(&counts);
    nxc_str texts[N_SAMPLES];
    nxc_encoder *e;
    nxc_encoder_ctx *ctx;
    nxc_error err;
    sample_texts(texts, N_SAMPLES);
    assert_ok(nxc_encoder_open(PACKED, NULL, &alloc, &e, &err), err);
    assert_ok(nxc_encoder_ctx_new(e, &ctx, &err), err);
    size_t n = counts.n;
    assert_ok(nxc_encoder_encode(ctx, texts, N_SAMPLES, out, NULL, &err), err);
    assert_int_equal(counts.n, n);
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(e);
    assert_int_equal(counts.live, 0);
}

static void survives_each_failed_allocation(void **state) {
    (void)state;
    static const char *const name[] = {"open", "pack"};
    for (int pack = 0; pack < 2; pack++)
        for (size_t n = 0;; n++) {
            counting_alloc counts = {.fail_at = n};
            nxc_allocator alloc = counting_allocator(&counts);
            nxc_encoder *e = NULL;
            nxc_encoder_ctx *ctx = NULL;
            nxc_error err;
            nxc_status st;
            if (pack) {
                st = nxc_model_pack(DIR, DIR "/other.nxm", dtype, &alloc, &err);
            } else {
                st = nxc_encoder_open(PACKED, NULL, &alloc, &e, &err);
                if (st == NXC_OK) st = nxc_encoder_ctx_new(e, &ctx, &err);
                nxc_encoder_ctx_free(ctx);
                nxc_encoder_close(e);
            }
            assert_int_equal(counts.live, 0);
            if (st == NXC_OK) {
                printf("%s: %zu allocations\n", name[pack], n);
                assert_true(n >= 4);
                break;
            }
            assert_int_equal(st, NXC_ERR_NOMEM);
            assert_int_not_equal(access(DIR "/other.nxm", F_OK), 0);
        }
}

/* ---------------------------------------------------------------- packing */

static void tells_about_itself(void **state) {
    (void)state;
    nxc_error err;
    nxc_encoder *e = open_at("auto");
    nxc_encoder_info info, other;
    nxc_str source;
    char hex[65];
    uint8_t digest[32];
    nxc_encoder_get_info(e, &info);
    assert_int_equal(info.dim, 384);
    assert_int_equal(info.n_layers, 2);
    assert_int_equal(info.max_tokens, 24);
    assert_int_equal(info.vocab_size, TINY_VOCAB);
    assert_int_equal(info.dtype, dtype);
    assert_int_equal(nxc__encoder_wordpiece(e)->vocab_size, TINY_VOCAB);
    assert_ok(nxc__file_read(DIR "/model.safetensors", SIZE_MAX / 2,
                             &nxc__allocator_default, &source, &err),
              err);
    assert_ok(nxc__sha256_bytes(source.ptr, source.len, digest, &err), err);
    nxc__sha256_format(digest, hex);
    assert_string_equal(info.source_sha256, hex);
    assert_ok(nxc__encoder_verify(e, &err), err);
    nxc_encoder_close(e);
    union {
        const char *in;
        void *out;
    } p = {source.ptr};
    nxc__free(&nxc__allocator_default, p.out, source.len + 1);

    tiny_model changed = tiny; /* other weights, other fingerprint */
    changed.seed = 8;
    tiny_model_write(&changed, DIR "2");
    assert_ok(nxc_model_pack(DIR "2", DIR "2/tiny.nxm", dtype, NULL, &err),
              err);
    assert_ok(nxc_encoder_open(DIR "2/tiny.nxm", NULL, NULL, &e, &err), err);
    nxc_encoder_get_info(e, &other);
    assert_string_not_equal(info.fingerprint, other.fingerprint);
    assert_string_not_equal(info.source_sha256, other.source_sha256);
    nxc_encoder_close(e);
    tiny_model_remove(DIR "2");
}

static void read_packed(const char *path, nxc_str *out) {
    nxc_error err;
    assert_ok(
        nxc__file_read(path, SIZE_MAX / 2, &nxc__allocator_default, out, &err),
        err);
}
static void free_packed(nxc_str s) {
    union {
        const char *in;
        void *out;
    } p = {s.ptr};
    nxc__free(&nxc__allocator_default, p.out, s.len + 1);
}

/* The vocabulary may come out of tokenizer.json: the same file results. */
static void takes_the_vocabulary_of_tokenizer_json(void **state) {
    (void)state;
    nxc__buffer b;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    nxc__buffer_append_z(&b, "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{");
    const char *line = tiny_vocab;
    for (unsigned id = 0; id < TINY_VOCAB; id++) {
        const char *end = strchr(line, '\n');
        if (id) nxc__buffer_append_char(&b, ',');
        nxc__buffer_append_json(&b, (nxc_str){line, (size_t)(end - line)});
        nxc__buffer_printf(&b, ":%u", id);
        line = end + 1;
    }
    nxc__buffer_append_z(&b, "}}}");
    tiny_model_write(&tiny, DIR "3");
    tiny_write_file(DIR "3", "tokenizer.json", b.data, b.len);
    assert_int_equal(unlink(DIR "3/vocab.txt"), 0);
    assert_ok(nxc_model_pack(DIR "3", DIR "3/tiny.nxm", dtype, NULL, &err),
              err);
    nxc_str x, y;
    read_packed(PACKED, &x);
    read_packed(DIR "3/tiny.nxm", &y);
    assert_true(nxc__str_eq(x, y));
    free_packed(x);
    free_packed(y);
    b.data[b.len - 5] = '2'; /* id 30 becomes 20, which there is */
    tiny_write_file(DIR "3", "tokenizer.json", b.data, b.len);
    assert_int_equal(
        nxc_model_pack(DIR "3", DIR "3/tiny.nxm", dtype, NULL, &err),
        NXC_ERR_PARSE);
    tiny_write_file(DIR "3", "tokenizer.json", "{\"model\":{}}", 12);
    assert_int_equal(
        nxc_model_pack(DIR "3", DIR "3/tiny.nxm", dtype, NULL, &err),
        NXC_ERR_INVALID);
    nxc__buffer_release(&b);
    tiny_model_remove(DIR "3");
}

static void pack_refuses(const char *config, const char *odd_tensor,
                         const char *odd_dtype, nxc_status want,
                         const char *says) {
    tiny_model m = tiny;
    nxc_error err = {0};
    m.odd_tensor = odd_tensor;
    m.odd_dtype = odd_dtype;
    tiny_model_write(&m, DIR "4");
    if (config) tiny_write_file(DIR "4", "config.json", config, strlen(config));
    nxc_status st =
        nxc_model_pack(DIR "4", DIR "4/tiny.nxm", dtype, NULL, &err);
    if (st != want || !strstr(err.message, says))
        fail_msg("expected %s with \"%s\", got %s: %s", nxc_status_name(want),
                 says, nxc_status_name(st), err.message);
    if (want != NXC_OK) assert_int_not_equal(access(DIR "4/tiny.nxm", F_OK), 0);
    tiny_model_remove(DIR "4");
}

static void pack_says_what_is_wrong(void **state) {
    (void)state;
    nxc_error err;
    assert_int_equal(nxc_model_pack(DIR, PACKED, (nxc_dtype)3, NULL, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(nxc_model_pack(NULL, PACKED, NXC_F32, NULL, &err),
                     NXC_ERR_INVALID);
    assert_int_equal(
        nxc_model_pack(DIR "/nowhere", PACKED, NXC_F32, NULL, &err),
        NXC_ERR_IO);
    pack_refuses("{\"hidden_size\":384,\"hidden_act\":\"gelu\"}", NULL, NULL,
                 NXC_OK, "");
    pack_refuses("{\"num_hidden_layers\":3}", NULL, NULL, NXC_ERR_UNSUPPORTED,
                 "$.num_hidden_layers: expected 2 as in the weights, got 3");
    pack_refuses("{\"hidden_act\":\"relu\"}", NULL, NULL, NXC_ERR_UNSUPPORTED,
                 "$.hidden_act: expected \"gelu\", got \"relu\"");
    pack_refuses("[]", NULL, NULL, NXC_ERR_INVALID, "expected an object");
    pack_refuses("{\"layer_norm_eps\":-1}", NULL, NULL, NXC_ERR_FORMAT,
                 "layer_norm_eps");
    pack_refuses(NULL, "encoder.layer.1.output.dense.weight", "I32",
                 NXC_ERR_UNSUPPORTED, "expected dtype F32, got I32");
    pack_refuses(NULL, "encoder.layer.0.attention.self.key.bias", "NaN",
                 NXC_ERR_FORMAT,
                 "encoder.layer.0.attention.self.key.bias: expected finite");
    pack_refuses(NULL, "embeddings.token_type_embeddings.weight", "NaN", NXC_OK,
                 ""); /* in row 1, which is never used */
    tiny_model_write(&tiny, DIR "4");
    tiny_write_file(DIR "4", "vocab.txt", tiny_vocab, sizeof tiny_vocab - 3);
    assert_int_equal(
        nxc_model_pack(DIR "4", DIR "4/tiny.nxm", dtype, NULL, &err),
        NXC_ERR_FORMAT);
    tiny_model_remove(DIR "4");
}

/* ------------------------------------------------------------- corruption */

typedef struct packed {
    uint8_t *bytes; /* exact-size copy */
    size_t n;
} packed;

static nxc_status open_bytes(const packed *p, size_t n, nxc_error *err) {
    nxc__packed_model m;
    nxc_status st = nxc__packed_model_open(&m, "f", p->bytes, n, NULL, err);
    if (st == NXC_OK) nxc__packed_model_release(&m);
    return st;
}

static void refuses_damaged_files(void **state) {
    (void)state;
    nxc_str file;
    nxc_error err;
    read_packed(PACKED, &file);
    packed p = {nxc__alloc(&nxc__allocator_default, file.len), file.len};
    assert_non_null(p.bytes);
    memcpy(p.bytes, file.ptr, file.len);
    free_packed(file);
    nxc__packed_header *h = (nxc__packed_header *)(void *)p.bytes;
    size_t header = h->header_bytes;
    assert_ok(open_bytes(&p, p.n, &err), err);
    for (size_t i = 0; i < header; i++) { /* the checksum sees each bit */
        for (int bit = 0; bit < 8; bit++) {
            p.bytes[i] ^= (uint8_t)(1 << bit);
            assert_int_equal(open_bytes(&p, p.n, &err), NXC_ERR_FORMAT);
            p.bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
    size_t accepted = 0;
    for (size_t i = NXC_PACKED_CHECKSUM_FROM; i < header; i++) {
        p.bytes[i] ^= 0x81; /* and without it each field is checked */
        h->checksum = nxc__packed_checksum(h);
        nxc_status st = open_bytes(&p, p.n, &err);
        bool is_digest = i >= offsetof(nxc__packed_header, source_sha256) &&
                         i < offsetof(nxc__packed_header, reserved);
        bool is_eps = i / 4 * 4 == offsetof(nxc__packed_header, layer_norm_eps);
        if (st == NXC_OK) accepted++;
        if ((st == NXC_OK) && !is_digest && !is_eps)
            fail_msg("byte %zu: expected an error", i);
        p.bytes[i] ^= 0x81;
    }
    assert_true(accepted >= 64);
    h->checksum = nxc__packed_checksum(h);
    assert_ok(open_bytes(&p, p.n, &err), err);
    for (size_t n = 0; n <= header; n++) /* the size is checked first */
        assert_int_equal(open_bytes(&p, n, &err), NXC_ERR_FORMAT);
    for (size_t n = header; n < p.n; n += p.n / 97)
        assert_int_equal(open_bytes(&p, n, &err), NXC_ERR_FORMAT);
    for (uint32_t other = 0; other < 5; other++) { /* each has its sections */
        if (other == dtype) continue;
        h->dtype = other;
        h->checksum = nxc__packed_checksum(h);
        assert_int_equal(open_bytes(&p, p.n, &err), NXC_ERR_FORMAT);
    }
    nxc__free(&nxc__allocator_default, p.bytes, p.n);
}

/* A column sum out of its bounds could overflow in a product. */
static void refuses_impossible_column_sums(void **state) {
    (void)state;
    nxc_str file;
    nxc_error err;
    size_t n_sums = 0;
    read_packed(PACKED, &file);
    packed p = {nxc__alloc(&nxc__allocator_default, file.len), file.len};
    assert_non_null(p.bytes);
    memcpy(p.bytes, file.ptr, file.len);
    free_packed(file);
    nxc__packed_header *h = (nxc__packed_header *)(void *)p.bytes;
    nxc__packed_section *sections = (nxc__packed_section *)(void *)(h + 1);
    for (size_t i = 0; i < h->n_sections; i++) {
        const nxc__packed_section *s = &sections[i];
        if (s->kind != NXC_SECTION_SUMS) continue;
        n_sums++;
        int32_t k = (int32_t)sections[i - 3].rows;
        int32_t *sums = (int32_t *)(void *)(p.bytes + s->offset);
        const int32_t values[] = {128 * k,      -128 * k,  128 * k + 1,
                                  -128 * k - 1, INT32_MAX, INT32_MIN};
        for (size_t v = 0; v < 6; v++)
            for (size_t j = 0; j < s->cols; j += s->cols - 1) {
                int32_t kept = sums[j];
                sums[j] = values[v];
                assert_int_equal(open_bytes(&p, p.n, &err),
                                 v < 2 ? NXC_OK : NXC_ERR_FORMAT);
                sums[j] = kept;
            }
    }
    assert_int_equal(n_sums, dtype == NXC_INT8 ? 4 * h->n_layers : 0);
    nxc__free(&nxc__allocator_default, p.bytes, p.n);
}

/* Ranks that do not add up could name a row past the table. */
static void refuses_impossible_ranks(void **state) {
    (void)state;
    nxc_str file;
    nxc_error err;
    if (dtype == NXC_F32) return;
    size_t at = dtype == NXC_INT8 ? 4 : 2;
    read_packed(PACKED, &file);
    packed p = {nxc__alloc(&nxc__allocator_default, file.len), file.len};
    assert_non_null(p.bytes);
    memcpy(p.bytes, file.ptr, file.len);
    free_packed(file);
    nxc__packed_header *h = (nxc__packed_header *)(void *)p.bytes;
    nxc__packed_section *sections = (nxc__packed_section *)(void *)(h + 1);
    assert_int_equal(sections[at].kind, NXC_SECTION_EMBED_RANKS);
    uint32_t *words = (uint32_t *)(void *)(p.bytes + sections[at].offset);
    assert_int_equal(h->n_embeddings, TINY_VOCAB);
    for (int bit = 0; bit < 64; bit++) {
        words[bit / 32] ^= UINT32_C(1) << bit % 32;
        assert_int_equal(open_bytes(&p, p.n, &err), NXC_ERR_FORMAT);
        words[bit / 32] ^= UINT32_C(1) << bit % 32;
    }
    words[0] ^= UINT32_C(3) << 30; /* as many rows, the last id has none */
    assert_int_equal(open_bytes(&p, p.n, &err), NXC_ERR_FORMAT);
    words[0] ^= UINT32_C(3) << 30;
    assert_ok(open_bytes(&p, p.n, &err), err);
    nxc__free(&nxc__allocator_default, p.bytes, p.n);
}

/* A piece that no text gives has no row, and the others keep theirs. */
static void leaves_out_unused_pieces(void **state) {
    (void)state;
    static float want[N_SAMPLES * 384], got[N_SAMPLES * 384];
    char vocab[sizeof tiny_vocab + 16];
    nxc_encoder_info info[2];
    nxc_str texts[N_SAMPLES];
    nxc_error err;
    sample_texts(texts, N_SAMPLES);
    tiny_model_write(&tiny, DIR "5");
    for (int unused = 0; unused < 2; unused++) {
        const char *at = strstr(tiny_vocab, "[MASK]\n") + 7;
        snprintf(vocab, sizeof vocab, "%.*s%s\n%s", (int)(at - tiny_vocab),
                 tiny_vocab, unused ? "[unused1]" : "[another]",
                 strchr(at, '\n') + 1);
        tiny_write_file(DIR "5", "vocab.txt", vocab, strlen(vocab));
        assert_ok(nxc_model_pack(DIR "5", DIR "5/tiny.nxm", dtype, NULL, &err),
                  err);
        nxc_encoder *e;
        assert_ok(nxc_encoder_open(DIR "5/tiny.nxm", NULL, NULL, &e, &err),
                  err);
        nxc_encoder_ctx *ctx = ctx_of(e);
        assert_ok(nxc_encoder_encode(ctx, texts, N_SAMPLES, unused ? got : want,
                                     NULL, &err),
                  err);
        nxc_encoder_get_info(e, &info[unused]);
        nxc_encoder_ctx_free(ctx);
        nxc_encoder_close(e);
    }
    assert_memory_equal(want, got, sizeof got);
    if (dtype != NXC_F32)
        assert_true(info[1].file_bytes + 300 < info[0].file_bytes);
    tiny_model_remove(DIR "5");
}

/* What the file says of its columns is what the kernels assume. */
static void sums_are_those_of_the_columns(void **state) {
    (void)state;
    nxc_str file;
    nxc_error err;
    nxc__packed_model m;
    if (dtype != NXC_INT8) return;
    read_packed(PACKED, &file);
    assert_ok(nxc__packed_model_open(&m, "f", file.ptr, file.len, NULL, &err),
              err);
    const nxc__linear_int8 *w = &m.layers[1].down.int8;
    for (size_t j = 0; j < w->n; j++) {
        int32_t sum = 0, top = 0;
        for (size_t k = 0; k < w->k; k++) {
            int32_t b = w->panels[j / 48 * 48 * w->k + k / 4 * 192 +
                                  j % 48 * 4 + k % 4];
            sum += b;
            top = b > top ? b : -b > top ? -b : top;
        }
        assert_int_equal(sum, w->sums[j]);
        assert_int_equal(top, 127); /* the scale is that of the largest */
    }
    nxc__packed_model_release(&m);
    free_packed(file);
}

/* Damage to weights is found by verify, which reads them. */
static void verify_finds_a_changed_weight(void **state) {
    (void)state;
    nxc_str file;
    nxc_error err;
    nxc_encoder *e;
    read_packed(PACKED, &file);
    union {
        const char *in;
        char *out;
    } p = {file.ptr};
    p.out[file.len / 2] ^= 1;
    tiny_write_file(DIR, "other.nxm", file.ptr, file.len);
    free_packed(file);
    assert_ok(nxc_encoder_open(DIR "/other.nxm", NULL, NULL, &e, &err), err);
    assert_int_equal(nxc__encoder_verify(e, &err), NXC_ERR_FORMAT);
    nxc_encoder_close(e);
    tiny_write_file(DIR, "other.nxm", "x", 1);
    assert_int_equal(nxc_encoder_open(DIR "/other.nxm", NULL, NULL, &e, &err),
                     NXC_ERR_FORMAT);
    assert_int_equal(nxc_encoder_open(DIR "/none.nxm", NULL, NULL, &e, &err),
                     NXC_ERR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_each_failed_allocation),
        cmocka_unit_test(agrees_with_double_precision),
        cmocka_unit_test(gives_the_same_bits_on_every_isa),
        cmocka_unit_test(a_text_does_not_depend_on_its_company),
        cmocka_unit_test(a_team_gives_the_bits_of_one_thread),
        cmocka_unit_test(batches_take_any_number_of_threads),
        cmocka_unit_test(equal_texts_are_encoded_once),
        cmocka_unit_test(flags_truncation),
        cmocka_unit_test(refuses_missing_arguments),
        cmocka_unit_test(allocates_nothing_when_warm),
        cmocka_unit_test(tells_about_itself),
        cmocka_unit_test(takes_the_vocabulary_of_tokenizer_json),
        cmocka_unit_test(pack_says_what_is_wrong),
        cmocka_unit_test(refuses_damaged_files),
        cmocka_unit_test(refuses_impossible_column_sums),
        cmocka_unit_test(sums_are_those_of_the_columns),
        cmocka_unit_test(refuses_impossible_ranks),
        cmocka_unit_test(leaves_out_unused_pieces),
        cmocka_unit_test(verify_finds_a_changed_weight),
    };
    int f32 = cmocka_run_group_tests_name("f32", tests, set_up_f32, tear_down);
    int bf16 =
        cmocka_run_group_tests_name("bf16", tests, set_up_bf16, tear_down);
    int int8 =
        cmocka_run_group_tests_name("int8", tests, set_up_int8, tear_down);
    return f32 + bf16 + int8;
}
