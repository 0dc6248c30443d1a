/* nextcall doctor: what this machine and installation offer. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/cpu.h"
#include "cache/store.h"
#include "command.h"
#include "encoder/kernels/encoder_kernel.h"
#include "lightgbm_find.h"

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
    const char *name;
    uint32_t flag;
    for (size_t i = 0; nxc__cpu_feature(i, &name, &flag); i++)
        if (flags & flag) {
            size_t at = strlen(text);
            snprintf(text + at, sizeof text - at, "%s%s", at ? " " : "", name);
        }
    row(r, "instructions", *text ? text : "none beyond the baseline");
}

/* Why level i is not in use, though it is better than what is. */
static const char *why_not(size_t i, uint32_t flag, uint32_t capped) {
    if (!(nxc__cpu_detect() & flag)) return "not in this processor";
    if (!(capped & flag)) return "capped by --cpu or NEXTCALL_CPU";
    switch (nxc__encoder_level_state(i)) {
    case NXC_LEVEL_REFUSED:
        return "refused by the system";
    case NXC_LEVEL_WRONG:
        return "failed its self-check";
    default:
        return "not tried";
    }
}

/* The kernels of a dtype, and each better level with the reason. */
static void level_row(const report *r, const char *dtype, const char *used,
                      bool is_int8, uint32_t capped) {
    size_t n;
    const nxc__encoder_level *levels = nxc__encoder_levels(&n);
    const char *between = r->json ? "" : " (", *end = "";
    if (r->json)
        printf(",\"%s\":{\"kernels\":\"%s\",\"not_used\":{", dtype, used);
    else
        printf("%-12s %s", dtype, used);
    for (size_t i = n; i > 0 && strcmp(levels[i - 1].name, used) != 0; i--) {
        const nxc__encoder_level *l = &levels[i - 1];
        if (is_int8 ? !l->has_int8 : !l->has_float) continue;
        const char *why = why_not(i - 1, l->flag, capped);
        if (r->json)
            printf("%s\"%s\":\"%s\"", between, l->name, why);
        else
            printf("%s%s: %s", between, l->name, why);
        between = r->json ? "," : ", ";
        end = ")";
    }
    fputs(r->json ? "}}" : end, stdout);
    if (!r->json) putchar('\n');
}

static void level_rows(report *r, const nxc_config *cfg) {
    nxc__encoder_kernels k;
    nxc_error err;
    uint32_t capped;
    if (nxc__cpu_cap(nxc__config_text(cfg, NXC_OPT_cpu), nxc__cpu_detect(),
                     &capped, &err) != NXC_OK) {
        row(r, "kernels", err.message);
        return;
    }
    nxc__encoder_kernels_select(&k, capped);
    level_row(r, "int8", k.int8, true, capped);
    level_row(r, "bf16", k.name, false, capped);
    level_row(r, "f32", k.name, false, capped);
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
    row(r, "kernels", info.kernels);
    nxc_encoder_close(encoder);
}

/* How many sessions the store has learnt; to look at one is not to make one. */
static void store_rows(report *r, const cli_args *args) {
    char path[1100], text[1300];
    nxc__store_options options = {.max_bytes = 0};
    nxc__store_reader *reader;
    nxc__store_stats stats;
    nxc__store *store;
    nxc_error err;
    cli_store_path(args, path, sizeof path);
    if (access(path, F_OK) != 0) {
        snprintf(text, sizeof text, "%s: none yet", path);
        row(r, "database", text);
        return;
    }
    nxc_status st = nxc__store_open(path, &options, NULL, &store, &err);
    if (st == NXC_OK) {
        st = nxc__store_reader_new(store, &reader, &err);
        if (st == NXC_OK) {
            st = nxc__store_get_stats(reader, false, &stats, &err);
            nxc__store_reader_free(reader);
        }
        nxc__store_close(store);
    }
    if (st == NXC_OK)
        snprintf(text, sizeof text, "%s: %llu learned sessions", path,
                 (unsigned long long)stats.n_learned);
    row(r, "database", st == NXC_OK ? text : err.message);
}

static void training_row(report *r, const nxc_config *cfg) {
    char text[1200];
    nxc__lightgbm lib;
    nxc_error err;
    if (cli_find_lightgbm(cfg, &lib, &err) == NXC_OK) {
        snprintf(text, sizeof text, "LightGBM %s, %s", lib.version, lib.path);
        row(r, "training", text);
    } else {
        row(r, "training", err.message);
    }
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
    level_rows(&r, cfg);
    model_rows(&r, args, cfg);
    store_rows(&r, args);
    training_row(&r, cfg);
    option_rows(&r, cfg);
    row(&r, "health", r.health);
    if (r.json) puts("}");
    nxc_config_free(cfg);
    return CLI_OK;
}
