/*
 * Statistics from learned sessions.
 *
 *     choose sessions -> copy them in order -> groups -> counts
 *                     -> prompts -> words -> samples and reliability
 *
 * Everything lies in one arena of the statistics and is not changed after new,
 * but for the reliability of the text signal. Work memory is a second arena.
 *
 * Cost: sorting the sessions, then a few passes over the calls.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "statistics/statistics_handle.h"

/* Weights are rounded to this; a session below half of it is left out. */
#define WEIGHT_STEP 0x1p-20

nxc_status nxc__statistics_block(nxc__arena *arena, size_t n, size_t size,
                                 void **out, nxc_error *err) {
    *out = nxc__arena_alloc_array(arena, n ? n : 1, size);
    return *out ? NXC_OK : nxc__error_nomem(err, size);
}
nxc_status nxc__statistics_zeros(nxc__arena *arena, size_t n, size_t size,
                                 void **out, nxc_error *err) {
    NXC_TRY(nxc__statistics_block(arena, n, size, out, err));
    memset(*out, 0, n * size);
    return NXC_OK;
}

nxc_status nxc__lists_build(nxc__lists *lists, size_t n, const uint32_t *keys,
                            size_t n_items, nxc__arena *arena, nxc_error *err) {
    void *p;
    NXC_TRY(
        nxc__statistics_zeros(arena, n + 2, sizeof *lists->starts, &p, err));
    uint32_t *at = p;
    size_t n_in = 0;
    for (size_t i = 0; i < n_items; i++) {
        if (keys[i] == NXC_NONE) continue;
        at[keys[i] + 2]++;
        n_in++;
    }
    NXC_TRY(nxc__statistics_block(arena, n_in, sizeof *lists->items, &p, err));
    lists->items = p;
    for (size_t k = 2; k < n + 2; k++)
        at[k] += at[k - 1];
    for (size_t i = 0; i < n_items; i++)
        if (keys[i] != NXC_NONE) lists->items[at[keys[i] + 1]++] = (uint32_t)i;
    lists->starts = at;
    lists->n = n;
    return NXC_OK;
}

/* ---------------------------------------------------------------- sessions */

typedef struct chosen {
    const nxc__learned_session *session;
    uint64_t hash;
    double weight;
} chosen;

static int by_hash(const void *a, const void *b) {
    const chosen *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return nxc__hash128_compare(x->session->key, y->session->key);
}
/* Newest first, without a time last, then by key. */
static int by_age(const void *a, const void *b) {
    const nxc__learned_session *x = ((const chosen *)a)->session,
                               *y = ((const chosen *)b)->session;
    bool x_is_nan = isnan(x->time), y_is_nan = isnan(y->time);
    if (x_is_nan != y_is_nan) return x_is_nan ? 1 : -1;
    if (!x_is_nan && x->time != y->time) return x->time > y->time ? -1 : 1;
    return nxc__hash128_compare(x->key, y->key);
}
static int by_key(const void *a, const void *b) {
    return nxc__hash128_compare(*(const nxc__hash128 *)a,
                                *(const nxc__hash128 *)b);
}

static double weight_of(const nxc__statistics_options *options, double time) {
    double age = options->now - time;
    if (!(options->half_life > 0) || isnan(age) || age <= 0) return 1;
    return rint(exp2(-age / options->half_life) / WEIGHT_STEP) * WEIGHT_STEP;
}

/* Whether a key is among n sorted ones. */
static bool is_among(const nxc__hash128 *keys, size_t n, nxc__hash128 key) {
    return n && bsearch(&key, keys, n, sizeof key, by_key);
}

static nxc_status choose(const nxc__learned *learned,
                         const nxc__statistics_options *options,
                         nxc__arena *scratch, chosen **out, size_t *n_out,
                         nxc_error *err) {
    void *p;
    nxc__hash128 *exclude;
    NXC_TRY(nxc__statistics_block(scratch, options->n_exclude, sizeof *exclude,
                                  &p, err));
    exclude = p;
    if (options->n_exclude) {
        memcpy(exclude, options->exclude, options->n_exclude * sizeof *exclude);
        qsort(exclude, options->n_exclude, sizeof *exclude, by_key);
    }
    NXC_TRY(nxc__statistics_block(scratch, learned->n_sessions, sizeof **out,
                                  &p, err));
    chosen *list = p;
    size_t n = 0;
    for (size_t i = 0; i < learned->n_sessions; i++) {
        const nxc__learned_session *x = &learned->sessions[i];
        double weight = weight_of(options, x->time);
        if (x->n == 0 || weight <= 0 ||
            is_among(exclude, options->n_exclude, x->group))
            continue;
        list[n++] = (chosen){
            x, nxc__hash64(&x->key, sizeof x->key, options->seed), weight};
    }
    if (options->max_sessions && n > options->max_sessions) {
        qsort(list, n, sizeof *list, by_hash);
        n = options->max_sessions;
    }
    qsort(list, n, sizeof *list, by_age);
    *out = list;
    *n_out = n;
    return NXC_OK;
}

