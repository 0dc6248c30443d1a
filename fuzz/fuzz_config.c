/* A configuration file: all of it is set, or nothing. */
#include "base/config.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    nxc_config *cfg;
    nxc_config_value v;
    nxc_error err;
    if (nxc_config_new(NULL, &cfg, NULL) != NXC_OK) return 0;
    nxc_status st = nxc_config_parse(cfg, NXC_STR("f"),
                                     (nxc_str){(const char *)data, size}, &err);
    for (size_t i = 0; nxc_config_get(cfg, i, &v); i++) {
        bool is_default = nxc__str_eq(nxc__str(v.origin), NXC_STR("default"));
        if (st != NXC_OK && !is_default) __builtin_trap();
        if (nxc__str(v.text).len > NXC_CONFIG_TEXT_MAX) __builtin_trap();
    }
    nxc_config_free(cfg);
    return 0;
}
