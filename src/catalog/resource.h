/*
 * What a path or a tool name speaks of. Resource of a template: the last static
 * segment that is not a version (v1, 2024-01), an API prefix (api, rest) or an
 * action word, singular and lower case; the static segments before it that name
 * resources are its parents. SPEC: /profiles is not files; /users/{id}/orders
 * is order, with parent user.
 */
#ifndef NXC_CATALOG_RESOURCE_H
#define NXC_CATALOG_RESOURCE_H

#include "text/words.h"

#define NXC_RESOURCE_MAX_PARENTS 8

typedef struct nxc__resource_words {
    /* Word-folded, singular, words of a compound joined by '_': "tax_rate". */
    char name[NXC_WORD_MAX]; /* "" if nothing on the path names a resource */
    char parents[NXC_RESOURCE_MAX_PARENTS][NXC_WORD_MAX]; /* outermost first */
    uint32_t n_parents;
    uint32_t depth; /* n_parents + 1, or 0 without a resource */
} nxc__resource_words;

void nxc__resource_of_path(nxc_str path_template, nxc__resource_words *out);
/* Of a tool: the words of its name without verbs of verbs.def and without a
 * namespace ("Buses.FindBus" -> bus). No parents. */
void nxc__resource_of_name(nxc_str tool_name, nxc__resource_words *out);
/* Of a name that a caller gives ("Customers" -> "customer"). */
nxc_str nxc__resource_fold(nxc_str name, char out[NXC_WORD_MAX]);

#endif
