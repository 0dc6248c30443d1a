/* The parts of a prompt: its clauses, and what is new in it. */
#ifndef NXC_FEATURES_CLAUSES_H
#define NXC_FEATURES_CLAUSES_H

#include <nextcall/nextcall.h>

#define NXC_MAX_CLAUSES 20

/* Views into prompt, in its order; the last NXC_MAX_CLAUSES of them. A prompt
 * without a word has none. */
size_t nxc__clauses(nxc_str prompt, nxc_str out[NXC_MAX_CLAUSES]);

/* The rest of prompt behind previous if it begins with that, else prompt. */
nxc_str nxc__prompt_delta(nxc_str prompt, nxc_str previous);

#endif
