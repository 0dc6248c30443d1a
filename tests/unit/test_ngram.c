#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "support/nxc_test.h"
#include "text/ngram.h"

static void build(const char *const *texts, size_t n, nxc__buffer *out) {
    nxc__ngram_builder *b;
    nxc_error err;
    nxc__buffer_init(out, &nxc__allocator_default, (size_t)1 << 24);
    assert_ok(nxc__ngram_builder_new(NULL, &b, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_ok(nxc__ngram_add(b, nxc__str(texts[i]), &err), err);
    assert_ok(nxc__ngram_finish(b, out, &err), err);
    nxc__ngram_builder_free(b);
    assert_int_equal(out->len % 8, 0);
}
static void open_of(const nxc__buffer *image, nxc__ngram *m) {
    nxc_error err;
    assert_ok(nxc__ngram_open(m, image->data, image->len, &err), err);
}
static void near(double got, double expected) {
    if (!(fabs(got - expected) < 1e-12))
        fail_msg("expected %.15g, got %.15g", expected, got);
}
static uint32_t id(const nxc__ngram *m, const char *word) {
    if (strcmp(word, "<s>") == 0) return NXC_NGRAM_START;
    if (strcmp(word, "</s>") == 0) return NXC_NGRAM_END;
    return nxc__ngram_find(m, nxc__str(word));
}

/* "a b" twice and "a c". Bigrams <s>a 3, ab 2, ac 1, b</s> 2, c</s> 1, so their
 * discount is 2 / (2 + 2 * 2) = 1/3; words before a, b, c: 1 each, before </s>
 * 2, so D = 3 / (3 + 2) = 3/5 and with V = 5 P(a) = .4/5 + .6 * 4/5 * 1/5 =
 * .176. Continuation counts of bigrams: 1 four times and 3 of <s>a:
 * Witten-Bell. Trigrams <s>ab 2, <s>ac 1, ab</s> 2, ac</s> 1: D = 1/3. */
static void values_are_those_computed_by_hand(void **state) {
    (void)state;
    static const char *const texts[] = {"a b", "a c", "A b!"};
    static const struct {
        const char *u, *v, *w;
        double p;
    } rows[] = {
        {NULL, "zzz", "a", .176},
        {NULL, "zzz", "</s>", .376},
        {NULL, "zzz", "zzz", .096},
        {NULL, "<s>", "a", 8.176 / 9},
        {NULL, "a", "b", 5.352 / 9},
        {NULL, "a", "c", 2.352 / 9},
        {NULL, "a", "zzz", .192 / 9},
        {NULL, "b", "</s>", 5.376 / 6},
        {NULL, "<s>", "</s>", .376 / 9},
        {"<s>", "<s>", "a", 3.176 / 4}, /* Witten-Bell */
        {"zzz", "a", "b", 1.352 / 4},
        {"a", "zzz", "b", .176},
        {"<s>", "a", "b", 5.676 / 9},
        {"a", "b", "</s>", 5.688 / 6},
        {"a", "b", "a", .088 / 6}, /* D/2 * P(a | b) = .176 / 2 */
    };
    nxc__buffer image;
    nxc__ngram m;
    build(texts, 3, &image);
    open_of(&image, &m);
    assert_int_equal(m.n_words, 3);
    assert_int_equal(m.n_bigrams, 5);
    assert_int_equal(m.n_trigrams, 4);
    near(m.discount[0], 1.0 / 3);
    near(m.discount[1], 1.0 / 3);
    near(m.discount[2], 0);
    near(m.discount[3], .6);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t v = id(&m, rows[i].v), w = id(&m, rows[i].w);
        if (rows[i].u)
            near(nxc__ngram_trigram(&m, id(&m, rows[i].u), v, w), rows[i].p);
        else
            near(nxc__ngram_bigram(&m, v, w), rows[i].p);
    }
    static const struct {
        const char *text;
        double bigram, trigram;
    } prompts[] = {
        {"", .376 / 9, .376 / 4},
        {"a b", (8.176 / 9 + 5.352 / 9 + 5.376 / 6) / 3,
         (3.176 / 4 + 5.676 / 9 + 5.688 / 6) / 3},
        {" A  B? ", (8.176 / 9 + 5.352 / 9 + 5.376 / 6) / 3,
         (3.176 / 4 + 5.676 / 9 + 5.688 / 6) / 3},
        {"zzz", (.096 / 9 + .376) / 2, (.096 / 4 + .376) / 2},
    };
    for (size_t i = 0; i < sizeof prompts / sizeof *prompts; i++) {
        double bigram, trigram;
        nxc__ngram_prob(&m, nxc__str(prompts[i].text), &bigram, &trigram);
        near(bigram, prompts[i].bigram);
        near(trigram, prompts[i].trigram);
    }
    nxc__buffer_release(&image);
}

/* One text of one word: every count is 1, so every order is Witten-Bell. */
static void one_text_is_witten_bell(void **state) {
    (void)state;
    static const char *const texts[] = {"a"};
    nxc__buffer image;
    nxc__ngram m;
    build(texts, 1, &image);
    open_of(&image, &m);
    for (size_t i = 0; i < 4; i++)
        near(m.discount[i], 0);
    uint32_t a = id(&m, "a");
    near(nxc__ngram_bigram(&m, NXC_NONE, a), 5.0 / 12);
    near(nxc__ngram_bigram(&m, NXC_NONE, NXC_NONE), 1.0 / 6);
    near(nxc__ngram_bigram(&m, NXC_NGRAM_START, a), 17.0 / 24);
    near(nxc__ngram_trigram(&m, NXC_NGRAM_START, a, NXC_NGRAM_END), 41.0 / 48);
    nxc__buffer_release(&image);
}

static void empty_models_are_uniform(void **state) {
    (void)state;
    static const char *const texts[] = {"", " ?"};
    nxc__buffer image;
    nxc__ngram m;
    double bigram, trigram;
    build(NULL, 0, &image);
    open_of(&image, &m);
    assert_int_equal(m.n_words, 0);
    assert_int_equal(id(&m, "a"), NXC_NONE);
    nxc__ngram_prob(&m, NXC_STR("a b"), &bigram, &trigram);
    near(bigram, .5);
    near(trigram, .5);
    nxc__buffer_release(&image);

    /* two empty sentences: <s></s> twice. </s> follows one word: Witten-Bell
     * (1 + 1/2) / 2 = 3/4, then (2 + 3/4) / 3 */
    build(texts, 2, &image);
    open_of(&image, &m);
    nxc__ngram_prob(&m, NXC_STR(""), &bigram, &trigram);
    near(bigram, 2.75 / 3);
    near(trigram, 2.75 / 3);
    nxc__buffer_release(&image);

    memset(&m, 0, sizeof m);
    nxc__ngram_prob(&m, NXC_STR("a"), &bigram, &trigram);
    assert_true(isnan(bigram) && isnan(trigram));
}

/* ------------------------------------------- the definition, by brute force */

enum { MAX_TEXTS = 12, MAX_WORDS = 7, N_LETTERS = 5 };
/* Sentences as digits: 0 <s>, 1 </s>, 2... the letters. */
typedef struct corpus {
    int t[MAX_TEXTS][MAX_WORDS + 2], len[MAX_TEXTS], n;
    char text[MAX_TEXTS][2 * MAX_WORDS + 1];
} corpus;

static void random_corpus(corpus *c, uint64_t *seed) {
    memset(c, 0, sizeof *c);
    c->n = 1 + (int)(nxc_random(seed) % MAX_TEXTS);
    for (int i = 0; i < c->n; i++) {
        int n = (int)(nxc_random(seed) % (MAX_WORDS + 1));
        for (int k = 0; k < n; k++) {
            uint64_t r = nxc_random(seed) % N_LETTERS;
            int letter = (int)(r * (nxc_random(seed) % 2)); /* a is frequent */
            c->t[i][k + 1] = 2 + letter;
            c->text[i][2 * k] = (char)('a' + letter);
            c->text[i][2 * k + 1] = ' ';
        }
        c->t[i][n + 1] = 1;
        c->len[i] = n + 2;
    }
}
/* How often the sequence g of n words stands in the corpus. */
static int count(const corpus *c, const int *g, int n) {
    int found = 0;
    for (int i = 0; i < c->n; i++)
        for (int k = 0; k + n <= c->len[i]; k++) {
            int j = 0;
            while (j < n && c->t[i][k + j] == g[j])
                j++;
            found += j == n;
        }
    return found;
}
/* The count that level uses for g: 3 trigram, 2 bigram, 1 bigram kinds, 0
 * unigram kinds. */
static int level_count(const corpus *c, int level, const int *g) {
    if (level >= 2) return count(c, g, level);
    int n = level + 1, kinds = 0, longer[3];
    if (level == 1 && g[0] == 0) return count(c, g, 2);
    for (longer[0] = 0; longer[0] < 2 + N_LETTERS; longer[0]++) {
        memcpy(longer + 1, g, (size_t)n * sizeof *g);
        kinds += count(c, longer, n + 1) > 0;
    }
    return kinds;
}
static double reference(const corpus *c, int level, const int *g, double V) {
    int n = level >= 2 ? level : level + 1; /* words of g */
    double once = 0, twice = 0, total = 0, kinds = 0;
    int x[3], size = 1;
    for (int i = 0; i < n; i++)
        size *= 2 + N_LETTERS;
    for (int code = 0; code < size; code++) {
        for (int i = 0, rest = code; i < n; i++, rest /= 2 + N_LETTERS)
            x[i] = rest % (2 + N_LETTERS);
        int found = level_count(c, level, x);
        if (x[n - 1] == 0) continue; /* <s> is never predicted */
        once += found == 1;
        twice += found == 2;
        if (memcmp(x, g, (size_t)(n - 1) * sizeof *x) == 0) {
            total += found;
            kinds += found > 0;
        }
    }
    double lower = level == 0   ? 1 / V
                   : level == 2 ? reference(c, 0, g + 1, V)
                                : reference(c, level == 3 ? 1 : 0, g + 1, V);
    if (total == 0) return lower;
    double found = level_count(c, level, g);
    if (once == 0 || twice == 0)
        return (found + kinds * lower) / (total + kinds);
    double discount = once / (once + 2 * twice);
    return (fmax(found - discount, 0) + discount * kinds * lower) / total;
}

static void equals_the_definition(void **state) {
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 60; round++) {
        corpus c;
        const char *texts[MAX_TEXTS];
        uint32_t ids[2 + N_LETTERS] = {NXC_NGRAM_START, NXC_NGRAM_END};
        nxc__buffer image;
        nxc__ngram m;
        random_corpus(&c, &seed);
        for (int i = 0; i < c.n; i++)
            texts[i] = c.text[i];
        build(texts, (size_t)c.n, &image);
        open_of(&image, &m);
        for (int i = 0; i < N_LETTERS; i++)
            ids[2 + i] = id(&m, (char[]){(char)('a' + i), 0});
        double V = m.n_words + 2.0;
        for (int i = 0; i < 200; i++) {
            int g[3];
            for (int k = 0; k < 3; k++)
                g[k] = (int)(nxc_random(&seed) % (2 + N_LETTERS));
            if (g[0] == 1 || g[1] == 1 || g[2] == 0) continue;
            if (g[1] == 0) g[0] = 0;
            near(nxc__ngram_bigram(&m, ids[g[1]], ids[g[2]]),
                 reference(&c, 2, g + 1, V));
            near(nxc__ngram_trigram(&m, ids[g[0]], ids[g[1]], ids[g[2]]),
                 reference(&c, 3, g, V));
        }
        nxc__buffer_release(&image);
    }
}

