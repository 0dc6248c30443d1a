/* encoder_amx.c over the tiles of tile_model.h: its whole logic, on processors
 * with AVX-512. */
#define NXC_TILE_MODEL
#include "kernel/tile_model.h"
#define nxc__encoder_kernels_amx test_kernels_amx_model
#include "encoder/kernels/encoder_amx.c"

bool test_amx_model_ok(void); /* kernel_models.h has the other one too */
bool test_amx_model_ok(void) {
    return tile_faults == 0 && !tiles.is_configured;
}
