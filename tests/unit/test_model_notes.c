#include <stdio.h>
#include <stdlib.h>

#include "ranker/model_notes.h"
#include "ranker/ranker.h"
#include "support/nxc_test.h"
#include "support/small_model.h"

#define BEGIN "nextcall notes\n"
#define END "end of nextcall notes\n"
/* The section begins at line 64 of the file. */
#define FIRST_LINE 64

/* A copy of exactly the text's size, so that a byte too far is seen. */
static nxc_status read_exact(const char *text, size_t len,
                             nxc__model_notes *out, nxc_error *err) {
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    nxc_status st = nxc__model_notes_read(NXC_STR("m.txt"),
                                          (nxc_str){copy, len}, NULL, out, err);
    free(copy);
    return st;
}

static void reads_notes(void **state) {
    (void)state;
    static const char text[] = NXC_SMALL_MODEL BEGIN
        "feature_set=v2\r\nempty=\ncheck.0=1 2=3\n" END "\n";
    nxc_ranker *r = NULL;
    nxc_error err;
    const char *key, *value;
    assert_ok(
        nxc__ranker_parse(NXC_STR("m.txt"), nxc__str(text), NULL, &r, &err),
        err);
    assert_string_equal(nxc_ranker_note(r, "feature_set"), "v2");
    assert_string_equal(nxc_ranker_note(r, "empty"), "");
    assert_string_equal(nxc_ranker_note(r, "check.0"), "1 2=3");
    assert_null(nxc_ranker_note(r, "feature"));
    assert_null(nxc_ranker_note(r, NULL));
    assert_true(nxc_ranker_get_note(r, 1, &key, &value));
    assert_string_equal(key, "empty");
    assert_false(nxc_ranker_get_note(r, 3, &key, &value));
    nxc_ranker_free(r);
}

static void a_model_without_notes_has_none(void **state) {
    (void)state;
    nxc_ranker *rankers[3] = {NULL};
    nxc_error err;
    assert_ok(nxc__ranker_parse(NXC_STR("m"), NXC_STR(NXC_SMALL_MODEL), NULL,
                                &rankers[0], &err),
              err);
    assert_ok(nxc_ranker_default(NULL, &rankers[1], &err), err);
    /* the words within a tree are an unknown key, as LightGBM has it */
    assert_ok(nxc__ranker_parse(
                  NXC_STR("m"),
                  NXC_STR(NXC_SMALL_MODEL_HEADER BEGIN NXC_SMALL_MODEL_TREES
                              NXC_SMALL_MODEL_END),
                  NULL, &rankers[2], &err),
              err);
    for (size_t i = 0; i < 3; i++) {
        const char *key, *value;
        assert_null(nxc_ranker_note(rankers[i], "feature_set"));
        assert_false(nxc_ranker_get_note(rankers[i], 0, &key, &value));
        nxc_ranker_free(rankers[i]);
    }
}

