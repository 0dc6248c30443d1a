/* Benchmark scenarios: decision points of sessions that people have with real
 * products, drawn by a seed from tables of flows (cli/scenarios). */
#ifndef NXC_CLI_SCENARIO_H
#define NXC_CLI_SCENARIO_H

#include "base/alloc.h"
#include "command.h"

typedef enum cli_flow_kind { /* what a session of the flow does */
                             CLI_FLOW_BROWSE, /* only looks */
                             CLI_FLOW_CREATE, /* makes something new */
                             CLI_FLOW_EDIT,   /* looks, then changes */
                             CLI_FLOW_CONFIRM /* looks, then decides */
} cli_flow_kind;

typedef struct cli_flow {
    const char *name, *document;
    cli_flow_kind kind;
    const char *prompts, *steps; /* see scenarios/stripe_billing.def */
} cli_flow;

typedef struct cli_scenario_set {
    const char *name;
    size_t n; /* scenarios, unless told otherwise */
    const cli_flow *flows;
    size_t n_flows;
} cli_scenario_set;

extern const cli_scenario_set cli_scenario_sets[];
extern const size_t cli_n_scenario_sets;

/* NULL after a usage message. */
const cli_scenario_set *cli_scenario_set_of(const cli_args *args);

/* The catalogs of a set, by the names of its documents. */
enum { CLI_MAX_DOCUMENTS = 16 };
typedef struct cli_documents {
    const char *names[CLI_MAX_DOCUMENTS];
    nxc_catalog *catalogs[CLI_MAX_DOCUMENTS];
    size_t n;
} cli_documents;
/* Read from --documents, NEXTCALL_DOCUMENTS or the cache folder. */
nxc_status cli_documents_open(const cli_args *args, const cli_scenario_set *set,
                              cli_documents *out, nxc_error *err);
void cli_documents_close(cli_documents *d);

/* What a name stands for in a document; see scenarios/identifiers.def. */
typedef struct cli_identifier {
    const char *document, *name;
    enum { CLI_WORD, CLI_NUMBER, CLI_LETTERS, CLI_CAPITALS, CLI_HEX } kind;
    const char *text;
} cli_identifier;
const cli_identifier *cli_identifier_of(const char *document, nxc_str name);
/* The name that name is an alias of, or itself. */
nxc_str cli_identifier_alias(const char *document, nxc_str name);

/* Append scenario i of a set as one JSON object without a newline. The same
 * arguments give the same bytes on every machine.
 * Errors: NXC_ERR_NOT_FOUND: a flow has an operation that the document does
 * not have. */
nxc_status cli_scenario_append(const cli_scenario_set *set,
                               const cli_documents *documents, uint64_t seed,
                               size_t i, nxc__buffer *out, nxc_error *err);

#endif
