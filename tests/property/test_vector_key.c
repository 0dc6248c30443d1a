/*
 * Each input of a decision point is changed in turn, over random ones, for each
 * feature set. What must hold, of bits:
 *   - the cached engine gives what an engine without caches gives;
 *   - only columns that name the input in depends_on change;
 *   - vectors are computed again exactly where a column that is cached may
 *     have changed: none for a time, an id, a response; all for the order of
 *     the history or the prompt; for one new candidate one of set v1, all of
 *     set v2.
 * And for what the fingerprint stands for: a word of a summary, an option, an
 * encoder give another one; what no feature reads does not.
 */
#include "features/point.h"
#include "support/tiny_engine.h"

#define DIR_MODEL NXC_BINARY_DIR "/tests/tiny_key_"
#define STORE "vector_key_store"
#define CATALOG "vector_key_catalog.jsonl"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { N_SEEDS = 8 };
#else
enum { N_SEEDS = 60 };
#endif
enum { N_OPS = 8, N = 5, MAX_CALLS = 5 };
static const char *const models[] = {DIR_MODEL "a.nxm", DIR_MODEL "b.nxm"};
static const nxc__feature_set *set; /* that is being tested */
static bool is_v2(void) { return nxc__feature_set_is_whole(set); }

/* One word of one summary is word. */
static void write_catalog(const char *word) {
    static const char *const paths[N_OPS] = {
        "GET /customers",     "GET /customers/{id}",
        "POST /customers",    "DELETE /customers/{id}",
        "GET /invoices",      "POST /invoices/{id}/confirm",
        "PUT /invoices/{id}", "PATCH /orders/{id}"};
    nxc__buffer b;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    for (size_t i = 0; i < N_OPS; i++) {
        const char *space = strchr(paths[i], ' ');
        nxc__buffer_printf(
            &b,
            "{\"catalog\":\"c\",\"id\":\"%s\",\"method\":\"%.*s\",\"path\":\"%"
            "s\","
            "\"operationId\":\"op%zu\",\"summary\":\"a summary %s c %zu\"}\n",
            paths[i], (int)(space - paths[i]), paths[i], space + 1, i,
            i == 3 ? word : "b", i);
    }
    assert_ok(nxc__buffer_status(&b, "catalog", &err), err);
    assert_ok(nxc__file_replace(CATALOG, b.data, b.len, &err), err);
    nxc__buffer_release(&b);
}

static nxc_engine *open_engine(const char *options, const char *model) {
    nxc_engine *e = tiny_engine(options, model, NULL);
    nxc_error err;
    tiny_engine_add(e, "c", CATALOG);
    assert_ok(nxc_engine_set_features(e, set->name, &err), err);
    return e;
}

typedef struct input {
    char prompt[64], previous[64];
    nxc_call calls[MAX_CALLS];
    char texts[MAX_CALLS][64]; /* of the calls */
    size_t n_calls;
    double session_start, now;
    uint32_t operations[N];
} input;
typedef struct output {
    float rows[N][NXC_V2_N_FEATURES]; /* by candidate of the input */
    uint8_t status[NXC_V2_N_FEATURES];
} output;

static void set_call(input *in, size_t i, uint64_t kind, uint64_t id) {
    static const char *const forms[] = {
        "GET /customers",       "GET /customers/%u",
        "POST /customers",      "DELETE /customers/%u",
        "GET /invoices",        "POST /invoices/%u/confirm",
        "GET /nowhere/%u/else", "PATCH /orders/%u"};
    const char *form = forms[kind % 8], *hole = strstr(form, "%u");
    if (hole)
        snprintf(in->texts[i], 64, "%.*s%u%s", (int)(hole - form), form,
                 (unsigned)id % 1000, hole + 2);
    else
        snprintf(in->texts[i], 64, "%s", form);
}
static input random_input(uint64_t seed) {
    static const char *const prompts[] = {"list a customer", "create invoice",
                                          "delete it", "c d e", ""};
    input in;
    memset(&in, 0, sizeof in);
    snprintf(in.prompt, sizeof in.prompt, "%s", prompts[nxc_random(&seed) % 5]);
    in.n_calls = 2 + nxc_random(&seed) % (MAX_CALLS - 1);
    for (size_t i = 0; i < in.n_calls; i++) {
        set_call(&in, i, nxc_random(&seed), nxc_random(&seed));
        in.calls[i].timestamp = 1.7e9 + 60.0 * (double)i;
    }
    in.session_start = nxc_random(&seed) % 2 ? 1.7e9 - 500 : NXC_NAN;
    in.now = nxc_random(&seed) % 4 ? 1.7e9 + 1000 : NXC_NAN;
    for (uint32_t i = 0; i < N; i++)
        in.operations[i] = i;
    return in;
}

