/*
 * What holds for any decision point, on random ones: permuting the candidates
 * permutes the rows; a batch is its single rows; an input changes only the
 * features that name it in depends_on, and every feature that names one can be
 * changed by it; the locale changes nothing. All comparisons are of bits.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "features/feature.h"
#include "support/small_catalog.h"
#include "text/words.h"

enum { MAX_CALLS = 7, N = N_SMALL_OPERATIONS };

static nxc_catalog *catalog;
static uint8_t states[N];

/* The inputs, from which everything else of a decision point follows. */
typedef struct input {
    char prompt[128];
    nxc_call calls[MAX_CALLS];
    size_t n_calls;
    double session_start, now;
    uint32_t candidates[N];
    size_t n;
    bool has_encoder;
} input;

typedef struct output {
    float rows[N][NXC_V1_N_FEATURES];
    uint8_t status[NXC_V1_N_FEATURES];
} output;

static void random_prompt(char out[128], uint64_t *seed) {
    static const char *const words[] = {
        "cancel", "created", "the",    "invoice",     "customers", "update",
        "budget", "find",    "order",  "\xC3\x89tat", "a",         "deleting",
        "modify", "1.234,5", "browse", "please",      "!"};
    size_t n = nxc_random(seed) % 7;
    out[0] = 0;
    for (size_t i = 0, len = 0; i < n; i++)
        len += (size_t)snprintf(
            out + len, 128 - len, "%s ",
            words[nxc_random(seed) % (sizeof words / sizeof *words)]);
}
static double random_time(uint64_t *seed) {
    return nxc_random(seed) % 4 ? 1.7e9 + (double)(nxc_random(seed) % 5000)
                                : NXC_NAN;
}
static void random_history(input *in, uint64_t *seed) {
    static const char *const calls[] = {
        "GET /v1/customers/cus_1",     "GET /v1/customers",
        "POST /v1/customers/7/orders", "DELETE /v1/invoices/in_9",
        "PUT /v1/invoices/in_9",       "search_books",
        "GET /nowhere/else",           "frobnicate",
        "PATCH /v1/customers/3",       "HEAD /v1/files"};
    in->n_calls = nxc_random(seed) % (MAX_CALLS + 1);
    for (size_t i = 0; i < in->n_calls; i++)
        in->calls[i] = (nxc_call){
            .call = nxc__str(
                calls[nxc_random(seed) % (sizeof calls / sizeof *calls)]),
            .timestamp = random_time(seed)};
    in->session_start = random_time(seed);
}
static void random_candidates(input *in, uint64_t *seed) {
    uint32_t all[N];
    for (uint32_t i = 0; i < N; i++)
        all[i] = i;
    in->n = 1 + nxc_random(seed) % N;
    for (size_t i = 0; i < in->n; i++) {
        size_t k = i + nxc_random(seed) % (N - i);
        in->candidates[i] = all[k];
        all[k] = all[i];
    }
}
static void random_input(input *in, uint64_t *seed) {
    memset(in, 0, sizeof *in);
    random_prompt(in->prompt, seed);
    random_history(in, seed);
    in->now = random_time(seed);
    random_candidates(in, seed);
    in->has_encoder = nxc_random(seed) % 4 != 0;
}

/* Any pure function of prompt and operation does for a cosine. */
static float cosine(nxc_str prompt, uint32_t op) {
    uint64_t h = nxc__hash64(prompt.ptr, prompt.len, op);
    return (float)((double)(h >> 11) * 0x1p-52 - 1);
}

static void extract(const input *in, output *out) {
    nxc__arena arena;
    nxc__session session;
    nxc__workflow workflow;
    nxc_error err;
    float similarity[N];
    nxc_request request = NXC_REQUEST_INIT;
    nxc_str prompt = nxc__str(in->prompt);
    nxc__arena_init(&arena, &nxc__allocator_default, (size_t)1 << 20);
    request.history = in->calls;
    request.n_history = in->n_calls;
    request.session_start = in->session_start;
    assert_ok(
        nxc__session_resolve(catalog, &request, NULL, &arena, &session, &err),
        err);
    uint32_t methods = nxc__prompt_methods(prompt);
    nxc__workflow_observe(&session, states, methods, 0.7, NXC_PATTERNS_ALL,
                          &workflow);
    for (size_t i = 0; i < in->n; i++)
        similarity[i] = cosine(prompt, in->candidates[i]);
    nxc__decision_point dp = {.catalog = catalog,
                              .session = &session,
                              .workflow = &workflow,
                              .states = states,
                              .ngram = nxc__catalog_ngram(catalog),
                              .prompt = prompt,
                              .prompt_methods = methods,
                              .now = in->now,
                              .candidates = in->candidates,
                              .n = in->n,
                              .similarity =
                                  in->has_encoder ? similarity : NULL};
    assert_ok(nxc__features_extract(&dp, nxc__feature_set_at(0), out->rows[0],
                                    out->status, &err),
              err);
    nxc__arena_release(&arena);
}

static bool same_value(float a, float b) { return memcmp(&a, &b, 4) == 0; }
static void assert_same_row(const float *a, const float *b, uint64_t seed) {
    for (size_t f = 0; f < NXC_V1_N_FEATURES; f++)
        if (!same_value(a[f], b[f]))
            fail_msg("seed %llu: %s is %.9g, and %.9g",
                     (unsigned long long)seed, nxc__features_v1[f].info.name,
                     (double)a[f], (double)b[f]);
}

