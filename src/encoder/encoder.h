/* The encoder's inside, for engine and tests; see nextcall.h for the rest. */
#ifndef NXC_ENCODER_ENCODER_H
#define NXC_ENCODER_ENCODER_H

#include "base/executor.h"
#include "encoder/distinct_texts.h"
#include "text/wordpiece.h"

#define NXC_DIM 384
#define NXC_MAX_TOKENS 256
#define NXC_MAX_TEAM ((size_t)8) /* panels of the narrowest matrix */

const nxc__wordpiece *nxc__encoder_wordpiece(const nxc_encoder *encoder);

/* A context whose passes are walked by up to n_members (>= 1) threads together,
 * the caller's among them; the others start with the first pass for which that
 * is faster and live as long as the context. Same bits as by one. */
nxc_status nxc__encoder_ctx_new_team(const nxc_encoder *encoder,
                                     size_t n_members, nxc_encoder_ctx **out,
                                     nxc_error *err);

/* Read the whole packed file and compare it with the fingerprint that it
 * carries; opening does not, because it takes long. Errors: NXC_ERR_FORMAT. */
nxc_status nxc__encoder_verify(const nxc_encoder *encoder, nxc_error *err);

/* NXC_ERR_INVALID unless n texts and room for their embeddings are given. */
nxc_status nxc__encoder_check_texts(const nxc_str *texts, size_t n,
                                    const float *out, nxc_error *err);

/* Encode texts[at[i]] to row at[i] of out (and info, if given) for i < n; the
 * arguments were checked. */
void nxc__encoder_encode_rows(nxc_encoder_ctx *ctx, const nxc_str *texts,
                              const uint16_t *at, size_t n, float *out,
                              nxc_text_info *info);
/* Scratch of a context, to find equal texts; and to copy the rows of the n
 * texts that were looked at and have an equal one before. */
nxc__distinct *nxc__encoder_distinct(nxc_encoder_ctx *ctx);
void nxc__encoder_copy_same(const nxc__distinct *d, size_t n, float *out,
                            nxc_text_info *info);
/* Tokens that the context has encoded since it was made. */
size_t nxc__encoder_n_tokens(const nxc_encoder_ctx *ctx);

/* Encode n texts over a pool: each task takes a run of texts with about the
 * same number of tokens in all. ctxs (n_workers of pool). progress may stop the
 * work: NXC_ERR_CANCELLED; rows of out that were finished stay. It is called on
 * the caller's thread only, under no lock, and once more at the end. */
nxc_status nxc__encoder_encode_parallel(nxc_encoder_ctx *const *ctxs,
                                        nxc__pool *pool, const nxc_str *texts,
                                        size_t n, float *out,
                                        nxc_text_info *info,
                                        nxc_progress progress, void *user,
                                        nxc_error *err);

/* How many runs n texts make: more workers than these are of no use. */
size_t nxc__encoder_count_runs(const nxc_str *texts, size_t n);

/* Cosine of two L2-normalised vectors = their dot product; fixed reduction
 * order, the same bits on every ISA (the order is stated in the kernel
 * contract). */
float nxc__encoder_dot(const nxc_encoder *encoder, const float *a,
                       const float *b);
/* The kernels that the option "cpu" left it. Valid as long as the encoder. */
struct nxc__encoder_kernels;
const struct nxc__encoder_kernels *
nxc__encoder_kernels_get(const nxc_encoder *encoder);

#endif
