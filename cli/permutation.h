/* nextcall importance --permutation. */
#ifndef NXC_CLI_PERMUTATION_H
#define NXC_CLI_PERMUTATION_H

#include "command.h"

/* How much MRR falls when the values of one feature are shuffled over all rows
 * of the data: printed for each feature that the model asks for. */
int cli_permutation(const cli_args *args, const nxc_ranker *ranker);

#endif