static void permuted_candidates_permute_rows(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        input in, other;
        output a, b;
        size_t from[N];
        uint64_t start = seed;
        random_input(&in, &seed);
        other = in;
        for (size_t i = 0; i < in.n; i++)
            from[i] = i;
        for (size_t i = in.n - 1; i > 0; i--) {
            size_t k = nxc_random(&seed) % (i + 1), t = from[i];
            from[i] = from[k];
            from[k] = t;
        }
        for (size_t i = 0; i < in.n; i++)
            other.candidates[i] = in.candidates[from[i]];
        extract(&in, &a);
        extract(&other, &b);
        for (size_t i = 0; i < in.n; i++)
            assert_same_row(a.rows[from[i]], b.rows[i], start);
        assert_memory_equal(a.status, b.status, sizeof a.status);
    }
}

static void a_batch_is_its_single_rows(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int round = 0; round < 2000; round++) {
        input in, one;
        output a, b;
        uint64_t start = seed;
        random_input(&in, &seed);
        extract(&in, &a);
        extract(&in, &b); /* twice: the same */
        for (size_t i = 0; i < in.n; i++)
            assert_same_row(a.rows[i], b.rows[i], start);
        for (size_t i = 0; i < in.n; i++) {
            one = in;
            one.n = 1;
            one.candidates[0] = in.candidates[i];
            extract(&one, &b);
            assert_same_row(a.rows[i], b.rows[0], start);
            assert_memory_equal(a.status, b.status, sizeof a.status);
        }
    }
}

/* Change one input; letter is its name in depends_on. */
static void change(input *in, char letter, uint64_t *seed) {
    input other;
    random_input(&other, seed);
    if (letter == 'P') memcpy(in->prompt, other.prompt, sizeof in->prompt);
    if (letter == 'N') in->now = other.now;
    if (letter == 'C')
        for (size_t i = 0; i < in->n; i++)
            in->candidates[i] = (in->candidates[i] + 1) % N;
    if (letter != 'H') return;
    memcpy(in->calls, other.calls, sizeof in->calls);
    in->n_calls = other.n_calls;
    in->session_start = other.session_start;
}

static void a_feature_depends_on_what_it_says(void **state) {
    (void)state;
    static const char letters[] = "PCHN";
    bool has_changed[NXC_V1_N_FEATURES][4] = {{false}};
    uint64_t seed = 3;
    for (int round = 0; round < 8000; round++) {
        input in, other;
        output a, b;
        size_t letter = (size_t)round % 4;
        random_input(&in, &seed);
        other = in;
        change(&other, letters[letter], &seed);
        extract(&in, &a);
        extract(&other, &b);
        for (size_t f = 0; f < NXC_V1_N_FEATURES; f++) {
            bool differs = a.status[f] != b.status[f];
            for (size_t i = 0; i < in.n; i++)
                differs |= !same_value(a.rows[i][f], b.rows[i][f]);
            has_changed[f][letter] |= differs;
        }
    }
    for (size_t f = 0; f < NXC_V1_N_FEATURES; f++)
        for (size_t k = 0; k < 4; k++) {
            const nxc_feature_info *info = &nxc__features_v1[f].info;
            bool says = strchr(info->depends_on, letters[k]) != NULL;
            if (says != has_changed[f][k])
                fail_msg("%s says %s, but %c %s it", info->name,
                         info->depends_on, letters[k],
                         has_changed[f][k] ? "changes" : "never changes");
        }
}

static void values_keep_their_ranges(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (int round = 0; round < 2000; round++) {
        input in;
        output a;
        random_input(&in, &seed);
        extract(&in, &a);
        for (size_t i = 0; i < in.n; i++)
            for (size_t f = 0; f < NXC_V1_N_FEATURES; f++) {
                const nxc_feature_info *info = &nxc__features_v1[f].info;
                float v = a.rows[i][f];
                assert_true(!!isnan(v) == (a.status[f] != NXC_FEATURE_OK));
                if (isnan(v)) continue;
                if (strcmp(info->kind, "flag") == 0)
                    assert_true(v == 0 || v == 1);
                if (strcmp(info->kind, "category") == 0)
                    assert_true(nxc_feature_label(catalog, "v1", f, v).len > 0);
                if (f >= 5) assert_true(v >= 0 && v <= 1);
            }
    }
}

static void the_locale_changes_nothing(void **state) {
    (void)state;
    static const char *const comma[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE",
                                        "fr_FR.UTF-8", "tr_TR.UTF-8"};
    enum { ROUNDS = 50 };
    static output expected[ROUNDS];
    uint64_t seed = 5;
    const char *found = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        input in;
        random_input(&in, &seed);
        extract(&in, &expected[round]);
    }
    for (size_t i = 0; !found && i < sizeof comma / sizeof *comma; i++)
        found = setlocale(LC_ALL, comma[i]);
    if (!found) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    seed = 5;
    for (int round = 0; round < ROUNDS; round++) {
        input in;
        output a;
        random_input(&in, &seed);
        extract(&in, &a);
        for (size_t i = 0; i < in.n; i++)
            assert_same_row(expected[round].rows[i], a.rows[i], seed);
    }
    setlocale(LC_ALL, "C");
}

static int set_up(void **state) {
    (void)state;
    catalog = small_catalog();
    nxc__workflow_states(catalog, states);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    nxc_catalog_free(catalog);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permuted_candidates_permute_rows),
        cmocka_unit_test(a_batch_is_its_single_rows),
        cmocka_unit_test(a_feature_depends_on_what_it_says),
        cmocka_unit_test(values_keep_their_ranges),
        cmocka_unit_test(the_locale_changes_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
