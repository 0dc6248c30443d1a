/* From options and environment to the objects of the library. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/file.h"
#include "base/number.h"
#include "command.h"

void cli_option_flag(const char *name, char *buf, size_t cap) {
    snprintf(buf, cap, "%s", name);
    for (char *p = buf; *p; p++)
        if (*p == '_') *p = '-';
}
void cli_option_variable(const char *name, char *buf, size_t cap) {
    snprintf(buf, cap, "NEXTCALL_%s", name);
    for (char *p = buf; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
}
static const char *environment(const char *name) {
    char var[64];
    cli_option_variable(name, var, sizeof var);
    const char *v = getenv(var);
    return v && *v ? v : NULL;
}

/* The file that is asked for, or the first that is there; false: none. */
static bool config_path(const cli_args *args, char *buf, size_t cap) {
    const char *given = cli_get(args, "config");
    if (!given) given = environment("config");
    if (given) {
        snprintf(buf, cap, "%s", given);
        return true;
    }
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (xdg && *xdg)
        snprintf(buf, cap, "%s/nextcall/nextcall.conf", xdg);
    else
        snprintf(buf, cap, "%s/.config/nextcall/nextcall.conf",
                 home && *home ? home : "");
    if (access(buf, F_OK) == 0) return true;
    snprintf(buf, cap, "%s", NXC_SYSTEM_CONFIG);
    return access(buf, F_OK) == 0;
}

static nxc_status add_file(const cli_args *args, nxc_config *cfg,
                           nxc_error *err) {
    char path[2048];
    if (!config_path(args, path, sizeof path)) return NXC_OK;
    if (strcmp(path, "-") == 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "--config: expected the name of a file, got -");
    return nxc_config_load(cfg, path, err);
}

static nxc_status add_flag(const cli_args *args, const char *flag,
                           const char *name, nxc_config *cfg, nxc_error *err) {
    char origin[64];
    const char *given = cli_get(args, flag);
    if (!given) return NXC_OK;
    snprintf(origin, sizeof origin, "--");
    cli_option_flag(flag, origin + 2, sizeof origin - 2);
    return nxc_config_set_from(cfg, name, given, origin, err);
}

static nxc_status add_options(const cli_args *args, nxc_config *cfg,
                              nxc_error *err) {
    nxc_config_option o;
    for (size_t i = 0; nxc_config_describe(i, &o); i++) {
        char variable[64];
        const char *env = environment(o.name);
        cli_option_variable(o.name, variable, sizeof variable);
        if (env) {
            nxc_status st =
                nxc_config_set_from(cfg, o.name, env, variable, err);
            if (st != NXC_OK)
                return nxc__error_prefix(err, st, "environment NEXTCALL_*");
        }
        NXC_TRY(add_flag(args, o.name, o.name, cfg, err));
    }
    nxc_status st = add_flag(args, "threads", "parallel_workers", cfg, err);
    return st == NXC_OK ? st : nxc__error_prefix(err, st, "--threads");
}

nxc_status cli_config(const cli_args *args, nxc_config **out, nxc_error *err) {
    nxc_config *cfg;
    NXC_TRY(nxc_config_new(NULL, &cfg, err));
    nxc_status st = add_file(args, cfg, err);
    if (st == NXC_OK) st = add_options(args, cfg, err);
    if (st != NXC_OK) {
        nxc_config_free(cfg);
        return st;
    }
    *out = cfg;
    return NXC_OK;
}

/* "nextcall/<name>" in the user's cache folder. */
static void cache_path(const char *name, char *buf, size_t cap) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (xdg && *xdg)
        snprintf(buf, cap, "%s/nextcall/%s", xdg, name);
    else
        snprintf(buf, cap, "%s/.cache/nextcall/%s", home && *home ? home : ".",
                 name);
}

void cli_model_dir(char *buf, size_t cap) {
    const char *dir = environment("model_dir");
    if (dir)
        snprintf(buf, cap, "%s", dir);
    else
        cache_path("model", buf, cap);
}

void cli_store_path(const cli_args *args, char *buf, size_t cap) {
    const char *dir = cli_get(args, "store");
    if (!dir) dir = environment("store");
    if (dir)
        snprintf(buf, cap, "%s/store.db", dir);
    else
        cache_path("store/store.db", buf, cap);
}

