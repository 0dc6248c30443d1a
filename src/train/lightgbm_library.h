/* LightGBM's C library, found at run time. Only training needs it. */
#ifndef NXC_TRAIN_LIGHTGBM_LIBRARY_H
#define NXC_TRAIN_LIGHTGBM_LIBRARY_H

#include <nextcall/nextcall.h>

/* How to get it, in one sentence. */
#define NXC_LIGHTGBM_ADVICE                                          \
    "pip install lightgbm (and the system's libgomp1), or name the " \
    "library by --lightgbm FILE, NEXTCALL_LIGHTGBM or the option "   \
    "lightgbm of the configuration"

/* The functions of its documented C API that training calls. All but
 * get_last_error and register_log_callback return 0 or -1. */
typedef struct nxc__lightgbm {
    const char *(*get_last_error)(void);
    int (*register_log_callback)(void (*log)(const char *));
    int (*dataset_create_from_mat)(const void *data, int data_type,
                                   int32_t n_rows, int32_t n_columns,
                                   int is_row_major, const char *parameters,
                                   const void *reference, void **out);
    int (*dataset_set_field)(void *dataset, const char *name, const void *data,
                             int n, int type);
    int (*dataset_set_feature_names)(void *dataset, const char *const *names,
                                     int n);
    int (*dataset_free)(void *dataset);
    int (*booster_create)(const void *dataset, const char *parameters,
                          void **out);
    int (*booster_free)(void *booster);
    int (*booster_add_valid_data)(void *booster, const void *dataset);
    int (*booster_update_one_iter)(void *booster, int *is_finished);
    int (*booster_get_eval_counts)(void *booster, int *out);
    int (*booster_get_eval)(void *booster, int data_index, int *n, double *out);
    int (*booster_save_model_to_string)(void *booster, int first, int n,
                                        int importance_type, int64_t room,
                                        int64_t *len, char *out);
    int (*booster_load_model_from_string)(const char *text, int *n_rounds,
                                          void **out);
    int (*booster_predict_for_mat)(void *booster, const void *data,
                                   int data_type, int32_t n_rows,
                                   int32_t n_columns, int is_row_major,
                                   int kind, int first, int n,
                                   const char *parameters, int64_t *len,
                                   double *out);
    char path[1024];  /* of the file */
    char version[32]; /* "4.7.0", or "4" if the file's place does not say */
} nxc__lightgbm;

/* path: a file, or a name that the system's loader looks up. The library stays
 * loaded: it leaves threads behind that cannot be unloaded.
 * Errors: NXC_ERR_STATE, with the loader's reason, the first function that is
 * not there, or the version. */
nxc_status nxc__lightgbm_open(const char *path, nxc__lightgbm *out,
                              nxc_error *err);

#endif