/* Over all that can follow, every context sums to 1. */
static void check_sums(const nxc__ngram *m) {
    uint32_t n = m->n_words + NXC_NGRAM_FIRST_WORD;
    for (uint32_t u = 0; u <= n; u++)
        for (uint32_t v = 0; v <= n; v++) {
            if (u == NXC_NGRAM_END || v == NXC_NGRAM_END) continue;
            uint32_t u_id = u == n ? NXC_NONE : u, v_id = v == n ? NXC_NONE : v;
            double sum2 = 0, sum3 = 0;
            for (uint32_t w = 1; w <= n; w++) {
                uint32_t w_id = w == n ? NXC_NONE : w;
                double p2 = nxc__ngram_bigram(m, v_id, w_id);
                double p3 = nxc__ngram_trigram(m, u_id, v_id, w_id);
                assert_true(p2 > 0 && p2 < 1 && p3 > 0 && p3 < 1);
                sum2 += p2;
                sum3 += p3;
            }
            assert_true(fabs(sum2 - 1) < 1e-9);
            assert_true(fabs(sum3 - 1) < 1e-9);
        }
}
static const char *const sentences[] = {
    "retrieve customer by id",
    "retrieve invoice by id",
    "create customer",
    "create invoice for a customer",
    "update customer by id",
    "remove customer by id",
    "list all the customers of an account",
    "void an invoice",
    "",
    "\xC3\x89tat caf\xC3\xA9 2",
};
enum { N_SENTENCES = sizeof sentences / sizeof *sentences };

