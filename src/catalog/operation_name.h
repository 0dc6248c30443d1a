/* The parts of a path and of a name that may say what an operation does. */
#ifndef NXC_CATALOG_OPERATION_NAME_H
#define NXC_CATALOG_OPERATION_NAME_H

#include <nextcall/nextcall.h>

/* The last segment of a path, if it is no parameter ("{id}", ":id"); of
 * "{name}:cancel" what follows the colon; "" otherwise. */
nxc_str nxc__path_action(nxc_str path);
/* path without its last segment and what follows it (query, fragment). */
nxc_str nxc__path_parent(nxc_str path);
/* The last part of "pulls/submit-review", "Buses.FindBus" or "files__save"
 * (docs/resources.md). */
nxc_str nxc__name_verb_part(nxc_str name);

#endif