static void names_what_is_wrong(void **state) {
    (void)state;
    const struct {
        const char *section;
        nxc_status status;
        size_t line; /* after the section's first */
        const char *message;
    } cases[] = {
        {BEGIN "a=1\n", NXC_ERR_PARSE, 0,
         "expected \"end of nextcall notes\", got the end of the file"},
        {BEGIN, NXC_ERR_PARSE, 0,
         "expected \"end of nextcall notes\", got the end of the file"},
        {BEGIN "a=1\nb\n" END, NXC_ERR_PARSE, 2,
         "expected a note key=value or \"end of nextcall notes\", got \"b\""},
        {BEGIN "=1\n" END, NXC_ERR_PARSE, 1,
         "expected a note key=value or \"end of nextcall notes\", got \"=1\""},
        {BEGIN "A=1\n" END, NXC_ERR_PARSE, 1,
         "expected a note key=value or \"end of nextcall notes\", got \"A=1\""},
        {BEGIN "a b=1\n" END, NXC_ERR_PARSE, 1,
         "expected a note key=value or \"end of nextcall notes\", got \"a "
         "b=1\""},
        {BEGIN "\n" END, NXC_ERR_PARSE, 1,
         "expected a note key=value or \"end of nextcall notes\", got \"\""},
        {BEGIN "a=1\na=1\n" END, NXC_ERR_PARSE, 2,
         "expected one note a, got a second"},
        {BEGIN "a=1\n" END "Tree=0\n", NXC_ERR_PARSE, 0,
         "expected nothing after the notes, got \"Tree=0\""},
        {BEGIN "a=1\r2\n" END, NXC_ERR_PARSE, 1,
         "expected one line of text as note a, got a byte that ends it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096], expected[300];
        nxc__model_notes notes;
        nxc_error err;
        int len = snprintf(text, sizeof text, "%s%s", NXC_SMALL_MODEL,
                           cases[i].section);
        assert_int_equal(read_exact(text, (size_t)len, &notes, &err),
                         cases[i].status);
        snprintf(expected, sizeof expected, "m.txt:%zu: %s",
                 FIRST_LINE + cases[i].line, cases[i].message);
        assert_string_equal(err.message, expected);
        assert_int_equal(notes.n, 0);
    }
}

/* Each beginning of a file: no section, a section that is not whole, or, with
 * only the last newline gone, all of it. */
static void every_truncation_is_safe(void **state) {
    (void)state;
    static const char text[] =
        NXC_SMALL_MODEL BEGIN "feature_set=v2\ndata_sha256=abc\n" END;
    size_t whole = sizeof text - 1,
           section = sizeof NXC_SMALL_MODEL + sizeof BEGIN - 3;
    for (size_t len = 0; len <= whole; len++) {
        nxc__model_notes notes;
        nxc_error err;
        nxc_status st = read_exact(text, len, &notes, &err);
        assert_int_equal(st, len < section || len + 1 >= whole ? NXC_OK
                                                               : NXC_ERR_PARSE);
        assert_int_equal(notes.n, len + 1 >= whole ? 2 : 0);
        nxc__model_notes_release(&notes);
    }
}

static void flipped_bits_are_safe(void **state) {
    (void)state;
    char text[] = NXC_SMALL_MODEL BEGIN "feature_set=v2\na.b=c\n" END;
    for (size_t i = sizeof NXC_SMALL_MODEL - 20; i < sizeof text - 1; i++)
        for (int bit = 0; bit < 8; bit++) {
            nxc__model_notes notes;
            nxc_error err;
            text[i] = (char)(text[i] ^ (1 << bit));
            if (read_exact(text, sizeof text - 1, &notes, &err) == NXC_OK)
                nxc__model_notes_release(&notes);
            text[i] = (char)(text[i] ^ (1 << bit));
        }
}

static void limits_hold(void **state) {
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        nxc__buffer b;
        nxc__model_notes notes;
        nxc_error err;
        nxc__buffer_init(&b, &nxc__allocator_default, 1 << 20);
        nxc__buffer_append_z(&b, NXC_SMALL_MODEL BEGIN);
        for (size_t i = 0; i < NXC_MAX_NOTES + over; i++)
            nxc__buffer_printf(&b, "key.%zu=%zu\n", i, i);
        nxc__buffer_append_z(&b, END);
        nxc_status st = read_exact(b.data, b.len, &notes, &err);
        assert_int_equal(st, over ? NXC_ERR_LIMIT : NXC_OK);
        if (over)
            assert_string_equal(
                err.message, "m.txt:64: expected at most 1024 notes, got more");
        else
            assert_string_equal(nxc__model_notes_get(&notes, "key.1023"),
                                "1023");
        nxc__model_notes_release(&notes);
        b.len = 0;
        nxc__buffer_append_z(&b, NXC_SMALL_MODEL BEGIN);
        for (size_t i = 0; i < NXC_MAX_NOTE_KEY + over; i++)
            nxc__buffer_append_char(&b, 'k');
        nxc__buffer_append_z(&b, "=v\n" END);
        assert_int_equal(read_exact(b.data, b.len, &notes, &err),
                         over ? NXC_ERR_PARSE : NXC_OK);
        nxc__model_notes_release(&notes);
        nxc__buffer_release(&b);
    }
}