static nxc_status check_calls(const nxc__statistics *s,
                              const nxc__learned *learned, nxc_error *err) {
    for (size_t c = 0; c < s->n_calls; c++) {
        const nxc__learned_call *x = &s->calls[c];
        if (x->operation >= s->n_operations)
            return nxc__error(err, NXC_ERR_INVALID,
                              "learned sessions: expected operations below "
                              "%zu, got %u",
                              s->n_operations, (unsigned)x->operation);
        if ((x->prompt != NXC_NONE && x->prompt >= learned->texts.n) ||
            (x->delta != NXC_NONE && x->delta >= learned->texts.n))
            return nxc__error(err, NXC_ERR_INVALID,
                              "learned sessions: expected texts below %zu, "
                              "got another",
                              learned->texts.n);
    }
    return NXC_OK;
}

static nxc_status copy_sessions(nxc__statistics *s, const nxc__learned *learned,
                                const chosen *list, nxc_error *err) {
    void *p;
    for (size_t i = 0; i < s->n_sessions; i++)
        s->n_calls += list[i].session->n;
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_sessions, sizeof *s->sessions,
                                  &p, err));
    s->sessions = p;
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_sessions, sizeof *s->weights,
                                  &p, err));
    s->weights = p;
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_calls, sizeof *s->calls, &p,
                                  err));
    s->calls = p;
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_calls, sizeof *s->session_of,
                                  &p, err));
    s->session_of = p;
    size_t at = 0;
    for (size_t i = 0; i < s->n_sessions; i++) {
        const nxc__learned_session *x = list[i].session;
        s->sessions[i] = *x;
        s->sessions[i].first = at;
        s->weights[i] = list[i].weight;
        memcpy(s->calls + at, learned->calls + x->first,
               x->n * sizeof *s->calls);
        for (size_t t = 0; t < x->n; t++)
            s->session_of[at++] = (uint32_t)i;
    }
    return check_calls(s, learned, err);
}

/* ---------------------------------------------------------------- groups */

static uint32_t find_group(const nxc__statistics *s, nxc__hash128 key) {
    const nxc__hash128 *at =
        bsearch(&key, s->groups, s->n_groups, sizeof key, by_key);
    return at ? (uint32_t)(at - s->groups) : NXC_NONE;
}

static nxc_status build_groups(nxc__statistics *s, nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_sessions, sizeof *s->groups,
                                  &p, err));
    s->groups = p;
    NXC_TRY(nxc__statistics_block(&s->arena, s->n_sessions, sizeof *s->group_of,
                                  &p, err));
    s->group_of = p;
    for (size_t i = 0; i < s->n_sessions; i++)
        s->groups[i] = s->sessions[i].group;
    qsort(s->groups, s->n_sessions, sizeof *s->groups, by_key);
    for (size_t i = 0; i < s->n_sessions; i++)
        if (i == 0 ||
            !nxc__hash128_eq(s->groups[i], s->groups[s->n_groups - 1]))
            s->groups[s->n_groups++] = s->groups[i];
    for (size_t i = 0; i < s->n_sessions; i++)
        s->group_of[i] = find_group(s, s->sessions[i].group);
    return nxc__lists_build(&s->group_lists, s->n_groups, s->group_of,
                            s->n_sessions, &s->arena, err);
}

uint32_t nxc__statistics_group(const nxc__statistics *s, nxc__hash128 key) {
    static const nxc__hash128 none = {0, 0};
    return s->n_groups && !nxc__hash128_eq(key, none) ? find_group(s, key)
                                                      : NXC_NONE;
}

