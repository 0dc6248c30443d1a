/* Explanations in words: they follow the contributions, whatever the feature,
 * and name what is there. */
#include <math.h>

#include "base/buffer.h"
#include "engine/engine.h"
#include "engine/phrases.h"
#include "features/point.h"
#include "statistics/statistics.h"
#include "support/nxc_test.h"

/* A tree that asks one column at one threshold. */
typedef struct stump {
    size_t feature;
    double threshold, low, high; /* leaf values */
} stump;

static void append_model(nxc__buffer *b, const stump *trees, size_t n) {
    nxc_feature_info info;
    nxc__buffer_printf(b,
                       "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration="
                       "1\nmax_feature_idx=%d\nobjective=lambdarank\n"
                       "feature_names=",
                       NXC_V2_N_FEATURES - 1);
    for (size_t f = 0; nxc_feature_describe("v2", f, &info); f++)
        nxc__buffer_printf(b, "%s%s", f ? " " : "", info.name);
    nxc__buffer_append_z(b, "\n\n");
    for (size_t i = 0; i < n; i++)
        nxc__buffer_printf(
            b,
            "Tree=%zu\nnum_leaves=2\nnum_cat=0\nsplit_feature=%zu\n"
            "split_gain=1\nthreshold=%.17g\ndecision_type=2\nleft_child=-1\n"
            "right_child=-2\nleaf_value=%.17g %.17g\nleaf_count=50 50\n"
            "internal_count=100\nis_linear=0\nshrinkage=1\n\n",
            i, trees[i].feature, trees[i].threshold, trees[i].low,
            trees[i].high);
    nxc__buffer_append_z(b, "end of trees\n");
}

typedef struct fixture {
    nxc_engine *engine;
    nxc_ctx *ctx;
    nxc_request request;
    nxc_ranking ranking;
} fixture;

static const char request_text[] =
    "{\"prompt\":\"find the member, then lend the book to the member\","
    "\"now\":\"2026-11-24T10:00:00Z\",\"history\":["
    "{\"call\":\"GET /members\",\"timestamp\":\"2026-11-24T09:58:00Z\"},"
    "{\"call\":\"GET /members/m_7\",\"timestamp\":\"2026-11-24T09:59:00Z\"}]}";

static void open_with(fixture *f, const stump *trees, size_t n) {
    nxc_error err;
    nxc_catalog *c;
    nxc_ranker *ranker;
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
    append_model(&b, trees, n);
    assert_ok(nxc_engine_open(NULL, NULL, &f->engine, &err), err);
    assert_ok(nxc__ranker_parse(NXC_STR("model"), nxc__buffer_str(&b), NULL,
                                &ranker, &err),
              err);
    nxc__buffer_release(&b);
    assert_ok(nxc_engine_set_ranker(f->engine, ranker, &err), err);
    assert_ok(nxc_catalog_open(NXC_SOURCE_DIR "/tests/data/library.json", NULL,
                               NULL, NULL, &c, NULL, &err),
              err);
    assert_ok(nxc_engine_add_catalog(f->engine, NXC_STR("library"), c, &err),
              err);
    assert_ok(nxc_ctx_new(f->engine, &f->ctx, &err), err);
    assert_ok(
        nxc_request_parse(f->ctx, nxc__str(request_text), &f->request, &err),
        err);
    assert_ok(nxc_rank(f->ctx, &f->request, &f->ranking, &err), err);
}
static void close_all(fixture *f) {
    nxc_ctx_free(f->ctx);
    nxc_engine_close(f->engine);
}

static nxc_because why(fixture *f, size_t first, size_t second) {
    nxc_because out;
    nxc_error err;
    assert_ok(
        nxc_ranking_because(f->ctx, &f->ranking, first, second, &out, &err),
        err);
    return out;
}

static void test_every_column_has_a_phrase(void **state) {
    (void)state;
    nxc_feature_info info;
    bool is_rank;
    for (size_t f = 0; nxc_feature_describe("v2", f, &info); f++) {
        const nxc__phrase *p = nxc__phrase_find(nxc__str(info.name), &is_rank);
        if (!p) fail_msg("no phrase for %s", info.name);
        assert_true(strlen(p->text) > 5);
        nxc_str name = nxc__str(info.name);
        assert_true(is_rank == (nxc__str_ends(name, NXC_STR("_rank")) &&
                                strcmp(p->column, info.name) != 0));
    }
    for (size_t i = 0; nxc__phrase_at(i); i++) {
        size_t f = 0;
        while (nxc_feature_describe("v2", f, &info) &&
               strcmp(info.name, nxc__phrase_at(i)->column) != 0)
            f++;
        if (f == NXC_V2_N_FEATURES)
            fail_msg("no column %s", nxc__phrase_at(i)->column);
    }
    for (size_t i = 0; nxc__phrase_at(i); i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(nxc__phrase_at(i)->column, nxc__phrase_at(k)->column) ==
                0)
                fail_msg("two phrases for %s", nxc__phrase_at(i)->column);
}

