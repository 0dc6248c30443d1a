/* Levels over instructions of another level; x86-64 only. */
#ifndef NXC_KERNEL_MODELS_H
#define NXC_KERNEL_MODELS_H

#include "encoder/kernels/encoder_kernel.h"

/* encoder_avxvnni_evex.c, encoder_amx_model.c */
void test_kernels_avxvnni_evex(nxc__encoder_kernels *k);
void test_kernels_amx_model(nxc__encoder_kernels *k);
/* No tile was misused so far, and none is in use. */
bool test_amx_model_ok(void);

#endif
