/* Where LightGBM's library is on this machine. */
#ifndef NXC_CLI_LIGHTGBM_FIND_H
#define NXC_CLI_LIGHTGBM_FIND_H

#include "command.h"
#include "train/lightgbm_library.h"

/* The library that the option lightgbm names; else the first of: the loader's
 * lib_lightgbm.so, and the package lightgbm of the active virtual environment,
 * of the python3 on PATH, of the user and of the system. Errors: NXC_ERR_STATE,
 * with how to get it, or what is wrong with the one that was found. */
nxc_status cli_find_lightgbm(const nxc_config *cfg, nxc__lightgbm *out,
                             nxc_error *err);

#endif
