/* The forward pass over a ragged batch, shared by encoder and calibration. */
#ifndef NXC_ENCODER_FORWARD_H
#define NXC_ENCODER_FORWARD_H

#include "base/executor.h"
#include "encoder/packed_model.h"

#define NXC_PASS_TOKENS ((size_t)256)
#define NXC_PASS_TEXTS                                    \
    (NXC_PASS_TOKENS / 2) /* a text has at least 2 tokens \
                           */

typedef enum nxc__matrix_id {
    NXC_MATRIX_QKV,
    NXC_MATRIX_OUT,
    NXC_MATRIX_UP,
    NXC_MATRIX_DOWN,
    NXC_N_MATRICES
} nxc__matrix_id;

/* Sees the input x (m, k) of a matrix before it is multiplied. */
typedef void (*nxc__forward_tap)(void *user, size_t layer, nxc__matrix_id id,
                                 const float *x, size_t m, size_t k);

/* n_members: of the largest team.
 *     init -> (set n_texts, starts, ids -> run)* -> release
 * Model and kernels are borrowed. */
typedef struct nxc__forward {
    const nxc__packed_model *model;
    const nxc__encoder_kernels *kernels;
    float *x, *wide, *context, *delta, *attention;
    uint8_t *q;          /* (NXC_PASS_TOKENS, NXC_FFN), int8 only */
    nxc__int8_row *rows; /* (NXC_PASS_TOKENS) */
    void *block;         /* of all these */
    size_t block_bytes;
    nxc__team *team; /* walks the pass, over pool; NULL: the caller alone */
    nxc__pool *pool;
    nxc__forward_tap tap; /* may be NULL; without a team */
    void *user;
    size_t n_texts;
    size_t starts[NXC_PASS_TEXTS + 1];
    uint32_t ids[2 * NXC_PASS_TOKENS]; /* a text is tokenized behind a pass */
} nxc__forward;

nxc_status nxc__forward_init(nxc__forward *f, const nxc__packed_model *model,
                             const nxc__encoder_kernels *kernels,
                             size_t n_members, const nxc_allocator *alloc,
                             nxc_error *err);
void nxc__forward_release(nxc__forward *f, const nxc_allocator *alloc);
/* Tokens to which a pass is filled with whole texts (one longer text is a pass
 * too): for float32 as many as fit, because 42 MB of weights stream past; int8
 * weights are read fast enough, and fewer activations stay in L2. */
static inline size_t nxc__forward_fill(const nxc__forward *f) {
    return f->model->header->dtype == NXC_INT8 ? 64 : NXC_PASS_TOKENS;
}
/* The last hidden state of the texts, to f->x (starts[n_texts], NXC_HIDDEN). */
void nxc__forward_run(nxc__forward *f);

#endif