static output rank_input(nxc_ctx *ctx, const input *in, size_t *n_computed) {
    nxc_engine *e = ctx->engine;
    nxc_request request = NXC_REQUEST_INIT;
    nxc_call calls[MAX_CALLS];
    nxc_str ids[N];
    nxc_ranking r;
    nxc_operation op;
    nxc_error err;
    output out;
    memset(&out, 0, sizeof out);
    for (size_t i = 0; i < in->n_calls; i++) {
        calls[i] = in->calls[i];
        calls[i].call = nxc__str(in->texts[i]);
    }
    for (size_t i = 0; i < N; i++) {
        assert_true(nxc_catalog_get_operation(e->entries[0].catalog,
                                              in->operations[i], &op));
        ids[i] = op.id;
    }
    request.prompt = nxc__str(in->prompt);
    request.previous_prompt = nxc__str(in->previous);
    request.history = calls;
    request.n_history = in->n_calls;
    request.session_start = in->session_start;
    request.now = in->now;
    request.candidates = ids;
    request.n_candidates = N;
    uint64_t before = metric_of(e, NXC_METRIC_vectors_computed);
    assert_ok(nxc_rank(ctx, &request, &r, &err), err);
    *n_computed = metric_of(e, NXC_METRIC_vectors_computed) - before;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < r.n; k++)
            if (r.items[k].operation == in->operations[i])
                memcpy(out.rows[i], r.items[k].features,
                       set->n * sizeof(float));
    memcpy(out.status, r.feature_status, set->n);
    return out;
}

/* ---- what can be changed, and what is computed then */

static void change_now(input *in) {
    in->now = in->now == in->now ? in->now + 77 : 1.7e9 + 77;
}
static void change_start(input *in) { in->session_start = 1.7e9 - 999; }
static void change_timestamp(input *in) {
    in->calls[in->n_calls - 1].timestamp += 7;
}
static void change_response(input *in) { in->calls[0].response_status = 404; }
static void change_id(input *in) {
    for (size_t i = 0; i < in->n_calls; i++) {
        char *digit = strpbrk(in->texts[i], "0123456789");
        if (digit) *digit = *digit == '7' ? '8' : '7';
    }
}
static void change_order(input *in) {
    char first[64];
    memcpy(first, in->texts[0], 64);
    memcpy(in->texts[0], in->texts[1], 64);
    memcpy(in->texts[1], first, 64);
}
static void change_call(input *in) {
    set_call(in, in->n_calls - 1,
             strstr(in->texts[in->n_calls - 1], "confirm") ? 0 : 5, 1);
}
static void change_prompt(input *in) {
    snprintf(in->prompt, sizeof in->prompt, "create d a list e");
}
/* What is new in the prompt; nothing is, where the prompt has one word. */
static void change_previous(input *in) {
    char *space = strchr(in->prompt, ' ');
    snprintf(in->previous, sizeof in->previous, "%.*s",
             space ? (int)(space - in->prompt) : 0, in->prompt);
}
static void change_candidate(input *in) { in->operations[2] = N_OPS - 1; }
static void reverse_candidates(input *in) {
    for (uint32_t i = 0; i < N; i++)
        in->operations[i] = N - 1 - i;
}

enum { ALL = N, UNLESS_EQUAL = -1, UNLESS_EMPTY = -2 };
static const struct {
    const char *what;
    void (*change)(input *);
    const char *letters; /* columns that may change name one of these */
    int n_computed[2];   /* of set v1, of v2 */
} changes[] = {
    {"nothing", NULL, "", {0, 0}},
    {"now", change_now, "N", {0, 0}},
    {"session_start", change_start, "N", {0, 0}},
    {"a timestamp", change_timestamp, "N", {0, 0}},
    {"a response", change_response, "", {0, 0}},
    {"an id", change_id, "", {0, 0}},
    {"the order of the history",
     change_order,
     "H",
     {UNLESS_EQUAL, UNLESS_EQUAL}},
    {"a call", change_call, "H", {ALL, ALL}},
    {"the prompt", change_prompt, "P", {ALL, ALL}},
    {"the prompt before", change_previous, "P", {0, UNLESS_EMPTY}},
    {"a candidate", change_candidate, "CA", {1, ALL}},
    {"the order of the candidates", reverse_candidates, "C", {0, ALL}},
};