/* Whatever single column tells two operations apart, it alone is named, for
 * the one ahead and not for the other. */
static void test_sentences_follow_the_numbers(void **state) {
    (void)state;
    fixture all, f;
    stump none = {NXC_V2_step, 1e30, 0, 0};
    size_t n_tried = 0;
    open_with(&all, &none, 1);
    for (size_t c = 0; c < NXC_V2_N_FEATURES; c++) {
        float low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < all.ranking.n; i++) {
            float x = all.ranking.items[i].features[c];
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
        if (!(low < high)) continue;
        stump one = {c, ((double)low + (double)high) / 2, -1, 1};
        open_with(&f, &one, 1);
        size_t last = f.ranking.n - 1;
        nxc_because b = why(&f, 0, last);
        nxc_feature_info info;
        assert_true(nxc_feature_describe("v2", c, &info));
        if (b.n != 1 || b.reasons[0].feature != c)
            fail_msg("%s: expected it alone, got %zu reasons", info.name, b.n);
        assert_true(fabs(b.reasons[0].share - 1) < 1e-12);
        assert_true(b.reasons[0].text.len > 10);
        assert_int_equal(why(&f, last, 0).n, 0);
        close_all(&f);
        n_tried++;
    }
    close_all(&all);
    assert_true(n_tried > 40);
}

static void test_little_is_not_named(void **state) {
    (void)state;
    fixture f;
    /* reading methods: 1; called before: share of it */
    stump trees[] = {{NXC_V2_endpoint_type, 1.5, 1, 0},
                     {NXC_V2_tail, 0.5, 0, 0}};
    for (int above = 0; above < 2; above++) {
        /* what speaks for the second reason: 9 or 11 % of the sum */
        trees[1].high = above ? 0.124 : 0.099;
        open_with(&f, trees, 2);
        size_t i = 0, k = 0;
        for (size_t j = 0; j < f.ranking.n; j++) {
            const float *x = f.ranking.items[j].features;
            if (x[NXC_V2_endpoint_type] == 1 && x[NXC_V2_tail] > 0) i = j;
            if (x[NXC_V2_endpoint_type] != 1 && x[NXC_V2_tail] == 0) k = j;
        }
        nxc_because b = why(&f, i, k);
        assert_int_equal(b.n, above ? 2 : 1);
        assert_int_equal(b.reasons[0].feature, NXC_V2_endpoint_type);
        if (above) assert_int_equal(b.reasons[1].feature, NXC_V2_tail);
        close_all(&f);
    }
}

/* The sentence about two operations, as if a column had told them apart. */
static void check_evidence(fixture *f, size_t column, const char *it_id,
                           const char *other_id, const char *text) {
    nxc_ranking r = f->ranking;
    double it[NXC_V2_N_FEATURES] = {0}, other[NXC_V2_N_FEATURES] = {0};
    nxc_ranked items[9];
    size_t a = 9, b = 9;
    it[column] = 1;
    for (size_t k = 0; k < r.n; k++) {
        nxc_operation op;
        items[k] = r.items[k];
        assert_true(
            nxc_catalog_get_operation(r.catalog, items[k].operation, &op));
        items[k].contributions = other;
        if (nxc__str_eq(op.id, nxc__str(it_id))) a = k;
        if (nxc__str_eq(op.id, nxc__str(other_id))) b = k;
    }
    assert_true(a < 9 && b < 9);
    items[a].contributions = it;
    r.items = items;
    nxc_because out;
    nxc_error err;
    assert_ok(nxc_ranking_because(f->ctx, &r, a, b, &out, &err), err);
    assert_int_equal(out.n, 1);
    assert_str(out.reasons[0].text, text);
}