/* Best first: int8 is what a command without --model takes. */
const cli_model cli_models[CLI_N_MODELS] = {{"minilm-int8.nxm", NXC_INT8},
                                            {"minilm-f32.nxm", NXC_F32}};

static const char *const dtype_names[] = {"f32", "bf16", "int8"};
const char *cli_dtype_name(nxc_dtype dtype) { return dtype_names[dtype]; }
bool cli_dtype(const char *name, nxc_dtype *out) {
    for (int i = NXC_F32; i <= NXC_INT8; i++)
        if (strcmp(name, dtype_names[i]) == 0) {
            *out = (nxc_dtype)i;
            return true;
        }
    return false;
}

bool cli_model_path(const cli_args *args, char *buf, size_t cap) {
    const char *given = cli_get(args, "model"), *dtype = cli_get(args, "dtype");
    if (!given && !dtype) given = environment("model");
    if (given) {
        snprintf(buf, cap, "%s", given);
        return true; /* what was asked for is opened or is an error */
    }
    char dir[2048];
    cli_model_dir(dir, sizeof dir);
    if (dtype) {
        snprintf(buf, cap, "%s/minilm-%s.nxm", dir, dtype);
        return access(buf, R_OK) == 0;
    }
    for (size_t i = 0; i < CLI_N_MODELS; i++) {
        snprintf(buf, cap, "%s/%s", dir, cli_models[i].file);
        if (access(buf, R_OK) == 0) return true;
    }
    return false;
}

nxc_status cli_need_model(const cli_args *args, char *buf, size_t cap,
                          nxc_error *err) {
    const char *dtype = cli_get(args, "dtype");
    if (cli_model_path(args, buf, cap)) return NXC_OK;
    return nxc__error(
        err, NXC_ERR_STATE,
        "model: expected %s, got no such file; nextcall model %s%s makes it",
        buf, dtype ? "pack DIR --dtype " : "fetch", dtype ? dtype : "");
}

nxc_status cli_add_encoder(const cli_args *args, const nxc_config *cfg,
                           nxc_engine *engine, nxc_error *err) {
    char path[4096 - 512];
    if (cli_has(args, "no-model")) return NXC_OK;
    if (!cli_model_path(args, path, sizeof path)) {
        cli_warn("no model at %s: prompt_similarity is missing; nextcall model "
                 "fetch gets it",
                 path);
        return NXC_OK;
    }
    nxc_encoder *encoder;
    NXC_TRY(nxc_encoder_open(path, cfg, NULL, &encoder, err));
    nxc_status st = nxc_engine_set_encoder(engine, encoder, err);
    if (st != NXC_OK) nxc_encoder_close(encoder);
    return st;
}

