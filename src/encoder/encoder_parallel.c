/*
 * Encoding many texts over a pool of threads.
 *
 * Texts are taken some hundred at a time, and of equal ones the first
 * (distinct_texts.h). There is one task per worker; each takes runs of texts
 * from a shared cursor until none is left. A run is what an estimate of the
 * tokens says fills one pass, so that long texts do not pile up on one worker.
 * A worker uses the context of its own number, rows of out belong to one run,
 * and a text's result does not depend on its run: the outcome is that of one
 * thread.
 *
 * progress is called on the caller's thread only, without any lock: after each
 * run that this thread has done, and once at the end.
 */
#include <stdatomic.h>

#include "base/error.h"
#include "encoder/encoder.h"

typedef struct job {
    nxc_encoder_ctx *const *ctxs;
    const nxc_str *texts; /* looked at together */
    const uint16_t *at;   /* (n) those to encode */
    size_t n;
    float *out;
    nxc_text_info *info;
    size_t before, total; /* texts of earlier turns, of all */
    nxc_progress progress;
    void *user;
    atomic_size_t next, done;
    atomic_bool stop;
} job;

/* English text has about four bytes to a token. */
static size_t estimate_tokens(nxc_str text) {
    size_t n = text.len / 4 + 2;
    return n < NXC_MAX_TOKENS ? n : NXC_MAX_TOKENS;
}

/* Where the run that begins at start < n ends; at (n) picks texts, NULL: all.
 */
static size_t run_end(const nxc_str *texts, const uint16_t *at, size_t n,
                      size_t start) {
    size_t tokens = 0, end = start;
    for (; end < n; end++) {
        tokens += estimate_tokens(texts[at ? at[end] : end]);
        if (end > start && tokens > NXC_MAX_TOKENS) break;
    }
    return end;
}

size_t nxc__encoder_count_runs(const nxc_str *texts, size_t n) {
    size_t runs = 0;
    for (size_t i = 0; i < n; i = run_end(texts, NULL, n, i))
        runs++;
    return runs;
}

/* The next run [*from, *to); false if there is none. */
static bool take_run(job *j, size_t *from, size_t *to) {
    size_t start = atomic_load_explicit(&j->next, memory_order_relaxed), end;
    do {
        if (start >= j->n) return false;
        end = run_end(j->texts, j->at, j->n, start);
    } while (!atomic_compare_exchange_weak_explicit(
        &j->next, &start, end, memory_order_relaxed, memory_order_relaxed));
    *from = start;
    *to = end;
    return true;
}

static void work(void *user, size_t i, size_t worker) {
    job *j = user;
    (void)i;
    size_t from, to;
    while (!atomic_load_explicit(&j->stop, memory_order_relaxed) &&
           take_run(j, &from, &to)) {
        nxc__encoder_encode_rows(j->ctxs[worker], j->texts, j->at + from,
                                 to - from, j->out, j->info);
        size_t done = to - from +
                      atomic_fetch_add_explicit(&j->done, to - from,
                                                memory_order_relaxed);
        done += j->before;
        if (worker == 0 && done < j->total && j->progress &&
            !j->progress(j->user, done, j->total))
            atomic_store_explicit(&j->stop, true, memory_order_relaxed);
    }
}

/* NOLINTNEXTLINE(readability-function-size): the contract's parameters */
nxc_status nxc__encoder_encode_parallel(nxc_encoder_ctx *const *ctxs,
                                        nxc__pool *pool, const nxc_str *texts,
                                        size_t n, float *out,
                                        nxc_text_info *info,
                                        nxc_progress progress, void *user,
                                        nxc_error *err) {
    if (!ctxs || !pool)
        return nxc__error(err, NXC_ERR_INVALID,
                          "encode: expected contexts and a pool, got NULL");
    NXC_TRY(nxc__encoder_check_texts(texts, n, out, err));
    nxc__distinct *d = nxc__encoder_distinct(ctxs[0]);
    job j = {.ctxs = ctxs,
             .at = d->at,
             .total = n,
             .progress = progress,
             .user = user};
    for (size_t i = 0; i < n; i += NXC_DISTINCT_MAX) {
        size_t some = n - i < NXC_DISTINCT_MAX ? n - i : NXC_DISTINCT_MAX;
        j.texts = texts + i;
        j.out = out + i * NXC_DIM;
        j.info = info ? info + i : NULL;
        j.before = i;
        nxc__distinct_find(d, j.texts, some);
        j.n = d->n;
        atomic_store(&j.next, 0);
        atomic_store(&j.done, 0);
        nxc__pool_run(pool, work, &j, nxc__pool_n_workers(pool));
        if (atomic_load(&j.stop))
            return nxc__error(err, NXC_ERR_CANCELLED,
                              "encode: expected %zu texts, got %zu before it "
                              "was stopped",
                              n, i + atomic_load(&j.done));
        nxc__encoder_copy_same(d, some, j.out, j.info);
    }
    if (progress) progress(user, n, n); /* nothing is left to stop */
    return NXC_OK;
}
