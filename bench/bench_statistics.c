/*
 * Learning and asking, on one core.
 *
 *     bench_statistics [CALLS] [PROMPTS]     (1,000,000; 100,000)
 *
 * calls: sessions of 8 calls over 500 operations, without prompts: adding them
 * and counting them. prompts: that many decision points, each with a prompt of
 * its own, near one of 2,000 intents, and questions near those; the vectors
 * lose their length along 384 directions as those of short prompts on one API
 * do (.85 of it in 64 directions). Beside the index: all rows exactly, and
 * whether both found the same.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/number.h"
#include "base/str.h"
#include "measure.h"
#include "statistics/statistics_handle.h"

#define N_OPS 500
#define N_CALLS 8 /* of a session */
#define N_INTENTS 2000
#define N_QUERIES 200

/* Of this process: other processes do not count. */
static double cpu_s(void) { return (double)clock() / CLOCKS_PER_SEC; }

static uint64_t seed = 1;
static uint64_t next_random(void) {
    uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static float normal(void) { /* nearly */
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += (double)(next_random() >> 11) * 0x1p-53 - 0.5;
    return (float)(sum * 1.7320508);
}

/* center and something of its own of length about own, made unit. */
static void vector_near(const float *center, float own, float *out) {
    double norm = 0;
    for (size_t d = 0; d < NXC_DIM; d++) {
        float size = powf(1 + (float)d * 0.3f, -0.75f) / 2.46f;
        out[d] = center[d] + own * normal() * size;
        norm += (double)out[d] * (double)out[d];
    }
    for (size_t d = 0; d < NXC_DIM; d++)
        out[d] = (float)((double)out[d] / sqrt(norm));
}

static float *random_intents(void) {
    static float mean[NXC_DIM];
    float *out = malloc(sizeof *out * N_INTENTS * NXC_DIM);
    if (!out) exit(1);
    vector_near(mean, 1, mean);
    for (size_t i = 0; i < N_INTENTS; i++)
        vector_near(mean, 1.5f, out + i * NXC_DIM);
    return out;
}

static void add_session(nxc__learned *l, size_t key, size_t n, uint32_t text) {
    nxc_error err;
    nxc__learned_call calls[N_CALLS];
    uint32_t last = (uint32_t)(next_random() % N_OPS);
    for (size_t t = 0; t < n; t++) {
        uint64_t r = next_random();
        last = r % 4 ? (last * 7 + (uint32_t)(r >> 60) % 3) % N_OPS
                     : (uint32_t)(r >> 32) % N_OPS;
        calls[t] = (nxc__learned_call){last, text, text, 1};
    }
    nxc__hash128 name = nxc__hash_128(&key, sizeof key);
    nxc__learned_session x = {name, name, (double)key, 0, (uint32_t)n};
    must(nxc__learned_add(l, &x, calls, &err), &err);
}

static void bench_calls(size_t n_calls) {
    nxc_error err;
    nxc__learned l;
    nxc__statistics *s;
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = N_OPS;
    double add = cpu_s();
    nxc__learned_init(&l, NULL);
    for (size_t i = 0; i < n_calls / N_CALLS; i++)
        add_session(&l, i, N_CALLS, NXC_NONE);
    double build = cpu_s();
    must(nxc__statistics_new(&l, &options, NULL, &s, &err), &err);
    double end = cpu_s();
    double v[] = {build - add, end - build, (double)s->arena.total * 0x1p-20};
    report("learn: add calls", "s of CPU", &v[0], 1);
    report("learn: count calls", "s of CPU", &v[1], 1);
    report("learn: memory of the counts", "MB", &v[2], 1);
    static double us[N_QUERIES];
    nxc__arena arena;
    nxc__transitions t;
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    for (size_t i = 0; i < N_QUERIES; i++) {
        uint32_t history[4];
        for (size_t k = 0; k < 4; k++)
            history[k] = (uint32_t)(next_random() % N_OPS);
        nxc__statistics_query q;
        memset(&q, 0, sizeof q);
        q.calls = history;
        q.n_calls = 4;
        double from = now_us();
        must(nxc__statistics_transitions(s, &q, &arena, &t, &err), &err);
        us[i] = now_us() - from;
        nxc__arena_reset(&arena);
    }
    report("transitions", "us", us, N_QUERIES);
    nxc__arena_release(&arena);
    nxc__statistics_free(s);
    nxc__learned_release(&l);
}

static nxc__statistics *learn_prompts(size_t n, const float *intents) {
    nxc_error err;
    nxc__learned l;
    nxc__statistics *s;
    float *embeddings = malloc(n * NXC_DIM * sizeof *embeddings);
    if (!embeddings) exit(1);
    nxc__learned_init(&l, NULL);
    for (size_t i = 0; i < n; i++) {
        char text[32];
        uint32_t row;
        snprintf(text, sizeof text, "w%zu w%zu w%zu", i % 997, i % 89, i);
        must(nxc__learned_text(&l, nxc__str(text), &row, &err), &err);
        vector_near(intents + i % N_INTENTS * NXC_DIM, 0.5f,
                    embeddings + row * (size_t)NXC_DIM);
        add_session(&l, i, 1, row);
    }
    nxc__statistics_options options;
    memset(&options, 0, sizeof options);
    options.n_operations = N_OPS;
    options.embeddings = embeddings;
    double from = cpu_s();
    must(nxc__statistics_new(&l, &options, NULL, &s, &err), &err);
    double v = cpu_s() - from;
    report("prompts: build", "s of CPU", &v, 1);
    nxc__learned_release(&l);
    free(embeddings);
    return s;
}

static double ask(const nxc__statistics *s, const nxc__prompt_bytes *q,
                  nxc__near_rows *near) {
    nxc_error err;
    nxc__arena arena;
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    if (!nxc__arena_alloc(&arena, s->prompts.n * 8)) exit(1);
    nxc__arena_reset(&arena); /* a request's arena is warm */
    double from = now_us();
    must(nxc__prompt_rows_nearest(s, &s->prompts, q, NXC_NONE, &arena, near,
                                  &err),
         &err);
    double us = now_us() - from;
    nxc__arena_release(&arena);
    return us;
}

static void bench_prompts(size_t n) {
    nxc_error err;
    float *intents = random_intents();
    nxc__statistics *s = learn_prompts(n, intents);
    nxc__encoder_kernels_select(&s->kernels, nxc__cpu_detect());
    static double index_us[N_QUERIES], all_us[N_QUERIES], whole_us[N_QUERIES],
        best[N_QUERIES], last[N_QUERIES];
    size_t n_other = 0;
    nxc__arena arena;
    nxc__arena_init(&arena, &nxc__allocator_default, SIZE_MAX);
    for (size_t i = 0; i < N_QUERIES; i++) {
        float x[NXC_DIM];
        nxc__near_rows near, exact;
        vector_near(intents + next_random() % N_INTENTS * NXC_DIM, 0.5f, x);
        nxc__prompt_bytes q = nxc__prompt_quantize(x);
        index_us[i] = ask(s, &q, &near);
        nxc__prompt_index *index = s->prompts.index;
        s->prompts.index = NULL;
        all_us[i] = ask(s, &q, &exact);
        s->prompts.index = index;
        n_other += near.n != exact.n ||
                   memcmp(near.of, exact.of, near.n * sizeof *near.of) != 0;
        best[i] = (double)near.of[0].cosine;
        last[i] = (double)near.of[near.n - 1].cosine;
        nxc__statistics_query query;
        nxc__neighbours out;
        memset(&query, 0, sizeof query);
        query.prompt = x;
        double from = now_us();
        must(nxc__statistics_neighbours(s, &query, &arena, &out, &err), &err);
        whole_us[i] = now_us() - from;
        nxc__arena_reset(&arena);
    }
    report("prompts: nearest 128 by the index", "us", index_us, N_QUERIES);
    report("prompts: nearest 128 by all rows", "us", all_us, N_QUERIES);
    report("prompts: neighbours", "us", whole_us, N_QUERIES);
    report("prompts: cosine of the nearest", "", best, N_QUERIES);
    report("prompts: cosine of the 128th", "", last, N_QUERIES);
    double other = (double)n_other;
    report("prompts: other answers than by all rows", "", &other, 1);
    nxc__arena_release(&arena);
    nxc__statistics_free(s);
    free(intents);
}

int main(int argc, char **argv) {
    int64_t n[2] = {1000000, 100000};
    for (int i = 1; i < argc && i <= 2; i++)
        if (!nxc__parse_int(nxc__str(argv[i]), 0, 100000000, &n[i - 1])) {
            fprintf(stderr, "bench_statistics: expected a number, got %s\n",
                    argv[i]);
            return 2;
        }
    if (n[0]) bench_calls((size_t)n[0]);
    if (n[1]) bench_prompts((size_t)n[1]);
    return 0;
}
