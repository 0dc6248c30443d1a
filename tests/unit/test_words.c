#include <stdio.h>

#include "support/nxc_test.h"
#include "text/words.h"

/* The words of a text, joined by '|'. */
static const char *words_of(nxc_str text, bool identifiers) {
    static char joined[4096];
    size_t n = 0;
    for (nxc__word_iter it = nxc__words(text, identifiers);
         nxc__word_next(&it);) {
        assert_true(it.start < it.end && it.end <= text.len);
        assert_true(it.word.len <= NXC_WORD_MAX);
        assert_true(n + it.word.len + 2 < sizeof joined);
        if (n) joined[n++] = '|';
        memcpy(joined + n, it.word.ptr, it.word.len);
        n += it.word.len;
    }
    joined[n] = 0;
    return joined;
}

struct row {
    const char *in, *out;
};
static void check(const struct row *rows, size_t n, bool identifiers) {
    for (size_t i = 0; i < n; i++) {
        const char *got = words_of(nxc__str(rows[i].in), identifiers);
        if (strcmp(got, rows[i].out) != 0)
            fail_msg("\"%s\": expected \"%s\", got \"%s\"", rows[i].in,
                     rows[i].out, got);
    }
}
#define CHECK(rows, identifiers) \
    check(rows, sizeof(rows) / sizeof *(rows), identifiers)

static void text_splits_at_other_characters(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"", ""},
        {"  ", ""},
        {"Get the customer's 2 invoices!", "get|the|customer's|2|invoices"},
        {"the customer\xE2\x80\x99s", "the|customer's"},
        {"'quoted' words' end", "quoted|words|end"},
        {"a''b 5's x'5 x'", "a|b|5|s|x|5|x"},
        {"tax_ids, check-out", "tax|ids|check|out"},
        {"listCustomerTaxIDs v2Charges", "listcustomertaxids|v2charges"},
        {"\xC3\x89tat CAF\xC3\x89", "\xC3\xA9tat|caf\xC3\xA9"},
        /* e and a combining acute: the mark stays with its letter */
        {"cafe\xCC\x81s", "cafe\xCC\x81s"},
        {"\xCC\x81 x", "x"}, /* but starts no word */
        {"\xCE\xA3\xCE\x91\xCF\x82", "\xCF\x83\xCE\xB1\xCF\x83"}, /* sigmas */
        {"STRASSE Stra\xC3\x9F"
         "e",
         "strasse|stra\xC3\x9F"
         "e"},
        {"\xE1\xBA\x9E", "\xC3\x9F"}, /* capital sharp s */
        {"\xD0\x9F\xD0\xA0\xD0\x98 12",
         "\xD0\xBF\xD1\x80\xD0\xB8|12"},                          /* Cyrillic */
        {"\xE6\x94\xAF\xE6\x89\x95", "\xE6\x94\xAF\xE6\x89\x95"}, /* Han */
        {"\xD9\xA3\xD9\xA4", "\xD9\xA3\xD9\xA4"}, /* Arabic-Indic digits */
        {"a\xFF"
         "b\xE6\x94 c\xF0\x9F\x98\x80"
         "d",
         "a|b|c|d"},                       /* malformed bytes, an emoji */
        {"\xC0\x80z\xED\xA0\x80y", "z|y"}, /* overlong, a surrogate */
    };
    CHECK(rows, false);
    assert_string_equal(words_of((nxc_str){"a\0b", 3}, false), "a|b");
    assert_string_equal(words_of((nxc_str){NULL, 0}, false), "");
}