/* The evidence of one column, of the pair of operations that are named. */
static void test_evidence(void **state) {
    (void)state;
    static const struct {
        size_t column;
        const char *it, *other, *text;
    } cases[] = {
        {NXC_V2_bm_name, "POST /members/{member_id}/loans", "GET /members",
         "its name says \"lend\" and \"book\", the other's does not"},
        {NXC_V2_bm_name_rank, "POST /members/{member_id}/loans", "GET /members",
         "its name says \"lend\" and \"book\", the other's does not"},
        {NXC_V2_bm_path, "GET /members", "GET /books",
         "its path says \"member\", the other's does not"},
        {NXC_V2_pp_sat, "DELETE /members/{member_id}",
         "POST /loans/{loan_id}/renew",
         "its path parameter {member_id} was produced by GET "
         "/members/{member_id}; no call has produced the other's {loan_id}"},
        {NXC_V2_pp_unsat, "GET /books", "POST /loans/{loan_id}/renew",
         "no call has produced the other's {loan_id}"},
        {NXC_V2_called_n, "GET /members", "GET /books",
         "it has been called once, the other not yet"},
        {NXC_V2_rl_code, "POST /members/{member_id}/loans", "GET /books",
         "it is below the last call, GET /members/{member_id}; the other has "
         "nothing in common with it"},
        {NXC_V2_res_in_prompt, "GET /members", "POST /loans/{loan_id}/renew",
         "the prompt names its resource, \"member\", and not the other's"},
        {NXC_V2_action_verb_match, "GET /books", "POST /members",
         "the prompt's \"find\" is a verb of GET and not of POST"},
        {NXC_V2_un_enables, "POST /members/{member_id}/loans", "GET /books",
         "it can produce the {loan_id} that POST /loans/{loan_id}/renew "
         "needs"},
        {NXC_V2_depth, "POST /members/{member_id}/loans", "GET /books",
         "the number of segments of its path: 3 against 1"},
        {NXC_V2_step, "GET /members", "GET /books",
         "the number of calls made: 2 for both"},
    };
    fixture f;
    stump none = {NXC_V2_step, 1e30, 0, 0};
    open_with(&f, &none, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_evidence(&f, cases[i].column, cases[i].it, cases[i].other,
                       cases[i].text);
    }
    close_all(&f);
}

/* Two of three learned sessions went on from the last call to a loan. */
static void test_learned_sessions(void **state) {
    (void)state;
    fixture f;
    nxc_error err;
    nxc__learned l;
    nxc__statistics *s;
    stump none = {NXC_V2_step, 1e30, 0, 0};
    open_with(&f, &none, 1);
    const nxc_catalog *c = f.ranking.catalog;
    const char *const next[] = {"POST /members/{member_id}/loans",
                                "POST /members/{member_id}/loans",
                                "GET /books"};
    nxc__learned_init(&l, &nxc__allocator_default);
    for (uint64_t i = 0; i < 3; i++) {
        const nxc__learned_session session = {
            .key = {i + 1, 0}, .group = {i + 1, 0}, .time = NXC_NAN, .n = 2};
        const nxc__learned_call calls[] = {
            {nxc_catalog_find(c, NXC_STR("GET /members/{member_id}")), NXC_NONE,
             NXC_NONE, 1},
            {nxc_catalog_find(c, nxc__str(next[i])), NXC_NONE, NXC_NONE, 1}};
        assert_ok(nxc__learned_add(&l, &session, calls, &err), err);
    }
    nxc__statistics_options options = {
        .n_operations = nxc_catalog_n_operations(c), .now = NXC_NAN};
    assert_ok(nxc__statistics_new(&l, &options, NULL, &s, &err), err);
    f.ctx->statistics = s;
    assert_ok(nxc_rank(f.ctx, &f.request, &f.ranking, &err), err);
    check_evidence(&f, NXC_V2_w_m1, next[0], next[2],
                   "2 of 3 times learned sessions went from GET "
                   "/members/{member_id} to it, 1 to the other");
    f.request.n_history = 0;
    assert_ok(nxc_rank(f.ctx, &f.request, &f.ranking, &err), err);
    check_evidence(&f, NXC_V2_w_first, "GET /members/{member_id}", next[2],
                   "3 of 3 learned sessions began with it, 0 with the other");
    close_all(&f);
    nxc__statistics_free(s);
    nxc__learned_release(&l);
}

static void test_bad_arguments(void **state) {
    (void)state;
    fixture f;
    nxc_because out;
    nxc_error err;
    stump none = {NXC_V2_step, 1e30, 0, 0};
    open_with(&f, &none, 1);
    const size_t pairs[][2] = {{0, 0}, {0, 9}, {9, 0}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(nxc_ranking_because(f.ctx, &f.ranking, pairs[i][0],
                                             pairs[i][1], &out, &err),
                         NXC_ERR_INVALID);
    nxc_request bad = f.request;
    bad.catalog = NXC_STR("nothing");
    nxc_ranking r = f.ranking;
    assert_int_equal(nxc_rank(f.ctx, &bad, &r, &err), NXC_ERR_NOT_FOUND);
    assert_int_equal(nxc_ranking_because(f.ctx, &r, 0, 1, &out, &err),
                     NXC_ERR_STATE);
    close_all(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_column_has_a_phrase),
        cmocka_unit_test(test_sentences_follow_the_numbers),
        cmocka_unit_test(test_little_is_not_named),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_learned_sessions),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
