/* nextcall doctor: what this machine and installation offer. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cpu.h"
#include "command.h"

static const struct {
    uint32_t flag;
    const char *name;
} cpu_names[] = {{NXC_CPU_AVX2, "avx2"},
                 {NXC_CPU_AVXVNNI, "avxvnni"},
                 {NXC_CPU_AVX512, "avx512"},
                 {NXC_CPU_AVX512_VNNI, "avx512-vnni"},
                 {NXC_CPU_AVX512_BF16, "avx512-bf16"},
                 {NXC_CPU_AVX512_VBMI, "avx512-vbmi"},
                 {NXC_CPU_AMX_INT8, "amx-int8"},
                 {NXC_CPU_NEON, "neon"},
                 {NXC_CPU_DOTPROD, "dotprod"},
                 {NXC_CPU_I8MM, "i8mm"}};

typedef struct report {
    bool json, first;
    const char *health;
} report;

static void row(report *r, const char *name, const char *value) {
    if (r->json) {
        nxc__buffer b;
        nxc__buffer_init(&b, &nxc__allocator_default, 65536);
        nxc__buffer_append_json(&b, nxc__str(value));
        printf("%s\"%s\":%.*s", r->first ? "{" : ",", name, (int)b.len, b.data);
        nxc__buffer_release(&b);
    } else {
        printf("%-12s %s\n", name, value);
    }
    r->first = false;
}

static void cpu_rows(report *r) {
    char text[256] = "";
    uint32_t flags = nxc__cpu_detect();
    row(r, "processor", nxc__cpu_model());
    for (size_t i = 0; i < sizeof cpu_names / sizeof *cpu_names; i++)
        if (flags & cpu_names[i].flag) {
            size_t at = strlen(text);
            snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "",
                     cpu_names[i].name);
        }
    row(r, "instructions", *text ? text : "none beyond the baseline");
}

static void model_rows(report *r, const cli_args *args, const nxc_config *cfg) {
    char path[2048], text[2600];
    nxc_encoder *encoder;
    nxc_error err;
    if (!cli_model_path(args, path, sizeof path)) {
        snprintf(text, sizeof text, "missing: %s (nextcall model fetch)", path);
        row(r, "model", text);
        r->health = "ranks without an encoder";
        return;
    }
    nxc_status st = nxc_encoder_open(path, cfg, NULL, &encoder, &err);
    if (st != NXC_OK) {
        row(r, "model", err.message);
        r->health =
            "the model is unusable: nextcall model fetch makes it anew, "
            "--no-model ranks without it";
        return;
    }
    nxc_encoder_info info;
    nxc_encoder_get_info(encoder, &info);
    snprintf(text, sizeof text, "%s (%.1f MB, %.12s)", path,
             (double)info.file_bytes / 1e6, info.fingerprint);
    row(r, "model", text);
    const char *level = "cpu=auto: the best that is there";
    if (cli_get(args, "cpu") || getenv("NEXTCALL_CPU"))
        level = "capped by --cpu or NEXTCALL_CPU";
    snprintf(text, sizeof text, "%s (%s)", info.kernels, level);
    row(r, "kernels", text);
    nxc_encoder_close(encoder);
}

static void option_rows(report *r, const nxc_config *cfg) {
    nxc_config_option o;
    nxc_config_value v;
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        char text[512];
        if (!nxc_config_get(cfg, i, &v)) break;
        snprintf(text, sizeof text, "%.300s (%.200s)", v.text, v.origin);
        row(r, o.name, text);
    }
}

int cli_doctor(const cli_args *args) {
    report r = {cli_has(args, "json"), true, "ok"};
    nxc_error err;
    nxc_config *cfg;
    nxc_status st = cli_config(args, &cfg, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    row(&r, "version", nxc_version());
    row(&r, "compiler", __VERSION__);
    cpu_rows(&r);
    model_rows(&r, args, cfg);
    option_rows(&r, cfg);
    row(&r, "health", r.health);
    if (r.json) puts("}");
    nxc_config_free(cfg);
    return CLI_OK;
}
