/* Sentence embeddings without an engine: how alike are two texts?
 *
 *     embed ENCODER TEXT TEXT
 *
 * ENCODER is a file that `nextcall model pack` wrote. */
#include <stdio.h>
#include <string.h>

#include <nextcall/nextcall.h>

#define DIM 384 /* of every encoder: nxc_encoder_info.dim */

int main(int argc, char **argv) {
    nxc_error err;
    nxc_encoder *encoder = NULL;
    nxc_encoder_ctx *ctx = NULL; /* one for each thread */
    nxc_text_info info[2];
    float rows[2 * DIM];
    double cosine = 0;
    if (argc != 4) {
        fprintf(stderr, "usage: embed ENCODER TEXT TEXT\n");
        return 2;
    }
    nxc_str texts[2] = {{argv[2], strlen(argv[2])}, {argv[3], strlen(argv[3])}};
    nxc_status st = nxc_encoder_open(argv[1], NULL, NULL, &encoder, &err);
    if (!st) st = nxc_encoder_ctx_new(encoder, &ctx, &err);
    if (!st) st = nxc_encoder_encode(ctx, texts, 2, rows, info, &err);
    if (!st) {
        for (size_t i = 0; i < DIM; i++) /* the rows have length 1 */
            cosine += (double)rows[i] * (double)rows[DIM + i];
        printf("%.4f  (%u and %u tokens)\n", cosine, (unsigned)info[0].n_tokens,
               (unsigned)info[1].n_tokens);
    } else {
        fprintf(stderr, "embed: %s\n", err.message);
    }
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(encoder);
    return nxc_status_exit_code(st);
}