/* A copy (A alone) depends on what its column depends on. */
static bool may_change(const nxc_feature_info *info, const char *letters) {
    return strpbrk(info->depends_on, letters) ||
           (strcmp(info->depends_on, "A") == 0 && strpbrk(letters, "PHCA"));
}
static void check_columns(const char *what, const char *letters,
                          const output *a, const output *b) {
    for (size_t f = 0; f < set->n; f++) {
        const nxc_feature_info *info = &set->rows[f];
        if (may_change(info, letters)) continue;
        for (size_t i = 0; i < N; i++)
            if (memcmp(&a->rows[i][f], &b->rows[i][f], sizeof(float)) != 0)
                fail_msg("%s: expected no change of %s, got one", what,
                         info->name);
    }
}

/* Whether the first two calls differ at most in an id. */
static bool is_one_operation(const input *in) {
    const char *a = in->texts[0], *b = in->texts[1];
    for (;;) {
        a += strspn(a, "0123456789");
        b += strspn(b, "0123456789");
        if (*a != *b) return false;
        if (!*a) return true;
        a++;
        b++;
    }
}

/* Another candidate is the business of columns of letter A alone. */
static void check_others(const output *a, const output *b) {
    for (size_t f = 0; f < set->n; f++)
        for (size_t i = 0; i < N; i++)
            if (i != 2 && !strchr(set->rows[f].depends_on, 'A') &&
                memcmp(&a->rows[i][f], &b->rows[i][f], sizeof(float)) != 0)
                fail_msg("another candidate: expected no change of %s, got one",
                         set->rows[f].name);
}

static void one_change(nxc_ctx *cached, nxc_ctx *plain, const input *base,
                       size_t k) {
    input in = *base;
    size_t n, ignored;
    output before = rank_input(cached, base, &n);
    if (changes[k].change) changes[k].change(&in);
    output after = rank_input(cached, &in, &n);
    output want = rank_input(plain, &in, &ignored);
    assert_memory_equal(after.rows, want.rows, sizeof want.rows);
    assert_memory_equal(after.status, want.status, sizeof want.status);
    /* without a prompt, set v2 misses columns that depend on none as well */
    if (base->prompt[0] || !is_v2() || changes[k].change != change_prompt)
        check_columns(changes[k].what, changes[k].letters, &before, &after);
    if (changes[k].change == change_candidate) check_others(&before, &after);
    int n_computed = changes[k].n_computed[is_v2()];
    size_t expected = n_computed < 0 ? ALL : (size_t)n_computed;
    if ((n_computed == UNLESS_EQUAL && is_one_operation(base)) ||
        (n_computed == UNLESS_EMPTY && !base->prompt[0]))
        expected = 0;
    if (n != expected)
        fail_msg("%s: expected %zu vectors computed, got %zu", changes[k].what,
                 expected, n);
}

static void each_input_in_turn(void) {
    const uint64_t n_seeds = is_v2() ? N_SEEDS / 4 : N_SEEDS;
    size_t n_changed_order = 0;
    for (size_t with_encoder = 0; with_encoder < 2; with_encoder++)
        for (uint64_t seed = 1; seed <= n_seeds; seed++)
            for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
                /* of the base alone is anything kept */
                static nxc_engine *plain_engine[2];
                const char *model = with_encoder ? models[0] : NULL;
                nxc_ctx *cached, *plain;
                nxc_error err;
                input base = random_input(seed);
                if (!plain_engine[with_encoder])
                    plain_engine[with_encoder] =
                        open_engine("feature_cache_size=0", model);
                nxc_engine *e = open_engine("embedding_cache_mb=1", model);
                assert_ok(nxc_ctx_new(e, &cached, &err), err);
                assert_ok(nxc_ctx_new(plain_engine[with_encoder], &plain, &err),
                          err);
                one_change(cached, plain, &base, k);
                n_changed_order +=
                    k == 6 && metric_of(e, NXC_METRIC_vectors_computed) > N;
                nxc_ctx_free(plain);
                nxc_ctx_free(cached);
                nxc_engine_close(e);
                if (seed == n_seeds &&
                    k + 1 == sizeof changes / sizeof *changes) {
                    nxc_engine_close(plain_engine[with_encoder]);
                    plain_engine[with_encoder] = NULL;
                }
            }
    assert_true(n_changed_order >
                n_seeds); /* of twice as many, where the two calls differ */
}

static nxc__hash128 fingerprint_of(const char *options, const char *model) {
    nxc_engine *e = open_engine(options, model);
    nxc__hash128 h = e->entries[0].fingerprints[is_v2()];
    nxc_engine_close(e);
    return h;
}

