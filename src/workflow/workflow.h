/*
 * Workflow: the state of an operation, the pattern of a session, and the
 * probability that a candidate comes next (SPEC section 4). Rules are data
 * (state_rules.def); matrices are the seed's.
 *
 * One pass over the history (nxc__workflow_observe), then O(1) a candidate.
 */
#ifndef NXC_WORKFLOW_WORKFLOW_H
#define NXC_WORKFLOW_WORKFLOW_H

#include "session/session.h"

typedef enum nxc__state {
    NXC_STATE_START = 0, /* before the first call */
    NXC_STATE_BROWSE = 1,
    NXC_STATE_EDIT = 2, /* "Create" in cold_start_create */
    NXC_STATE_CONFIRM = 3,
    NXC_STATE_SAVE = 4,
    NXC_N_STATES
} nxc__state;

typedef enum nxc__pattern {
    NXC_PATTERN_NONE = 0, /* not recognised: probability is the default */
    NXC_PATTERN_BROWSE_EDIT_SAVE = 1,
    NXC_PATTERN_BROWSE_CONFIRM_SAVE = 2,
    NXC_PATTERN_COLD_START_CREATE = 3,
    NXC_PATTERN_COLD_START_BROWSE = 4,
    NXC_N_PATTERNS
} nxc__pattern;

const char *nxc__pattern_name(nxc__pattern p); /* "none", "browse_edit_save" */
const char *nxc__state_name(nxc__state s);

/* By the rule table, from method, path template and verb words (operationId).
 * A call that the catalog does not know is classified by the same rules. */
nxc__state nxc__workflow_state(nxc_method method, nxc_str path,
                               nxc_str operation_id);
/* One row of the rule table, for tests and documentation. */
typedef struct nxc__state_rule {
    uint32_t methods; /* set of 1u << nxc_method */
    int place;        /* 0 the method alone, 1 last segment, 2 name's verb */
    nxc_str word;
    int state; /* nxc__state */
} nxc__state_rule;
const nxc__state_rule *nxc__workflow_rules(size_t *n);
/* States of all operations of a catalog into out (n_operations). */
void nxc__workflow_states(const nxc_catalog *catalog, uint8_t *out);

/* P(to comes after from) under a pattern's matrix. A state that the pattern
 * does not have stands for one that it has (docs/workflow.md). Of
 * NXC_PATTERN_NONE: NXC_WORKFLOW_DEFAULT_PROBABILITY. */
double nxc__workflow_entry(nxc__pattern pattern, nxc__state from,
                           nxc__state to);
/* Whether the pattern has the state itself. */
bool nxc__workflow_is_native(nxc__pattern pattern, nxc__state state);

#define NXC_WORKFLOW_DEFAULT_PROBABILITY 0.5
#define NXC_CONTINUITY_CALLS 3

typedef struct nxc__workflow {
    nxc__pattern pattern; /* NONE if confidence is below the threshold */
    double confidence;    /* 0..1, of the best pattern even if below */
    nxc__state last;      /* state of the newest call, START without */
    uint32_t recent[NXC_CONTINUITY_CALLS]; /* resources of the newest calls */
    size_t n_recent;
} nxc__workflow;

/* What a prompt wants to do first: nxc__prompt_methods with GET or POST, not
 * both, also for questions and turns such as "set up". */
uint32_t nxc__workflow_prompt_methods(nxc_str prompt);

/* Bit of a pattern in a set; the order is that of the option
 * workflow_patterns. */
#define NXC_PATTERN_BIT(pattern) (1u << ((pattern)-1))
#define NXC_PATTERNS_ALL (NXC_PATTERN_BIT(NXC_N_PATTERNS) - 1)

/* states: of the catalog's operations, from nxc__workflow_states.
 * prompt_methods: from nxc__workflow_prompt_methods; decides between the two
 * cold starts. patterns: the set that is recognised; without a pattern that
 * could apply the confidence is 0. */
void nxc__workflow_observe(const nxc__session *session, const uint8_t *states,
                           uint32_t prompt_methods, double threshold,
                           uint32_t patterns, nxc__workflow *out);
/* Matrix entry + continuity bonus, capped at 1 (SPEC section 4). */
double nxc__workflow_probability(const nxc__workflow *w,
                                 const nxc_catalog *catalog, nxc__state state,
                                 uint32_t resource);

#endif
