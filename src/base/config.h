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

/* "integer", "number", "boolean", "text", "list". */
typedef enum nxc__option_type {
    NXC_TYPE_INT,
    NXC_TYPE_REAL,
    NXC_TYPE_BOOL,
    NXC_TYPE_TEXT,
    NXC_TYPE_LIST
} nxc__option_type;

/* Longest text of one value. */
#define NXC_CONFIG_TEXT_MAX 4096

/* cfg NULL means the default value. */
size_t nxc__config_int(const nxc_config *cfg, nxc__option option);
double nxc__config_real(const nxc_config *cfg, nxc__option option);
bool nxc__config_bool(const nxc_config *cfg, nxc__option option);
nxc_str nxc__config_text(const nxc_config *cfg, nxc__option option);
/* Bit i: the list holds name i of its default. */
uint32_t nxc__config_list(const nxc_config *cfg, nxc__option option);
/* cfg NULL copies the defaults. */
nxc_status nxc__config_copy(const nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_config **out, nxc_error *err);

/* For config_file.c: the option of a key, its type, what it takes ("an integer
 * from 1 to 256"), and a value from views. */
nxc_status nxc__config_find(nxc_str key, nxc__option *out, nxc_error *err);
nxc__option_type nxc__config_type(nxc__option option);
void nxc__config_expected(nxc__option option, char *buf, size_t cap);
nxc_status nxc__config_assign(nxc_config *cfg, nxc__option option, nxc_str text,
                              nxc_str origin, nxc_error *err);
/* Read lines into cfg; after an error cfg is half set. */
nxc_status nxc__config_read(nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_str name, nxc_str bytes, nxc_error *err);

/* Index of the name nearest to a misspelt one (edit distance; n > 0). */
size_t nxc__nearest_name(nxc_str name, const char *const *names, size_t n);

#endif
