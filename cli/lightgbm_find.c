/* Finds LightGBM's library. */
#include "lightgbm_find.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"

/* In a folder lib of a Python installation or environment. */
static const char *const packages[] = {
    "python3*/site-packages/lightgbm/lib/lib_lightgbm.so",
    "python3*/dist-packages/lightgbm/lib/lib_lightgbm.so",
};

/* Try what is there; true: open. A first failure stays in err. */
static bool try_folder(const char *folder, nxc__lightgbm *out, nxc_error *err) {
    bool is_open = false;
    for (size_t k = 0; k < sizeof packages / sizeof *packages; k++) {
        char pattern[PATH_MAX];
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/%s", folder, packages[k]);
        if (glob(pattern, 0, NULL, &found) != 0) continue;
        for (size_t i = 0; i < found.gl_pathc && !is_open; i++) {
            nxc_error why;
            is_open =
                nxc__lightgbm_open(found.gl_pathv[i], out, &why) == NXC_OK;
            if (!is_open && !*err->message) *err = why;
        }
        globfree(&found);
    }
    return is_open;
}

/* The folder lib beside the bin of a python3 that PATH finds. */
static bool python_folder(char *buf, size_t cap) {
    const char *path = getenv("PATH");
    for (nxc_str rest = nxc__str(path ? path : ""); rest.len;) {
        size_t end = nxc__str_find(rest, ':', 0);
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%.*s/python3",
                 (int)(end < PATH_MAX / 2 ? end : 0), rest.ptr);
        if (end && access(file, X_OK) == 0) {
            snprintf(buf, cap, "%.*s/../lib", (int)end, rest.ptr);
            return true;
        }
        rest = nxc__str_slice(rest, end < rest.len ? end + 1 : end, rest.len);
    }
    return false;
}

static bool try_all(nxc__lightgbm *out, nxc_error *err) {
    char folder[PATH_MAX];
    const char *venv = getenv("VIRTUAL_ENV"), *home = getenv("HOME");
    if (nxc__lightgbm_open("lib_lightgbm.so", out, NULL) == NXC_OK) return true;
    if (venv && *venv) {
        snprintf(folder, sizeof folder, "%s/lib", venv);
        if (try_folder(folder, out, err)) return true;
    }
    if (python_folder(folder, sizeof folder) && try_folder(folder, out, err))
        return true;
    if (home && *home) {
        snprintf(folder, sizeof folder, "%s/.local/lib", home);
        if (try_folder(folder, out, err)) return true;
    }
    return try_folder("/usr/local/lib", out, err) ||
           try_folder("/usr/lib", out, err);
}

nxc_status cli_find_lightgbm(const nxc_config *cfg, nxc__lightgbm *out,
                             nxc_error *err) {
    nxc_str given = nxc__config_text(cfg, NXC_OPT_lightgbm);
    /* for libgomp: threads that wait must not take the cores from others */
    setenv("OMP_WAIT_POLICY", "passive", 0);
    if (given.len) { /* a file here is no name for the loader to look up */
        char path[PATH_MAX];
        bool is_here = !strchr(given.ptr, '/') && access(given.ptr, F_OK) == 0;
        snprintf(path, sizeof path, "%s%s", is_here ? "./" : "", given.ptr);
        return nxc__lightgbm_open(path, out, err);
    }
    err->message[0] = 0;
    if (try_all(out, err)) return NXC_OK;
    if (err->message[0]) return NXC_ERR_STATE;
    return nxc__error(err, NXC_ERR_STATE,
                      "lightgbm: expected its library, got none: %s",
                      NXC_LIGHTGBM_ADVICE);
}
