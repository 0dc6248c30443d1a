/* Weak stand-ins for the text and path modules where those are not linked. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "catalog/path_index.h"
#include "catalog/resource.h"
#include "text/ngram.h"
#include "text/words.h"
#define W __attribute__((weak))
W void nxc__resource_of_path(nxc_str p, nxc__resource_words *o) {
    memset(o, 0, sizeof *o);
    size_t i = 0;
    while (i < p.len) {
        size_t j = nxc__str_find(p, '/', i);
        if (j > i && p.ptr[i] != '{' && p.ptr[i] != 'v' && j - i < 60) {
            if (o->name[0] && o->n_parents < 8)
                memcpy(o->parents[o->n_parents++], o->name, 64);
            memset(o->name, 0, 64);
            size_t n = j - i;
            if (n > 1 && p.ptr[j - 1] == 's') n--;
            memcpy(o->name, p.ptr + i, n);
        }
        i = j + 1;
    }
    o->depth = o->name[0] ? o->n_parents + 1 : 0;
}
W void nxc__resource_of_name(nxc_str p, nxc__resource_words *o) {
    memset(o, 0, sizeof *o);
    if (p.len < 60 && p.len) memcpy(o->name, p.ptr, p.len);
    o->depth = p.len != 0;
}
W nxc_str nxc__resource_fold(nxc_str name, char out[NXC_WORD_MAX]) {
    size_t n = name.len < 60 ? name.len : 60;
    for (size_t i = 0; i < n; i++)
        out[i] = nxc__lower(name.ptr[i]);
    if (n > 1 && out[n - 1] == 's') n--;
    return (nxc_str){out, n};
}
