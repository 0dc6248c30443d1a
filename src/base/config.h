/* Options by name, from the one table in config.def. */
#ifndef NXC_BASE_CONFIG_H
#define NXC_BASE_CONFIG_H

#include <nextcall/nextcall.h>

typedef enum nxc__option {
#define NXC_OPTION(name, type, def, min, max, doc) NXC_OPT_##name,
#include "base/config.def"
#undef NXC_OPTION
    NXC_N_OPTIONS
} nxc__option;

/* cfg NULL means the default value. */
size_t nxc__config_int(const nxc_config *cfg, nxc__option option);
double nxc__config_real(const nxc_config *cfg, nxc__option option);
bool nxc__config_bool(const nxc_config *cfg, nxc__option option);
nxc_str nxc__config_text(const nxc_config *cfg, nxc__option option);
/* cfg NULL copies the defaults. */
nxc_status nxc__config_copy(const nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_config **out, nxc_error *err);

/* Index of the name nearest to a misspelt one (edit distance; n > 0). */
size_t nxc__nearest_name(nxc_str name, const char *const *names, size_t n);

#endif