static void probabilities_sum_to_one(void **state) {
    (void)state;
    uint64_t seed = 8;
    nxc__buffer image;
    nxc__ngram m;
    build(sentences, N_SENTENCES, &image);
    open_of(&image, &m);
    check_sums(&m);
    nxc__buffer_release(&image);
    for (int round = 0; round < 40; round++) {
        corpus c;
        const char *texts[MAX_TEXTS];
        random_corpus(&c, &seed);
        for (int i = 0; i < c.n; i++)
            texts[i] = c.text[i];
        build(texts, (size_t)c.n, &image);
        open_of(&image, &m);
        check_sums(&m);
        nxc__buffer_release(&image);
    }
}

static void order_of_texts_does_not_matter(void **state) {
    (void)state;
    uint64_t seed = 21;
    const char *texts[N_SENTENCES];
    nxc__buffer first, other;
    memcpy(texts, sentences, sizeof texts);
    build(texts, N_SENTENCES, &first);
    for (int round = 0; round < 20; round++) {
        for (size_t i = N_SENTENCES - 1; i > 0; i--) {
            size_t k = nxc_random(&seed) % (i + 1);
            const char *swap = texts[i];
            texts[i] = texts[k];
            texts[k] = swap;
        }
        build(texts, N_SENTENCES, &other);
        assert_int_equal(first.len, other.len);
        assert_memory_equal(first.data, other.data, first.len);
        nxc__buffer_release(&other);
    }
    nxc__buffer_release(&first);
}