/* Which sessions call an operation; how many different ones a session calls. */
static nxc_status build_having(nxc__statistics *s, nxc__arena *scratch,
                               nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_zeros(&s->arena, s->n_sessions,
                                  sizeof *s->n_distinct, &p, err));
    s->n_distinct = p;
    uint32_t *keys, *newest;
    NXC_TRY(nxc__statistics_block(scratch, s->n_calls, sizeof *keys, &p, err));
    keys = p;
    NXC_TRY(nxc__statistics_zeros(scratch, s->n_operations, sizeof *newest, &p,
                                  err));
    newest = p;
    for (size_t c = 0; c < s->n_calls; c++) {
        uint32_t o = s->calls[c].operation, mark = s->session_of[c] + 1;
        keys[c] = newest[o] == mark ? NXC_NONE : o;
        s->n_distinct[mark - 1] += newest[o] != mark;
        newest[o] = mark;
    }
    NXC_TRY(nxc__lists_build(&s->having, s->n_operations, keys, s->n_calls,
                             &s->arena, err));
    for (size_t i = 0; i < s->having.starts[s->n_operations]; i++)
        s->having.items[i] = s->session_of[s->having.items[i]];
    return NXC_OK;
}

static float share(double part, double whole) {
    return whole > 0 ? (float)(part / whole) : NAN;
}

static nxc_status build(nxc__statistics *s, const nxc__learned *learned,
                        const nxc__statistics_options *options,
                        const nxc__vector_source *vectors, nxc__arena *scratch,
                        nxc_error *err) {
    chosen *list;
    NXC_TRY(choose(learned, options, scratch, &list, &s->n_sessions, err));
    NXC_TRY(copy_sessions(s, learned, list, err));
    NXC_TRY(build_groups(s, err));
    NXC_TRY(build_having(s, scratch, err));
    NXC_TRY(nxc__transition_rows_build(s, scratch, err));
    NXC_TRY(nxc__prompt_rows_build(s, learned, vectors, scratch, err));
    NXC_TRY(nxc__prompt_words_build(s, learned, scratch, err));
    s->info.n_sessions = s->n_sessions;
    s->info.n_calls = s->n_calls;
    s->info.n_prompts = s->prompts.n;
    s->info.mean_length = share((double)s->n_calls, (double)s->n_sessions);
    s->info.repeat_rate = share(s->n_repeated, s->n_later);
    s->info.same_rate = share(s->n_same, s->n_later);
    return nxc__reliability_build(s, scratch, err);
}

nxc_status nxc__statistics_make(const nxc__learned *learned,
                                const nxc__statistics_options *options,
                                const nxc__vector_source *vectors,
                                const nxc_allocator *alloc,
                                nxc__statistics **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    if (options->n_operations >= NXC_NONE)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "statistics: expected fewer than %u operations, got "
                          "%zu",
                          (unsigned)NXC_NONE, options->n_operations);
    nxc__statistics *s = nxc__alloc_zero(alloc, sizeof *s);
    if (!s) return nxc__error_nomem(err, sizeof *s);
    s->alloc = alloc;
    s->n_operations = options->n_operations;
    s->now = options->now;
    s->half_life = options->half_life;
    nxc__arena_init(&s->arena, alloc, SIZE_MAX);
    nxc__strmap_init(&s->words.terms, alloc);
    if (options->encoder)
        s->kernels = *nxc__encoder_kernels_get(options->encoder);
    else
        nxc__encoder_kernels_select(&s->kernels, 0);
    nxc__arena scratch;
    nxc__arena_init(&scratch, alloc, SIZE_MAX);
    nxc_status st = build(s, learned, options, vectors, &scratch, err);
    nxc__arena_release(&scratch);
    if (st != NXC_OK) {
        nxc__statistics_free(s);
        return st;
    }
    *out = s;
    return NXC_OK;
}

nxc_status nxc__statistics_new(const nxc__learned *learned,
                               const nxc__statistics_options *options,
                               const nxc_allocator *alloc,
                               nxc__statistics **out, nxc_error *err) {
    const nxc__vector_source vectors = {options->embeddings, NULL, NULL};
    return nxc__statistics_make(learned, options, &vectors, alloc, out, err);
}

void nxc__statistics_free(nxc__statistics *s) {
    if (!s) return;
    nxc__strmap_release(&s->words.terms);
    nxc__arena_release(&s->arena);
    nxc__free(s->alloc, s, sizeof *s);
}

void nxc__statistics_get_info(const nxc__statistics *s,
                              nxc__statistics_info *out) {
    *out = s->info;
}