static void the_fingerprint_covers_the_rest(void) {
    write_catalog("b");
    nxc__hash128 base = fingerprint_of("", models[0]);
    static const struct {
        const char *options;
        int model;        /* -1: none */
        const char *word; /* of one summary */
        bool is_same;
    } cases[] = {
        {"", 0, "b", true},
        {"parallel_workers=2 batch_size=7 feature_cache_size=3", 0, "b", true},
        {"parallel_workers=2 prompt_workers=2 encoder_spin=true", 0, "b", true},
        {"max_history=50", 0, "b", true},
        {"pattern_confidence_threshold=0.65", 0, "b", false},
        {"workflow_patterns=browse_edit_save", 0, "b", false},
        {"", 1, "b", false},
        {"", -1, "b", false},
        {"", 0, "d", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_catalog(cases[i].word);
        nxc__hash128 h =
            fingerprint_of(cases[i].options,
                           cases[i].model < 0 ? NULL : models[cases[i].model]);
        assert_int_equal(nxc__hash128_eq(h, base), cases[i].is_same);
    }
    write_catalog("b");
}

/* A changed word costs one text; a changed option or model no vector of before
 * is found, and with the option back they all are. */
static void a_restart_finds_what_still_holds(void) {
    /* three texts of each candidate and of a called operation that is none;
     * prompt, its new part and its clause */
    enum { ALL_TEXTS = 3 * (N + 1) + 3 };
    static const struct {
        const char *options;
        int model;
        const char *word;
        size_t n_computed, n_encoded[2]; /* texts, of set v1, of v2 */
    } steps[] = {
        {"", 0, "b", N, {N + 1, ALL_TEXTS}},
        {"", 0, "b", 0, {0, 0}},
        {"pattern_confidence_threshold=0.65", 0, "b", N, {0, 0}},
        {"", 0, "d", N, {1, 2}}, /* the texts of one operation */
        {"", 0, "b", 0, {0, 0}},
        {"", 1, "b", N, {N + 1, ALL_TEXTS}}, /* another encoder */
        {"", 1, "b", 0, {0, 0}},
    };
    input in = random_input(1);
    snprintf(in.prompt, sizeof in.prompt, "list a customer");
    remove_files(STORE, "");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char options[128];
        nxc_ctx *ctx;
        nxc_error err;
        size_t n;
        write_catalog(steps[i].word);
        snprintf(options, sizeof options,
                 "store=" STORE " feature_cache_size=0 embedding_cache_mb=0 %s",
                 steps[i].options);
        nxc_engine *e = open_engine(options, models[steps[i].model]);
        assert_ok(nxc_ctx_new(e, &ctx, &err), err);
        (void)rank_input(ctx, &in, &n);
        if (n != steps[i].n_computed ||
            metric_of(e, NXC_METRIC_texts_encoded) !=
                steps[i].n_encoded[is_v2()])
            fail_msg("step %zu: expected %zu vectors and %zu texts, got %zu "
                     "and %zu",
                     i, steps[i].n_computed, steps[i].n_encoded[is_v2()], n,
                     (size_t)metric_of(e, NXC_METRIC_texts_encoded));
        nxc_ctx_free(ctx);
        nxc_engine_close(e);
    }
    write_catalog("b");
    remove_files(STORE, "");
}

/* What the caches take for granted of the registry. */
static void what_is_cached(void) {
    bool has_a = false;
    for (size_t f = 0; f < set->n; f++) {
        has_a |= strchr(set->rows[f].depends_on, 'A') != NULL;
        /* of a request with earlier sessions (E) nothing is kept */
        if (f >= NXC_V1_N_FEATURES && strchr(set->rows[f].depends_on, 'N') &&
            !strchr(set->rows[f].depends_on, 'E'))
            fail_msg("%s: expected no column of set v2 that depends on now",
                     set->rows[f].name);
    }
    assert_int_equal(has_a, nxc__feature_set_is_whole(set));
}

static void check_set(void **state) {
    set = nxc__feature_set_find(nxc__str(*state));
    what_is_cached();
    each_input_in_turn();
    the_fingerprint_covers_the_rest();
    a_restart_finds_what_still_holds();
}

static int set_up(void **state) {
    nxc_error err;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        tiny_model tiny = {.n_layers = 1, .n_positions = 256, .seed = 5 + i};
        tiny_model_write(&tiny, DIR_MODEL);
        assert_ok(nxc_model_pack(DIR_MODEL, models[i], NXC_F32, NULL, &err),
                  err);
    }
    write_catalog("b");
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    tiny_model_remove(DIR_MODEL);
    unlink(models[0]);
    unlink(models[1]);
    unlink(CATALOG);
    return 0;
}

int main(void) {
    static char v1[] = "v1", v2[] = "v2";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(check_set, v1),
        cmocka_unit_test_prestate(check_set, v2),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