bool cli_is_folder(const char *path) {
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

nxc_status cli_load_ranker(const char *path, nxc_ranker **out, nxc_error *err) {
    nxc_registry_state s;
    if (!cli_is_folder(path)) return nxc_ranker_load(path, NULL, out, err);
    NXC_TRY(nxc_registry_get_state(path, &s, err));
    if (s.active[0]) return nxc_registry_load(path, s.active, NULL, out, err);
    return nxc__error(err, NXC_ERR_STATE,
                      "%.200s: expected an active version, got none", path);
}

/* "v1": the linear one; NULL: the universal one; else a file, or a registry. */
nxc_status cli_set_ranker(const char *path, nxc_engine *engine,
                          nxc_error *err) {
    nxc_ranker *ranker;
    if (path && cli_is_folder(path))
        return nxc_engine_set_registry(engine, path, err);
    if (path && strcmp(path, "v1") == 0)
        NXC_TRY(nxc_ranker_default(NULL, &ranker, err));
    else if (path)
        NXC_TRY(nxc_ranker_load(path, NULL, &ranker, err));
    else
        NXC_TRY(nxc_ranker_universal(NULL, &ranker, err));
    nxc_status st = nxc_engine_set_ranker(engine, ranker, err);
    if (st != NXC_OK) nxc_ranker_free(ranker);
    return st;
}

static nxc_status check_on(const cli_args *args, const nxc_engine *engine,
                           size_t n_catalogs, nxc_error *err) {
    const char *on = cli_get(args, "on");
    if (!on && n_catalogs > 1 && !cli_has(args, "requests") &&
        !cli_has(args, "scenarios") && !cli_has(args, "data"))
        return nxc__error(err, NXC_ERR_INVALID,
                          "--on: expected the name of one of %zu catalogs, got "
                          "none",
                          n_catalogs);
    if (!on || nxc_engine_get_catalog(engine, nxc__str(on))) return NXC_OK;
    return nxc__error(err, NXC_ERR_NOT_FOUND,
                      "--on: expected the name of a catalog that --catalog "
                      "gives, got %s",
                      on);
}

/* Whoever reads standard input second finds it empty and cannot know. */
static nxc_status check_stdin(const cli_args *args, nxc_error *err) {
    static const char *const names[] = {"catalog", "history", "requests"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t at = 0;
        for (const char *v; (v = cli_next(args, names[i], &at));) {
            nxc_str s = nxc__str(v);
            n += nxc__str_eq(s, NXC_STR("-")) ||
                 (i == 0 && nxc__str_ends(s, NXC_STR("=-")));
        }
    }
    return n < 2
               ? NXC_OK
               : nxc__error(err, NXC_ERR_INVALID,
                            "-: expected standard input once among --catalog, "
                            "--history and --requests, got it %zu times",
                            n);
}

/* Of the engine's configuration, for cli_precompute. */
static bool is_ahead, has_store;

/* With an encoder embeddings are kept in the cache folder, unless an option
 * says otherwise: the next command need not encode again. */
static nxc_status add_store(const cli_args *args, nxc_config *cfg,
                            nxc_error *err) {
    char path[4096 - 512];
    bool is_given = nxc__config_text(cfg, NXC_OPT_store).len > 0;
    if (cli_has(args, "no-store")) return nxc_config_set(cfg, "store", "", err);
    if (is_given || cli_has(args, "no-model") ||
        !cli_model_path(args, path, sizeof path))
        return NXC_OK;
    cache_path("store", path, sizeof path);
    return nxc_config_set_from(cfg, "store", path, "default", err);
}

nxc_status cli_engine(const cli_args *args, nxc_engine **out, nxc_error *err) {
    return cli_engine_with(args, cli_get(args, "ranker"), NULL, out, err);
}

nxc_status cli_engine_with(const cli_args *args, const char *ranker,
                           const char *catalog, nxc_engine **out,
                           nxc_error *err) {
    nxc_config *cfg;
    nxc_engine *engine;
    NXC_TRY(check_stdin(args, err));
    NXC_TRY(cli_config(args, &cfg, err));
    is_ahead = nxc__config_bool(cfg, NXC_OPT_precompute_embeddings);
    has_store = nxc__config_text(cfg, NXC_OPT_store).len > 0;
    nxc_status st = add_store(args, cfg, err);
    /* what is judged may be what was learnt */
    if (st == NXC_OK && cli_has(args, "scenarios"))
        st = nxc_config_set(cfg, "use_learned", "false", err);
    if (st == NXC_OK) st = nxc_engine_open(cfg, NULL, &engine, err);
    if (st == NXC_OK) {
        nxc_error warning;
        st = cli_add_encoder(args, cfg, engine, err);
        if (st == NXC_OK) st = cli_set_ranker(ranker, engine, err);
        if (st == NXC_OK && cli_get(args, "set"))
            st = nxc_engine_set_features(engine, cli_get(args, "set"), err);
        size_t n = 0;
        if (st == NXC_OK)
            st = cli_add_catalogs(args, catalog, cfg, engine, &n, err);
        if (st == NXC_OK) st = check_on(args, engine, n, err);
        if (nxc_engine_warning(engine, &warning))
            cli_warn("%s", warning.message);
        if (st == NXC_OK)
            *out = engine;
        else
            nxc_engine_close(engine);
    }
    nxc_config_free(cfg);
    return st;
}

nxc_status cli_precompute(nxc_engine *engine, const nxc_request *r,
                          nxc_error *err) {
    cli_progress p;
    if ((r->candidates && !has_store) || !is_ahead || r->prompt.len == 0 ||
        !nxc_engine_get_catalog(engine, r->catalog))
        return NXC_OK; /* what is wrong is said by nxc_rank */
    cli_progress_start(&p, "encoding operations");
    nxc_status st =
        nxc_engine_precompute(engine, r->catalog, cli_progress_step, &p, err);
    cli_progress_end(&p);
    return st;
}

nxc_status cli_max_request_bytes(const cli_args *args, size_t *out,
                                 nxc_error *err) {
    nxc_config *cfg;
    NXC_TRY(cli_config(args, &cfg, err));
    *out = nxc__config_int(cfg, NXC_OPT_max_request_bytes);
    nxc_config_free(cfg);
    return NXC_OK;
}

/* Calls and candidates of the command line: freed by cli_request_free. */
static nxc_call *calls;
static nxc_str *candidates;
static size_t n_calls, n_candidates;

static size_t count(const cli_args *args, const char *name) {
    size_t at = 0, n = 0;
    while (cli_next(args, name, &at))
        n++;
    return n;
}

static nxc_status listed(const cli_args *args, nxc_request *out,
                         nxc_error *err) {
    n_calls = count(args, "call");
    n_candidates = count(args, "candidate");
    calls = nxc__alloc_zero(&nxc__allocator_default, n_calls * sizeof *calls);
    candidates = nxc__alloc_zero(&nxc__allocator_default,
                                 n_candidates * sizeof *candidates);
    if (!calls || !candidates) return nxc__error_nomem(err, n_calls);
    size_t at = 0;
    for (size_t i = 0; i < n_calls; i++)
        calls[i] = (nxc_call){.call = nxc__str(cli_next(args, "call", &at)),
                              .timestamp = NXC_NAN};
    at = 0;
    for (size_t i = 0; i < n_candidates; i++)
        candidates[i] = nxc__str(cli_next(args, "candidate", &at));
    if (n_calls) {
        out->history = calls;
        out->n_history = n_calls;
    }
    if (n_candidates) {
        out->candidates = candidates;
        out->n_candidates = n_candidates;
    }
    return NXC_OK;
}

static nxc_status read_history(const cli_args *args, nxc_ctx *ctx,
                               nxc_request *out, nxc_error *err) {
    const char *path = cli_get(args, "history");
    nxc_str bytes;
    if (!path) return NXC_OK;
    if (cli_has(args, "call"))
        return nxc__error(err, NXC_ERR_INVALID,
                          "--history: expected it without --call, got both");
    size_t max;
    NXC_TRY(cli_max_request_bytes(args, &max, err));
    NXC_TRY(nxc__file_read(path, max, &nxc__allocator_default, &bytes, err));
    nxc_status st = nxc_session_parse(ctx, nxc__str(path), bytes, out, err);
    nxc__free_str(&nxc__allocator_default, bytes);
    return st;
}

static nxc_status read_time(const cli_args *args, const char *name, double *out,
                            nxc_error *err) {
    const char *text = cli_get(args, name);
    if (!text) return NXC_OK;
    nxc_status st = nxc_time_parse(nxc__str(text), out, err);
    return st == NXC_OK ? st : nxc__error_prefix(err, st, "--%s", name);
}

static nxc_status read_allow(const cli_args *args, uint32_t *out,
                             nxc_error *err) {
    const char *text = cli_get(args, "allow");
    if (!text) return NXC_OK;
    nxc_status st = nxc_risk_parse(nxc__str(text), out, err);
    return st == NXC_OK ? st : nxc__error_prefix(err, st, "--allow");
}

static nxc_status read_confidence(const cli_args *args, double *out,
                                  nxc_error *err) {
    const char *text = cli_get(args, "min-confidence");
    double x;
    if (!text) return NXC_OK;
    if (!nxc__parse_double(nxc__str(text), &x) || !(x >= 0 && x <= 1))
        return nxc__error(err, NXC_ERR_INVALID,
                          "--min-confidence: expected a number from 0 to 1, "
                          "got %s",
                          text);
    *out = x;
    return NXC_OK;
}

nxc_status cli_request(const cli_args *args, nxc_ctx *ctx, nxc_request *out,
                       nxc_error *err) {
    NXC_TRY(listed(args, out, err));
    NXC_TRY(read_history(args, ctx, out, err));
    NXC_TRY(read_time(args, "now", &out->now, err));
    NXC_TRY(read_time(args, "session-start", &out->session_start, err));
    const char *prompt = cli_get(args, "prompt"), *on = cli_get(args, "on");
    NXC_TRY(read_allow(args, &out->allow, err));
    NXC_TRY(read_confidence(args, &out->min_confidence, err));
    if (prompt) out->prompt = nxc__str(prompt);
    if (on) out->catalog = nxc__str(on);
    return NXC_OK;
}

void cli_request_free(void) {
    nxc__free(&nxc__allocator_default, calls, n_calls * sizeof *calls);
    nxc__free(&nxc__allocator_default, candidates,
              n_candidates * sizeof *candidates);
    calls = NULL;
    candidates = NULL;
}