/* An image that another text was added to after finish, or that stands at any
 * offset of a buffer, is the same as one built at once. */
static void finish_leaves_the_builder(void **state) {
    (void)state;
    nxc__ngram_builder *b;
    nxc__buffer once, again;
    nxc_error err;
    build(sentences, 2, &once);
    nxc__buffer_init(&again, &nxc__allocator_default, 4096);
    nxc__buffer_append_char(&again, 'x');
    assert_ok(nxc__ngram_builder_new(NULL, &b, &err), err);
    assert_ok(nxc__ngram_add(b, nxc__str(sentences[1]), &err), err);
    assert_ok(nxc__ngram_finish(b, &again, &err), err);
    again.len = 1;
    assert_ok(nxc__ngram_add(b, nxc__str(sentences[0]), &err), err);
    assert_ok(nxc__ngram_finish(b, &again, &err), err);
    assert_int_equal(again.len - 1, once.len);
    assert_memory_equal(again.data + 1, once.data, once.len);
    nxc__buffer tiny;
    nxc__buffer_init(&tiny, &nxc__allocator_default, 64);
    nxc__buffer_append_char(&tiny, 'x');
    assert_int_equal(nxc__ngram_finish(b, &tiny, &err), NXC_ERR_LIMIT);
    assert_int_equal(tiny.len, 1);
    nxc__ngram_builder_free(b);
    nxc__ngram_builder_free(NULL);
    nxc__buffer_release(&tiny);
    nxc__buffer_release(&once);
    nxc__buffer_release(&again);
}

/* ---------------------------------------------------------- damaged images */

/* A copy of exact size, so that a sanitizer sees an over-read. */
static uint8_t *copy_of(const void *bytes, size_t n) {
    uint8_t *copy = nxc__alloc(&nxc__allocator_default, n ? n : 1);
    assert_non_null(copy);
    if (n) memcpy(copy, bytes, n);
    return copy;
}
/* Either refused with a message, or all probabilities are sound. */
static nxc_status try_open(const uint8_t *image, size_t n) {
    nxc__ngram m, untouched;
    nxc_error err;
    memset(&m, 0x5a, sizeof m);
    untouched = m;
    nxc_status st = nxc__ngram_open(&m, image, n, &err);
    if (st != NXC_OK) {
        assert_int_equal(st, NXC_ERR_FORMAT);
        assert_true(strncmp(err.message, "n-gram image", 12) == 0 &&
                    strstr(err.message, ": expected ") != NULL);
        assert_memory_equal(&m, &untouched, sizeof m);
    } else {
        check_sums(&m);
    }
    return st;
}
static void set_hash(uint8_t *image, size_t n) {
    uint64_t hash = nxc__hash64(image + 16, n - 16, 0);
    memcpy(image + 8, &hash, sizeof hash);
}

