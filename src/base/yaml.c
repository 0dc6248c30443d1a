#include "base/error.h"
#include "base/json.h"
nxc_status nxc__yaml_parse(nxc_str name, nxc_str text,
                           const nxc__json_limits *limits,
                           const nxc_allocator *alloc, nxc__json_doc **out,
                           nxc_error *err) {
    (void)text;
    (void)limits;
    (void)alloc;
    (void)out;
    return nxc__error(err, NXC_ERR_UNSUPPORTED,
                      "%.*s: expected JSON, got something else",
                      NXC_STR_ARG(name));
}
