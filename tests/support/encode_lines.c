/*
 * Encode texts for a comparison with another implementation.
 *     encode_lines MODEL.nxm [CPU] < texts > rows
 * texts: per text a uint32 of its length and its bytes; rows: per text a uint32
 * of its tokens and 384 float32; all little-endian.
 */
#include <stdio.h>
#include <stdlib.h>

#include <nextcall/nextcall.h>

static int fail(const nxc_error *err) {
    fprintf(stderr, "encode_lines: %s\n", err->message);
    return 1;
}

int main(int argc, char **argv) {
    static char text[1 << 20];
    static float row[384];
    nxc_error err = {0};
    nxc_config *cfg = NULL;
    nxc_encoder *encoder = NULL;
    nxc_encoder_ctx *ctx = NULL;
    if (argc < 2) return 2;
    if (nxc_config_new(NULL, &cfg, &err) != NXC_OK ||
        nxc_config_set(cfg, "cpu", argc > 2 ? argv[2] : "auto", &err) !=
            NXC_OK ||
        nxc_encoder_open(argv[1], cfg, NULL, &encoder, &err) != NXC_OK ||
        nxc_encoder_ctx_new(encoder, &ctx, &err) != NXC_OK)
        return fail(&err);
    uint32_t len;
    while (fread(&len, sizeof len, 1, stdin) == 1) {
        nxc_text_info info;
        if (len > sizeof text || fread(text, 1, len, stdin) != len) return 3;
        nxc_str view = {text, len};
        if (nxc_encoder_encode(ctx, &view, 1, row, &info, &err) != NXC_OK)
            return fail(&err);
        fwrite(&info.n_tokens, sizeof info.n_tokens, 1, stdout);
        fwrite(row, sizeof row, 1, stdout);
    }
    nxc_encoder_ctx_free(ctx);
    nxc_encoder_close(encoder);
    nxc_config_free(cfg);
    return 0;
}
