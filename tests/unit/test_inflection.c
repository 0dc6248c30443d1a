#include "support/nxc_test.h"
#include "text/words.h"

struct row {
    const char *word, *singular;
};

static const struct row table[] = {
    /* stay as they are */
    {"address", "address"},
    {"status", "status"},
    {"series", "series"},
    {"species", "species"},
    {"data", "data"},
    {"metadata", "metadata"},
    {"media", "media"},
    {"news", "news"},
    {"access", "access"},
    {"process", "process"},
    {"business", "business"},
    {"class", "class"},
    {"progress", "progress"},
    {"sms", "sms"},
    {"dns", "dns"},
    {"http", "http"},
    {"https", "https"},
    {"aws", "aws"},
    {"gas", "gas"},
    {"bus", "bus"},
    {"lens", "lens"},
    {"bonus", "bonus"},
    {"basis", "basis"},
    {"diagnosis", "diagnosis"},
    {"analysis", "analysis"},
    {"campus", "campus"},
    {"virus", "virus"},
    {"focus", "focus"},
    {"census", "census"},
    {"nexus", "nexus"},
    {"alias", "alias"},
    {"bias", "bias"},
    {"canvas", "canvas"},
    {"atlas", "atlas"},
    {"iris", "iris"},
    {"axis", "axis"},
    {"tennis", "tennis"},
    {"redis", "redis"},
    {"analytics", "analytics"},
    {"logistics", "logistics"},
    {"kubernetes", "kubernetes"},
    {"postgres", "postgres"},
    {"css", "css"},
    {"rss", "rss"},
    {"gps", "gps"},
    {"cms", "cms"},
    {"is", "is"},
    {"as", "as"},
    {"us", "us"},
    {"s", "s"},
    {"", ""},
    {"customer", "customer"},
    {"information", "information"},
    {"staff", "staff"},
    {"equipment", "equipment"},
    {"sheep", "sheep"},
    {"headquarters", "headquarters"},
    {"invoice", "invoice"},
    {"house", "house"},
    {"cache", "cache"},
    {"hero", "hero"},
    {"query", "query"},
    {"person", "person"},
    {"index", "index"},
    {"specimen", "specimen"},
    /* s */
    {"customers", "customer"},
    {"keys", "key"},
    {"days", "day"},
    {"gateways", "gateway"},
    {"surveys", "survey"},
    {"photos", "photo"},
    {"videos", "video"},
    {"repos", "repo"},
    {"quotas", "quota"},
    {"schemas", "schema"},
    {"areas", "area"},
    {"payees", "payee"},
    {"fees", "fee"},
    {"employees", "employee"},
    {"trees", "tree"},
    {"ids", "id"},
    {"urls", "url"},
    {"ips", "ip"},
    {"prs", "pr"},
    {"vms", "vm"},
    {"pdfs", "pdf"},
    {"logs", "log"},
    {"settings", "setting"},
    {"details", "detail"},
    {"credentials", "credential"},
    {"metrics", "metric"},
    {"topics", "topic"},
    {"statistics", "statistic"},
    {"users", "user"},
    {"orders", "order"},
    {"sales", "sale"},
    {"messages", "message"},
    {"files", "file"},
    {"pages", "page"},
    {"resources", "resource"},
    {"services", "service"},
    {"prices", "price"},
    {"devices", "device"},
    {"invoices", "invoice"},
    {"licenses", "license"},
    {"expenses", "expense"},
    {"responses", "response"},
    {"releases", "release"},
    {"databases", "database"},
    {"purchases", "purchase"},
    {"cases", "case"},
    {"phases", "phase"},
    {"leases", "lease"},
    {"courses", "course"},
    {"warehouses", "warehouse"},
    {"houses", "house"},
    {"clauses", "clause"},
    {"causes", "cause"},
    {"enterprises", "enterprise"},
    {"franchises", "franchise"},
    {"exercises", "exercise"},
    {"purposes", "purpose"},
    {"doses", "dose"},
    {"pulses", "pulse"},
    {"sizes", "size"},
    {"prizes", "prize"},
    {"archives", "archive"},
    {"drives", "drive"},
    {"objectives", "objective"},
    {"curves", "curve"},
    {"caf\xC3\xA9s", "caf\xC3\xA9"},
    /* es */
    {"addresses", "address"},
    {"accesses", "access"},
    {"processes", "process"},
    {"businesses", "business"},
    {"classes", "class"},
    {"batches", "batch"},
    {"branches", "branch"},
    {"matches", "match"},
    {"searches", "search"},
    {"patches", "patch"},
    {"dispatches", "dispatch"},
    {"coaches", "coach"},
    {"approaches", "approach"},
    {"attaches", "attach"},
    {"dashes", "dash"},
    {"hashes", "hash"},
    {"boxes", "box"},
    {"mailboxes", "mailbox"},
    {"taxes", "tax"},
    {"faxes", "fax"},
    {"prefixes", "prefix"},
    {"annexes", "annex"},
    {"buzzes", "buzz"},
    {"waltzes", "waltz"},
    {"buses", "bus"},
    {"statuses", "status"},
    {"bonuses", "bonus"},
    {"campuses", "campus"},
    {"viruses", "virus"},
    {"focuses", "focus"},
    {"heroes", "hero"},
    {"potatoes", "potato"},
    {"echoes", "echo"},
    {"volcanoes", "volcano"},
    /* ies */
    {"companies", "company"},
    {"queries", "query"},
    {"categories", "category"},
    {"policies", "policy"},
    {"countries", "country"},
    {"deliveries", "delivery"},
    {"nurseries", "nursery"},
    {"ties", "tie"},
    {"movies", "movie"},
    {"cookies", "cookie"},
    {"calories", "calorie"},
    /* the table */
    {"people", "person"},
    {"salespeople", "salesperson"},
    {"children", "child"},
    {"grandchildren", "grandchild"},
    {"men", "man"},
    {"women", "woman"},
    {"mice", "mouse"},
    {"feet", "foot"},
    {"teeth", "tooth"},
    {"geese", "goose"},
    {"indices", "index"},
    {"subindices", "subindex"},
    {"vertices", "vertex"},
    {"matrices", "matrix"},
    {"appendices", "appendix"},
    {"analyses", "analysis"},
    {"catalyses", "catalysis"},
    {"bases", "basis"},
    {"diagnoses", "diagnosis"},
    {"crises", "crisis"},
    {"hypotheses", "hypothesis"},
    {"parentheses", "parenthesis"},
    {"synopses", "synopsis"},
    {"axes", "axis"},
    {"criteria", "criterion"},
    {"phenomena", "phenomenon"},
    {"schemata", "schema"},
    {"formulae", "formula"},
    {"alumni", "alumnus"},
    {"nuclei", "nucleus"},
    {"leaves", "leaf"},
    {"lives", "life"},
    {"knives", "knife"},
    {"halves", "half"},
    {"shelves", "shelf"},
    {"bookshelves", "bookshelf"},
    {"wolves", "wolf"},
    {"aliases", "alias"},
    {"gases", "gas"},
    {"biases", "bias"},
    {"canvases", "canvas"},
    {"atlases", "atlas"},
    {"lenses", "lens"},
    {"irises", "iris"},
    {"caches", "cache"},
    {"avalanches", "avalanche"},
    {"uses", "use"},
    {"quizzes", "quiz"},
    {"shoes", "shoe"},
    {"toes", "toe"},
    {"canoes", "canoe"},
    {"skus", "sku"},
    {"menus", "menu"},
    {"submenus", "submenu"},
    {"gpus", "gpu"},
    {"apis", "api"},
    {"wikis", "wiki"},
    {"uris", "uri"},
    {"kpis", "kpi"},
    {"miniseries", "miniseries"},
    /* possessives, double plurals */
    {"customer's", "customer"},
    {"people's", "person"},
    {"peoples", "person"},
    {"criterias", "criterion"},
    {"medias", "media"},
};
enum { N = sizeof table / sizeof *table };

