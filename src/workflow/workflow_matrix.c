/*
 * Transition matrices of the patterns, and what a state means to each.
 *
 * The figures are those of the workflow analysis that the product started from
 * (docs/workflow.md); cold_start_browse, for which that analysis gives none,
 * has the figures of cold_start_create with Browse in the place of Create.
 *
 * Each pattern has three states, and maps all five to them. A state that it
 * does not have stands for the nearest one in effect: writing that is not the
 * pattern's own middle step is Save, looking before creating is Start.
 */
#include "base/error.h"
#include "workflow/workflow.h"

typedef struct pattern_row {
    const char *name;
    double matrix[3][3];
    uint8_t place[NXC_N_STATES]; /* state -> row and column */
    uint32_t native;             /* set of 1u << nxc__state */
} pattern_row;

#define HAS(a, b, c) \
    (1u << NXC_STATE_##a | 1u << NXC_STATE_##b | 1u << NXC_STATE_##c)

static const pattern_row patterns[NXC_N_PATTERNS] = {
    [NXC_PATTERN_NONE] = {.name = "none"},
    /* Start Browse Edit Confirm Save */
    [NXC_PATTERN_BROWSE_EDIT_SAVE] = {"browse_edit_save",
                                      {{0.1, 0.8, 0.1},
                                       {0.2, 0.3, 0.5},
                                       {0.7, 0.2, 0.1}},
                                      {0, 0, 1, 2, 2},
                                      HAS(BROWSE, EDIT, SAVE)},
    [NXC_PATTERN_BROWSE_CONFIRM_SAVE] = {"browse_confirm_save",
                                         {{0.1, 0.7, 0.2},
                                          {0.3, 0.2, 0.5},
                                          {0.8, 0.1, 0.1}},
                                         {0, 0, 2, 1, 2},
                                         HAS(BROWSE, CONFIRM, SAVE)},
    [NXC_PATTERN_COLD_START_CREATE] = {"cold_start_create",
                                       {{0.0, 0.9, 0.1},
                                        {0.3, 0.4, 0.3},
                                        {0.6, 0.2, 0.2}},
                                       {0, 0, 1, 2, 2},
                                       HAS(START, EDIT, SAVE)},
    [NXC_PATTERN_COLD_START_BROWSE] = {"cold_start_browse",
                                       {{0.0, 0.9, 0.1},
                                        {0.3, 0.4, 0.3},
                                        {0.6, 0.2, 0.2}},
                                       {0, 1, 2, 2, 2},
                                       HAS(START, BROWSE, SAVE)},
};

const char *nxc__pattern_name(nxc__pattern p) {
    return (unsigned)p < NXC_N_PATTERNS ? patterns[p].name : "none";
}

const char *nxc__state_name(nxc__state s) {
    static const char *const names[NXC_N_STATES] = {"start", "browse", "edit",
                                                    "confirm", "save"};
    return (unsigned)s < NXC_N_STATES ? names[s] : "start";
}

double nxc__workflow_entry(nxc__pattern pattern, nxc__state from,
                           nxc__state to) {
    NXC_ASSERT((unsigned)pattern < NXC_N_PATTERNS);
    NXC_ASSERT((unsigned)from < NXC_N_STATES && (unsigned)to < NXC_N_STATES);
    const pattern_row *p = &patterns[pattern];
    if (pattern == NXC_PATTERN_NONE) return NXC_WORKFLOW_DEFAULT_PROBABILITY;
    return p->matrix[p->place[from]][p->place[to]];
}

bool nxc__workflow_is_native(nxc__pattern pattern, nxc__state state) {
    return patterns[pattern].native >> state & 1;
}

double nxc__workflow_probability(const nxc__workflow *w,
                                 const nxc_catalog *catalog, nxc__state state,
                                 uint32_t resource) {
    double bonus = 0;
    if (w->pattern == NXC_PATTERN_NONE) return NXC_WORKFLOW_DEFAULT_PROBABILITY;
    for (size_t i = 0; i < w->n_recent && bonus < 0.2; i++) {
        if (w->recent[i] == resource)
            bonus = 0.2;
        else if (nxc__catalog_resources_related(catalog, w->recent[i],
                                                resource))
            bonus = 0.1;
    }
    double p = nxc__workflow_entry(w->pattern, w->last, state) + bonus;
    return p < 1 ? p : 1;
}