static void sets_notes(void **state) {
    (void)state;
    const nxc__model_note first[] = {{"a", "1"}, {"b", "2"}},
                          second[] = {{"b", NULL}, {"c", "x=y"}, {"a", "3"}},
                          wrong[] = {{"a", "1\n2"}}, no_key[] = {{"A", "1"}};
    nxc__buffer x, y;
    nxc_error err;
    nxc__buffer_init(&x, &nxc__allocator_default, 1 << 20);
    nxc__buffer_init(&y, &nxc__allocator_default, 1 << 20);
    /* a file without its last newline gets it */
    nxc_str model = NXC_STR(NXC_SMALL_MODEL);
    model.len--;
    assert_ok(nxc__model_notes_set(NXC_STR("m"), model, first, 2, &x, &err),
              err);
    assert_str(nxc__buffer_str(&x), NXC_SMALL_MODEL BEGIN "a=1\nb=2\n" END);
    assert_ok(nxc__model_notes_set(NXC_STR("m"), nxc__buffer_str(&x), second, 3,
                                   &y, &err),
              err);
    assert_str(nxc__buffer_str(&y), NXC_SMALL_MODEL BEGIN "c=x=y\na=3\n" END);
    assert_int_equal(
        nxc__model_notes_set(NXC_STR("m"), model, wrong, 1, &y, &err),
        NXC_ERR_INVALID);
    assert_int_equal(
        nxc__model_notes_set(NXC_STR("m"), model, no_key, 1, &y, &err),
        NXC_ERR_INVALID);
    nxc__buffer_release(&x);
    nxc__buffer_release(&y);
}

/* A model of set v1 whose notes are these: what the engine says to it. */
static nxc_status set_ranker(const char *notes, nxc_error *err) {
    char text[4096], names[1024] = "";
    nxc_engine *engine;
    nxc_ranker *ranker;
    nxc_feature_info info;
    for (size_t i = 0; nxc_feature_describe("v1", i, &info); i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", at ? " " : "",
                 info.name);
    }
    snprintf(text, sizeof text,
             "tree\nversion=v4\nnum_class=1\nmax_feature_idx=10\n"
             "feature_names=%s\n\nTree=0\nnum_leaves=1\nnum_cat=0\n"
             "leaf_value=1\n\nend of trees\n" BEGIN "%s" END,
             names, notes);
    assert_ok(
        nxc__ranker_parse(NXC_STR("m.txt"), nxc__str(text), NULL, &ranker, err),
        *err);
    assert_ok(nxc_engine_open(NULL, NULL, &engine, err), *err);
    nxc_status st = nxc_engine_set_ranker(engine, ranker, err);
    if (st != NXC_OK) nxc_ranker_free(ranker);
    nxc_engine_close(engine);
    return st;
}

static void another_feature_set_is_refused(void **state) {
    (void)state;
    char own[17], notes[200], expected[200];
    nxc_error err;
    assert_true(nxc_feature_fingerprint("v1", own));
    assert_false(nxc_feature_fingerprint("v9", own));
    assert_int_equal(strlen(own), 16);
    snprintf(notes, sizeof notes,
             "feature_set=v1\nfeature_fingerprint=%s\nother=1\n", own);
    assert_ok(set_ranker("", &err), err);
    assert_ok(set_ranker(notes, &err), err);
    assert_int_equal(set_ranker("feature_set=v9\n", &err), NXC_ERR_MISMATCH);
    assert_string_equal(err.message, "m.txt: expected a model of feature set "
                                     "v1, got one of v9");
    assert_int_equal(set_ranker("feature_set=v2\n", &err), NXC_ERR_MISMATCH);
    assert_int_equal(set_ranker("feature_fingerprint=0123456789abcdef\n", &err),
                     NXC_ERR_MISMATCH);
    snprintf(expected, sizeof expected,
             "m.txt: expected feature set v1 with fingerprint %s, got "
             "0123456789abcdef",
             own);
    assert_string_equal(err.message, expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_notes),
        cmocka_unit_test(a_model_without_notes_has_none),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(every_truncation_is_safe),
        cmocka_unit_test(flipped_bits_are_safe),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(sets_notes),
        cmocka_unit_test(another_feature_set_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