static void damaged_images_are_refused(void **state) {
    (void)state;
    nxc__buffer image;
    build(sentences, 4, &image);
    for (size_t n = 0; n < image.len; n++) {
        uint8_t *cut = copy_of(image.data, n);
        assert_int_equal(try_open(cut, n), NXC_ERR_FORMAT);
        nxc__free(&nxc__allocator_default, cut, n);
    }
    uint8_t *copy = copy_of(image.data, image.len);
    for (size_t i = 0; i < image.len * 8; i++) {
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(try_open(copy, image.len), NXC_ERR_FORMAT);
        copy[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(try_open(copy, image.len), NXC_OK);
    nxc__ngram m;
    nxc_error err;
    uint8_t *odd = copy_of(image.data, image.len + 1);
    memmove(odd + 1, image.data, image.len);
    assert_int_equal(nxc__ngram_open(&m, odd + 1, image.len, &err),
                     NXC_ERR_FORMAT);
    nxc__free(&nxc__allocator_default, odd, image.len + 1);
    nxc__free(&nxc__allocator_default, copy, image.len);
    nxc__buffer_release(&image);
}

/* With the hash made good, the values themselves are checked. Some wrong values
 * pass, since nothing contradicts them (another letter, another word of a
 * trigram); whatever passes is in bounds and sums to 1. */
static void every_value_is_checked(void **state) {
    (void)state;
    static const uint8_t masks[] = {1, 2, 0x10, 0x80, 0xff};
    nxc__buffer image;
    build(sentences, 4, &image);
    size_t n_refused = 0, n_tried = 0;
    uint8_t *copy = copy_of(image.data, image.len);
    for (size_t i = 16; i < image.len; i++)
        for (size_t k = 0; k < sizeof masks; k++, n_tried++) {
            copy[i] ^= masks[k];
            set_hash(copy, image.len);
            n_refused += try_open(copy, image.len) != NXC_OK;
            copy[i] ^= masks[k];
        }
    assert_true(n_refused > n_tried / 2);
    uint64_t seed = 77;
    for (int round = 0; round < 20000; round++) {
        size_t at = 16 + nxc_random(&seed) % (image.len - 16);
        size_t to = 16 + nxc_random(&seed) % (image.len - 16);
        uint8_t old = copy[at], old_to = copy[to];
        copy[at] = (uint8_t)nxc_random(&seed);
        copy[to] = (uint8_t)(old_to + (uint8_t)(old - copy[at]));
        set_hash(copy, image.len);
        try_open(copy, image.len);
        copy[to] = old_to;
        copy[at] = old;
    }
    nxc__free(&nxc__allocator_default, copy, image.len);
    nxc__buffer_release(&image);
}

/* Fails the n-th allocation. */
struct failing {
    long left;
};
static void *failing_realloc(void *ctx, void *ptr, size_t old, size_t size) {
    struct failing *f = ctx;
    if (f->left-- <= 0) return NULL;
    return nxc__realloc(&nxc__allocator_default, ptr, old, size);
}
static void failing_free(void *ctx, void *ptr, size_t size) {
    (void)ctx;
    nxc__free(&nxc__allocator_default, ptr, size);
}
static void out_of_memory_is_reported(void **state) {
    (void)state;
    nxc_status st = NXC_ERR_NOMEM;
    nxc__buffer whole;
    build(sentences, N_SENTENCES, &whole);
    for (long n = 0; st != NXC_OK; n++) {
        struct failing f = {n};
        nxc_allocator alloc = {failing_realloc, failing_free, &f};
        nxc__ngram_builder *b = NULL;
        nxc__buffer out;
        nxc_error err;
        assert_true(n < 1000);
        nxc__buffer_init(&out, &alloc, (size_t)1 << 20);
        st = nxc__ngram_builder_new(&alloc, &b, &err);
        for (size_t i = 0; st == NXC_OK && i < N_SENTENCES; i++) {
            st = nxc__ngram_add(b, nxc__str(sentences[i]), &err);
            if (st == NXC_OK) continue;
            f.left = 1000; /* the same text again: nothing was half counted */
            assert_int_equal(st, NXC_ERR_NOMEM);
            st = nxc__ngram_add(b, nxc__str(sentences[i]), &err);
        }
        if (st == NXC_OK) st = nxc__ngram_finish(b, &out, &err);
        if (st == NXC_OK) {
            assert_int_equal(out.len, whole.len);
            assert_memory_equal(out.data, whole.data, whole.len);
            if (f.left > 900) st = NXC_ERR_NOMEM; /* a repaired run: go on */
        } else {
            assert_int_equal(st, NXC_ERR_NOMEM);
            assert_int_equal(out.len, 0);
        }
        nxc__ngram_builder_free(b);
        nxc__buffer_release(&out);
    }
    nxc__buffer_release(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_computed_by_hand),
        cmocka_unit_test(one_text_is_witten_bell),
        cmocka_unit_test(empty_models_are_uniform),
        cmocka_unit_test(equals_the_definition),
        cmocka_unit_test(probabilities_sum_to_one),
        cmocka_unit_test(order_of_texts_does_not_matter),
        cmocka_unit_test(finish_leaves_the_builder),
        cmocka_unit_test(damaged_images_are_refused),
        cmocka_unit_test(every_value_is_checked),
        cmocka_unit_test(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