static void nouns_become_singular(void **state) {
    (void)state;
    assert_true(N >= 150);
    for (size_t i = 0; i < N; i++) {
        char out[NXC_WORD_MAX], again[NXC_WORD_MAX];
        nxc_str got = nxc__singular(nxc__str(table[i].word), out);
        if (!nxc__str_eq(got, nxc__str(table[i].singular)))
            fail_msg("\"%s\": expected \"%s\", got \"%.*s\"", table[i].word,
                     table[i].singular, (int)got.len, got.ptr);
        assert_str(nxc__singular(got, again), table[i].singular);
        assert_str(nxc__singular(got, out), table[i].singular); /* in place */
    }
}

/* Every row of the table is in order, changes what it says, and its result is a
 * fixed point. */
static void table_is_sound(void **state) {
    (void)state;
    static const struct row rows[] = {
#define NXC_NOUN_END(end, singular)
#define NXC_NOUN(word, singular) {#word, #singular},
#include "text/irregular_nouns.def"
#undef NXC_NOUN
#undef NXC_NOUN_END
    };
    static const struct row ends[] = {
#define NXC_NOUN(word, singular)
#define NXC_NOUN_END(end, singular) \
    {#end, #singular}, {"zz" #end, "zz" #singular},
#include "text/irregular_nouns.def"
#undef NXC_NOUN
#undef NXC_NOUN_END
    };
    char out[NXC_WORD_MAX];
    const size_t n_rows = sizeof rows / sizeof *rows;
    for (size_t i = 0; i < n_rows; i++) {
        if (i && strcmp(rows[i - 1].word, rows[i].word) >= 0)
            fail_msg("\"%s\" stands before \"%s\"", rows[i - 1].word,
                     rows[i].word);
        assert_str(nxc__singular(nxc__str(rows[i].word), out),
                   rows[i].singular);
        assert_str(nxc__singular(nxc__str(rows[i].singular), out),
                   rows[i].singular);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        assert_str(nxc__singular(nxc__str(ends[i].word), out),
                   ends[i].singular);
        assert_str(nxc__singular(nxc__str(ends[i].singular), out),
                   ends[i].singular);
    }
}

/* Random words over the letters that matter: f(f(w)) = f(w), and never longer
 * than NXC_WORD_MAX. */
static void singular_is_idempotent(void **state) {
    (void)state;
    static const char *const parts[] = {
        "s",   "es", "ies", "us",    "is",       "ss",   "che",
        "x",   "z",  "o",   "a",     "i",        "e",    "people",
        "men", "'s", "sku", "menus", "children", "oses", "lyses",
        "y",   "h",  "ves", "c",     "criteria"};
    uint64_t seed = 5;
    for (int round = 0; round < 200000; round++) {
        char word[96], one[NXC_WORD_MAX], two[NXC_WORD_MAX];
        size_t len = 0, n = 1 + nxc_random(&seed) % 6;
        if (round % 100 == 0) {
            len = 60;
            memset(word, 'q', len);
        }
        for (size_t i = 0; i < n; i++) {
            const char *p =
                parts[nxc_random(&seed) % (sizeof parts / sizeof *parts)];
            if (len + strlen(p) > sizeof word) break;
            memcpy(word + len, p, strlen(p));
            len += strlen(p);
        }
        nxc_str a = nxc__singular((nxc_str){word, len}, one);
        nxc_str b = nxc__singular(a, two);
        assert_true(a.len <= NXC_WORD_MAX);
        if (!nxc__str_eq(a, b))
            fail_msg("\"%.*s\": \"%.*s\", then \"%.*s\"", (int)len, word,
                     (int)a.len, a.ptr, (int)b.len, b.ptr);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nouns_become_singular),
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(singular_is_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
