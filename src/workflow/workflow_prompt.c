/*
 * What a prompt wants to do first: read or create.
 *
 * nxc__prompt_methods (text/words.h) gives the methods that any verb of a
 * prompt has; "build a report from this list" has verbs of both kinds. For the
 * choice between the two cold starts the first one counts, and where the prompt
 * has no such verb, three turns of English that are no method verbs:
 *   a) a question reads ("which plans do we have?"),
 *   b) "set ... up" and "spin up" create, "pull ... up" reads,
 *   c) in a prompt without any method verb, a few further verbs (cues).
 *
 * Threading: pure. Cost: O(words).
 */
#include "base/str.h"
#include "text/words.h"
#include "workflow/workflow.h"

#define READS (1u << NXC_METHOD_GET)
#define CREATES (1u << NXC_METHOD_POST)

/* Words that begin a question. */
static const char *const questions[] = {
    "are",   "did", "do",    "does", "had",  "has",  "have",
    "how",   "is",  "was",   "were", "what", "when", "where",
    "which", "who", "whose", "why",  NULL};
/* Cues; nouns that such a word may be ("draft invoice", "pull request") make
 * some of them count only as the first word or before "up". */
static const char *const set_up[] = {"set", "setting", "spin", "spinning",
                                     NULL};
static const char *const reading[] = {
    "compare", "display",   "examine",   "inspect", "overview",
    "see",     "summarise", "summarize", "tell",    NULL};
static const char *const creating[] = {"draft",   "enter",    "launch",
                                       "prepare", "schedule", NULL};

static bool is_in(nxc_str word, const char *const *list) {
    for (; *list; list++)
        if (nxc__str_eq(word, nxc__str(*list))) return true;
    return false;
}

static uint32_t first_verb(nxc_str prompt) {
    char base[NXC_WORD_MAX];
    for (nxc__word_iter it = nxc__words(prompt, false); nxc__word_next(&it);) {
        uint32_t m = nxc__verb_methods(nxc__verb_base(it.word, base));
        if (m & (READS | CREATES)) return m & (READS | CREATES);
    }
    return 0;
}

static uint32_t turn_of_phrase(nxc_str prompt, bool has_verb) {
    uint32_t cue = 0, before_up = 0;
    size_t n = 0;
    for (nxc__word_iter it = nxc__words(prompt, false); nxc__word_next(&it);
         n++) {
        if (n == 0 && is_in(it.word, questions)) return READS;
        if (before_up && nxc__str_eq(it.word, NXC_STR("up"))) return before_up;
        if (is_in(it.word, set_up)) before_up = CREATES;
        if (nxc__str_eq(it.word, NXC_STR("pull"))) before_up = READS;
        if (cue == 0 && is_in(it.word, reading)) cue = READS;
        if (n == 0 && is_in(it.word, creating)) cue = CREATES;
    }
    return has_verb ? 0 : cue;
}

uint32_t nxc__workflow_prompt_methods(nxc_str prompt) {
    uint32_t all = nxc__prompt_methods(prompt);
    uint32_t first = first_verb(prompt);
    if (!first) first = turn_of_phrase(prompt, all != 0);
    return (all & ~(READS | CREATES)) | first;
}
