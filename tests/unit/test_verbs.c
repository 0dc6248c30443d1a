#include "support/nxc_test.h"
#include "text/words.h"

enum {
    G = 1u << NXC_METHOD_GET,
    O = 1u << NXC_METHOD_POST,
    U = 1u << NXC_METHOD_PUT,
    D = 1u << NXC_METHOD_DELETE,
    A = 1u << NXC_METHOD_PATCH
};

/* Every verb with all its forms, written out by hand. */
static const struct row {
    unsigned methods;
    const char *base;
    const char *forms[7];
} table[] = {
    {G, "get", {"gets", "getting", "got", "gotten"}},
    {G, "retrieve", {"retrieves", "retrieving", "retrieved"}},
    {G, "fetch", {"fetches", "fetching", "fetched"}},
    {G, "show", {"shows", "showing", "showed", "shown"}},
    {G, "view", {"views", "viewing", "viewed"}},
    {G, "browse", {"browses", "browsing", "browsed"}},
    {G, "list", {"lists", "listing", "listed"}},
    {G, "find", {"finds", "finding", "found"}},
    {G, "search", {"searches", "searching", "searched"}},
    {G, "explore", {"explores", "exploring", "explored"}},
    {G, "read", {"reads", "reading"}},
    {G, "look", {"looks", "looking", "looked"}},
    {G, "check", {"checks", "checking", "checked"}},
    {O, "create", {"creates", "creating", "created"}},
    {O, "add", {"adds", "adding", "added"}},
    {O, "new", {NULL}},
    {O, "insert", {"inserts", "inserting", "inserted"}},
    {O, "post", {"posts", "posting", "posted"}},
    {O, "submit", {"submits", "submitting", "submitted"}},
    {O, "make", {"makes", "making", "made"}},
    {O, "build", {"builds", "building", "built"}},
    {O, "generate", {"generates", "generating", "generated"}},
    {O, "send", {"sends", "sending", "sent"}},
    {O, "register", {"registers", "registering", "registered"}},
    {O, "open", {"opens", "opening", "opened"}},
    {O, "start", {"starts", "starting", "started"}},
    {U | A, "update", {"updates", "updating", "updated"}},
    {U | A, "modify", {"modifies", "modifying", "modified"}},
    {U | A, "change", {"changes", "changing", "changed"}},
    {U | A, "edit", {"edits", "editing", "edited"}},
    {U, "replace", {"replaces", "replacing", "replaced"}},
    {U, "put", {"puts", "putting"}},
    {U, "set", {"sets", "setting"}},
    {U, "configure", {"configures", "configuring", "configured"}},
    {D, "delete", {"deletes", "deleting", "deleted"}},
    {D, "remove", {"removes", "removing", "removed"}},
    {D, "destroy", {"destroys", "destroying", "destroyed"}},
    {D, "erase", {"erases", "erasing", "erased"}},
    {D, "drop", {"drops", "dropping", "dropped"}},
    {D, "clear", {"clears", "clearing", "cleared"}},
    {D,
     "cancel",
     {"cancels", "cancelling", "cancelled", "canceling", "canceled"}},
    {D, "revoke", {"revokes", "revoking", "revoked"}},
    {A, "patch", {"patches", "patching", "patched"}},
    {A, "adjust", {"adjusts", "adjusting", "adjusted"}},
    {A, "fix", {"fixes", "fixing", "fixed"}},
    {A, "rename", {"renames", "renaming", "renamed"}},
};
enum { N = sizeof table / sizeof *table };

static void check(const char *word, const char *base, unsigned methods) {
    char out[NXC_WORD_MAX], again[NXC_WORD_MAX];
    nxc_str got = nxc__verb_base(nxc__str(word), out);
    if (!nxc__str_eq(got, nxc__str(base)))
        fail_msg("\"%s\": expected \"%s\", got \"%.*s\"", word, base,
                 (int)got.len, got.ptr);
    assert_str(nxc__verb_base(got, again), base);
    if (nxc__verb_methods(got) != methods)
        fail_msg("\"%s\": expected methods %x, got %x", word, methods,
                 nxc__verb_methods(got));
    if (nxc__prompt_methods(nxc__str(word)) != methods)
        fail_msg("prompt \"%s\": expected methods %x, got %x", word, methods,
                 nxc__prompt_methods(nxc__str(word)));
}

static void every_form_gives_its_verb(void **state) {
    (void)state;
    for (size_t i = 0; i < N; i++) {
        check(table[i].base, table[i].base, table[i].methods);
        for (size_t k = 0; k < 7 && table[i].forms[k]; k++) {
            check(table[i].forms[k], table[i].base, table[i].methods);
            /* a form is no base form */
            assert_int_equal(nxc__verb_methods(nxc__str(table[i].forms[k])), 0);
        }
    }
}

