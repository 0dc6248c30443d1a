/* Finds the functions of a LightGBM library. */
#define _GNU_SOURCE /* dladdr */
#include "train/lightgbm_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

/* Version 4 is the first with this one, which training does not call. */
#define SINCE_4 "LGBM_DumpParamAliases"

typedef struct symbol {
    const char *name;
    size_t at; /* in nxc__lightgbm */
} symbol;

#define SYMBOL(name, member) \
    { "LGBM_" name, offsetof(nxc__lightgbm, member) }
static const symbol symbols[] = {
    SYMBOL("GetLastError", get_last_error),
    SYMBOL("RegisterLogCallback", register_log_callback),
    SYMBOL("DatasetCreateFromMat", dataset_create_from_mat),
    SYMBOL("DatasetSetField", dataset_set_field),
    SYMBOL("DatasetSetFeatureNames", dataset_set_feature_names),
    SYMBOL("DatasetFree", dataset_free),
    SYMBOL("BoosterCreate", booster_create),
    SYMBOL("BoosterFree", booster_free),
    SYMBOL("BoosterAddValidData", booster_add_valid_data),
    SYMBOL("BoosterUpdateOneIter", booster_update_one_iter),
    SYMBOL("BoosterGetEvalCounts", booster_get_eval_counts),
    SYMBOL("BoosterGetEval", booster_get_eval),
    SYMBOL("BoosterSaveModelToString", booster_save_model_to_string),
    SYMBOL("BoosterLoadModelFromString", booster_load_model_from_string),
    SYMBOL("BoosterPredictForMat", booster_predict_for_mat),
};
_Static_assert(sizeof(void *) == sizeof(void (*)(void)),
               "dlsym's pointers hold functions");

static nxc_status find_symbols(void *handle, const char *path,
                               nxc__lightgbm *out, nxc_error *err) {
    const char *missing = dlsym(handle, SINCE_4) ? NULL : SINCE_4;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *p = dlsym(handle, symbols[i].name);
        if (!p && !missing) missing = symbols[i].name;
        memcpy((char *)out + symbols[i].at, &p, sizeof p);
    }
    if (!missing) return NXC_OK;
    return nxc__error(err, NXC_ERR_STATE,
                      "%.200s: expected LightGBM 4 or later, got a library "
                      "without %s",
                      path, missing);
}

/* The Python package has VERSION.txt beside the library's folder. */
static void read_version(nxc__lightgbm *out) {
    char path[sizeof out->path + 16];
    nxc_str text;
    snprintf(out->version, sizeof out->version, "4");
    snprintf(path, sizeof path, "%s", out->path);
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(path, '/');
        if (!slash) return;
        *slash = 0;
    }
    size_t len = strlen(path);
    snprintf(path + len, sizeof path - len, "/VERSION.txt");
    if (nxc__file_read(path, 4096, &nxc__allocator_default, &text, NULL) !=
        NXC_OK)
        return;
    nxc_str v = nxc__str_trim(text);
    if (v.len && nxc__is_digit(v.ptr[0]) && v.len < sizeof out->version)
        snprintf(out->version, sizeof out->version, "%.*s", NXC_STR_ARG(v));
    nxc__free_str(&nxc__allocator_default, text);
}

nxc_status nxc__lightgbm_open(const char *path, nxc__lightgbm *out,
                              nxc_error *err) {
    memset(out, 0, sizeof *out);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): per thread in glibc */
        const char *why = dlerror();
        return nxc__error(err, NXC_ERR_STATE,
                          "lightgbm: expected a library, got: %.300s", why);
    }
    nxc_status st = find_symbols(handle, path, out, err);
    if (st != NXC_OK) {
        dlclose(handle);
        return st;
    }
    Dl_info info;
    void *function;
    memcpy(&function, &out->get_last_error, sizeof function);
    const char *file =
        dladdr(function, &info) && info.dli_fname && *info.dli_fname
            ? info.dli_fname
            : path;
    snprintf(out->path, sizeof out->path, "%s", file);
    read_version(out);
    return NXC_OK;
}
