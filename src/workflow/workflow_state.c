/*
 * The workflow state of an operation, by the rule table.
 *
 *     nxc__workflow_states    all operations of a catalog, once
 *     nxc__workflow_state     one operation, or a call that no catalog knows
 *
 * From method, path and operationId two words are taken:
 *
 *     POST /v1/invoices/{invoice}/mark_uncollectible   pulls/submit-review
 *                                 '--' action                '----' verb
 *
 * and the rows of state_rules.def are tried in order. A word counts as an
 * action or a verb only if the table has it in that place; of several the first
 * word of the segment or name is taken, else the last one ("batch-delete",
 * "contactsAdd").
 *
 * Threading: pure. Cost: O(words * rows), below a microsecond.
 */
#include "base/str.h"
#include "catalog/operation_name.h"
#include "text/words.h"
#include "workflow/workflow.h"

enum { ALONE = 0, SEGMENT = 1, VERB = 2 };

#define BIT(method) (1u << (method))
enum {
    POST = BIT(NXC_METHOD_POST),
    DELETE = BIT(NXC_METHOD_DELETE),
    WRITE = POST | BIT(NXC_METHOD_PUT) | BIT(NXC_METHOD_PATCH),
    READ = BIT(NXC_METHOD_GET) | BIT(NXC_METHOD_HEAD) |
           BIT(NXC_METHOD_OPTIONS) | BIT(NXC_METHOD_TRACE),
    TOOL = BIT(NXC_METHOD_NONE) | BIT(NXC_METHOD_OTHER)
};

static const nxc__state_rule rules[] = {
#define NXC_STATE_RULE(methods, place, word, state) \
    {methods, place, {word, sizeof(word) - 1}, NXC_STATE_##state},
#include "workflow/state_rules.def"
#undef NXC_STATE_RULE
};
#define N_RULES (sizeof rules / sizeof *rules)

const nxc__state_rule *nxc__workflow_rules(size_t *n) {
    *n = N_RULES;
    return rules;
}

static bool is_word_of(nxc_str word, int place) {
    for (size_t i = 0; i < N_RULES; i++)
        if (rules[i].place == place && nxc__str_eq(word, rules[i].word))
            return true;
    return false;
}

/* The first word of text if the table has it in that place, else the last one
 * that it has; "" if none. */
static nxc_str table_word(nxc_str text, int place, char out[NXC_WORD_MAX]) {
    nxc_str found = {out, 0};
    size_t n = 0;
    for (nxc__word_iter it = nxc__words(text, true); nxc__word_next(&it); n++) {
        if (!is_word_of(it.word, place)) continue;
        memcpy(out, it.word.ptr, it.word.len);
        found.len = it.word.len;
        if (n == 0) break;
    }
    return found;
}

/* Most operations read or are deletions, which the method alone decides: the
 * words are taken when a row asks for one. */
nxc__state nxc__workflow_state(nxc_method method, nxc_str path,
                               nxc_str operation_id) {
    char action_buf[NXC_WORD_MAX], verb_buf[NXC_WORD_MAX];
    nxc_str action = {NULL, 0}, verb = {NULL, 0};
    bool has_words = false;
    for (size_t i = 0; i < N_RULES; i++) {
        const nxc__state_rule *r = &rules[i];
        if (!(r->methods >> method & 1)) continue;
        if (r->place == ALONE) return (nxc__state)r->state;
        if (!has_words) {
            action = table_word(nxc__path_action(path), SEGMENT, action_buf);
            verb =
                table_word(nxc__name_verb_part(operation_id), VERB, verb_buf);
            has_words = true;
        }
        if (nxc__str_eq(r->place == SEGMENT ? action : verb, r->word))
            return (nxc__state)r->state;
    }
    return NXC_STATE_BROWSE;
}

void nxc__workflow_states(const nxc_catalog *catalog, uint8_t *out) {
    size_t n = nxc_catalog_n_operations(catalog);
    for (uint32_t i = 0; i < n; i++) {
        nxc_operation op;
        if (nxc_catalog_get_operation(catalog, i, &op))
            out[i] = (uint8_t)nxc__workflow_state(op.method, op.path,
                                                  op.operation_id);
        else
            out[i] = NXC_STATE_BROWSE;
    }
}