/* The same verbs stand here and in verbs.def, which is sorted. */
static void tables_agree(void **state) {
    (void)state;
    static const char *const bases[] = {
#define NXC_VERB(base, methods, inflection, past, participle) #base,
#include "text/verbs.def"
#undef NXC_VERB
    };
    assert_int_equal(sizeof bases / sizeof *bases, N);
    for (size_t i = 0; i < N; i++) {
        if (i) assert_true(strcmp(bases[i - 1], bases[i]) < 0);
        assert_true(nxc__verb_methods(nxc__str(bases[i])) != 0);
        assert_true(nxc__verb_methods(nxc__str(table[i].base)) != 0);
    }
}

static void other_words_stay(void **state) {
    (void)state;
    static const char *const words[] = {
        "budget",
        "address",
        "output",
        "newsletter",
        "news",
        "newer",
        "target",
        "widget",
        "listings",
        "settings",
        "buildings",
        "readings",
        "reader",
        "viewer",
        "editor",
        "creation",
        "deletion",
        "update's",
        "finder",
        "founder",
        "postal",
        "poster",
        "postings",
        "starter",
        "opener",
        "checkout",
        "checker",
        "checklist",
        "research",
        "preview",
        "review",
        "reset",
        "resend",
        "asset",
        "dataset",
        "input",
        "computed",
        "puting",
        "geted",
        "maked",
        "makeing",
        "finded",
        "builded",
        "sended",
        "setted",
        "putted",
        "cancelld",
        "canceliing",
        "droped",
        "droping",
        "openned",
        "editting",
        "modifys",
        "modifyed",
        "destroies",
        "fetchs",
        "patchs",
        "searchs",
        "fixs",
        "createed",
        "createing",
        "lister",
        "lookup",
        "add-on's",
        "readd",
        "unread",
        "already",
        "thread",
        "spread",
        "show's",
        "shower",
        "gettings",
        "addition",
        "additional",
        "additive",
        "removal",
        "registry",
        "regist",
        "nw",
        "ge",
        "g",
        "",
        "creat",
        "updat",
        "\xC3\xA9"
        "dit",
        "customer",
        "invoice",
        "refund",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char out[NXC_WORD_MAX];
        nxc_str got = nxc__verb_base(nxc__str(words[i]), out);
        if (!nxc__str_eq(got, nxc__str(words[i])))
            fail_msg("\"%s\" became \"%.*s\"", words[i], (int)got.len, got.ptr);
        assert_int_equal(nxc__verb_methods(nxc__str(words[i])), 0);
    }
}

static void prompts_are_matched_by_whole_words(void **state) {
    (void)state;
    static const struct {
        const char *prompt;
        unsigned methods;
    } rows[] = {
        {"", 0},
        {"the budget of this address and its output newsletter", 0},
        {"Please CANCEL the subscription", D},
        {"I am cancelling and then Creating an invoice", D | O},
        {"Modified?", U | A},
        {"look it up, then fix: rename", G | A},
        {"createInvoice", 0}, /* one word of a text */
        {"sign-up new user", O},
        {"don't delete", D},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t got = nxc__prompt_methods(nxc__str(rows[i].prompt));
        if (got != rows[i].methods)
            fail_msg("\"%s\": expected %x, got %x", rows[i].prompt,
                     rows[i].methods, got);
    }
}

static void methods_have_one_verb(void **state) {
    (void)state;
    static const struct {
        nxc_method method;
        const char *verb;
    } rows[] = {
        {NXC_METHOD_NONE, ""},         {NXC_METHOD_GET, "retrieve"},
        {NXC_METHOD_POST, "create"},   {NXC_METHOD_PUT, "update"},
        {NXC_METHOD_DELETE, "remove"}, {NXC_METHOD_PATCH, "modify"},
        {NXC_METHOD_HEAD, ""},         {NXC_METHOD_OPTIONS, ""},
        {NXC_METHOD_TRACE, ""},        {NXC_METHOD_OTHER, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *verb = nxc__method_verb(rows[i].method);
        assert_string_equal(verb, rows[i].verb);
        if (*verb)
            assert_true(nxc__verb_methods(nxc__str(verb)) &
                        1u << rows[i].method);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_gives_its_verb),
        cmocka_unit_test(tables_agree),
        cmocka_unit_test(other_words_stay),
        cmocka_unit_test(prompts_are_matched_by_whole_words),
        cmocka_unit_test(methods_have_one_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
