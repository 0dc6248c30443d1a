/*
 * The risk label of an operation: what a call of it may do at worst. By its
 * method, the words of its path, name and summary (risk_rules.def), and what
 * its document says itself (docs/risk.md).
 */
#ifndef NXC_CATALOG_RISK_H
#define NXC_CATALOG_RISK_H

#include "base/error.h"
#include "base/json.h"

/* What a document says beside names and texts. */
typedef enum nxc__hint {
    NXC_HINT_NONE = 0,
    NXC_HINT_TRUE = 1,
    NXC_HINT_FALSE = 2
} nxc__hint;
typedef struct nxc__risk_hints {
    uint8_t read_only;     /* nxc__hint: readOnlyHint */
    uint8_t destructive;   /* destructiveHint */
    uint8_t consequential; /* x-openai-isConsequential */
    uint8_t label_one;     /* x-nextcall-risk: nxc_risk + 1; 0: none */
} nxc__risk_hints;

typedef struct nxc__risk_input {
    nxc_method method;
    nxc_str path, name, about; /* about: summary, else description */
    nxc__risk_hints hints;
} nxc__risk_input;

nxc_risk nxc__risk_of(const nxc__risk_input *in);

/* readOnlyHint and destructiveHint of the members of v, or of its member
 * "annotations", as MCP has them; what is there already stays. */
void nxc__risk_read_annotations(const nxc__json *v, nxc__risk_hints *out);
/* A label by name. Errors: NXC_ERR_INVALID, which names the nearest. */
nxc_status nxc__risk_read(const nxc__json_doc *doc, const nxc__json_path *path,
                          const nxc__json *v, nxc_risk *out, nxc_error *err);
/* A label that v's member key gives itself; null counts as absent. Errors:
 * NXC_ERR_INVALID with the path of v. */
nxc_status nxc__risk_read_label(const nxc__json_doc *doc,
                                const nxc__json_path *path, const nxc__json *v,
                                const char *key, nxc__risk_hints *out,
                                nxc_error *err);

#endif