static void identifiers_split_at_borders(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"listCustomerTax_ids", "list|customer|tax|ids"},
        {"HTTPServer", "http|server"},
        {"getHTTPServerURL", "get|http|server|url"},
        {"userIDs", "user|ids"},
        {"userIDsList", "user|ids|list"},
        {"listAPIKeys", "list|api|keys"},
        {"APIs", "apis"},
        {"parseCSVsAndPDFs", "parse|csvs|and|pdfs"},
        {"isASingleThing", "is|a|single|thing"},
        {"v2Charges", "v|2|charges"},
        {"base64", "base|64"},
        {"3DSecure", "3|d|secure"},
        {"kebab-case_and.dots/x", "kebab|case|and|dots|x"},
        {"PostPaymentIntentsIntentCapture",
         "post|payment|intents|intent|capture"},
        {"ALLCAPS", "allcaps"},
        {"__init__", "init"},
        {"\xC3\xA9tat\xC3\x89t\xC3\xA9", "\xC3\xA9tat|\xC3\xA9t\xC3\xA9"},
        {"customer'sName", "customer's|name"},
        {"customer'Name", "customer|name"},
    };
    CHECK(rows, true);
}

static void positions_are_bytes_of_the_text(void **state) {
    (void)state;
    nxc_str text = NXC_STR(" Tax_IDs ");
    nxc__word_iter it = nxc__words(text, true);
    assert_true(nxc__word_next(&it));
    assert_int_equal(it.start, 1);
    assert_int_equal(it.end, 4);
    assert_true(nxc__word_next(&it));
    assert_int_equal(it.start, 5);
    assert_int_equal(it.end, 8);
    assert_false(nxc__word_next(&it));
    assert_false(nxc__word_next(&it)); /* and stays at the end */
}

static void long_words_are_cut_at_a_code_point(void **state) {
    (void)state;
    char text[200];
    for (size_t n = 62; n < 67; n++) {
        memset(text, 'A', n);
        memcpy(text + n, " b", 2);
        nxc__word_iter it = nxc__words((nxc_str){text, n + 2}, false);
        assert_true(nxc__word_next(&it));
        assert_int_equal(it.word.len, n < 64 ? n : 64);
        assert_int_equal(it.end, n);
        assert_true(nxc__word_next(&it));
        assert_str(it.word, "b");
    }
    memset(text, 'x', 63);
    memcpy(text + 63, "\xC3\xA9z", 3); /* does not fit, nor does the z */
    nxc__word_iter it = nxc__words((nxc_str){text, 66}, false);
    assert_true(nxc__word_next(&it));
    assert_int_equal(it.word.len, 63);
    assert_int_equal(it.end, 66);

    char out[NXC_WORD_MAX];
    assert_int_equal(nxc__word_copy((nxc_str){text, 66}, out).len, 63);
    assert_int_equal(nxc__word_copy((nxc_str){text, 64}, out).len, 64);
    assert_int_equal(nxc__word_copy((nxc_str){NULL, 0}, out).len, 0);
}

/* Any bytes: the words lie in order, and folding a word again changes nothing.
 */
static void random_bytes_are_safe(void **state) {
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 20000; round++) {
        size_t n = nxc_random(&seed) % 24, last = 0;
        char *text = nxc__alloc(&nxc__allocator_default, n ? n : 1);
        for (size_t i = 0; i < n; i++) {
            uint64_t r = nxc_random(&seed);
            text[i] = (char)(r & 1 ? r >> 8 : 'A' + (r >> 8) % 58);
        }
        bool identifiers = round & 1;
        for (nxc__word_iter it = nxc__words((nxc_str){text, n}, identifiers);
             nxc__word_next(&it);) {
            assert_true(it.start >= last && it.end > it.start && it.end <= n);
            last = it.end;
            nxc__word_iter again = nxc__words(it.word, false);
            assert_true(nxc__word_next(&again));
            assert_true(nxc__str_eq(again.word, it.word));
            assert_int_equal(again.end, it.word.len);
        }
        nxc__free(&nxc__allocator_default, text, n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_splits_at_other_characters),
        cmocka_unit_test(identifiers_split_at_borders),
        cmocka_unit_test(positions_are_bytes_of_the_text),
        cmocka_unit_test(long_words_are_cut_at_a_code_point),
        cmocka_unit_test(random_bytes_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
