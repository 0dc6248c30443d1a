/* nextcall model fetch, pack and info. */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "command.h"

extern char **environ;

/* The script that fetches and verifies the files of the model: beside the build
 * tree's command or where it was installed. */
static bool find_script(char *buf, size_t cap) {
    char exe[2048];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = 0;
        char *slash = strrchr(exe, '/');
        if (slash) *slash = 0;
        snprintf(buf, cap, "%.1900s/../../tools/model-fetch", exe);
        if (access(buf, X_OK) == 0) return true;
        snprintf(buf, cap, "%.1900s/../%s/tools/model-fetch", exe,
                 NXC_LIBEXEC_FROM_BIN);
        if (access(buf, X_OK) == 0) return true;
    }
    return false;
}

/* posix_spawn takes char *const but does not write; nor do we. */
static char *word(const char *text) {
    union {
        const char *in;
        char *out;
    } u = {text};
    return u.out;
}

static nxc_status run_script(const char *script, const char *dest,
                             const char *from, nxc_error *err) {
    char *argv[] = {word(script), word("--dest"),
                    word(dest),   from ? word("--from") : NULL,
                    word(from),   NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    pid_t pid;
    int code = posix_spawn(&pid, script, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
        return nxc__error(err, NXC_ERR_IO, "%s: expected to run, got: %s",
                          script, strerror(code));
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return nxc__error(err, NXC_ERR_IO,
                          "model fetch: expected the model's files, got a "
                          "failure (see above)");
    return NXC_OK;
}

int cli_model_fetch(const cli_args *args) {
    char script[4096 - 512], dir[2048], packed[2200];
    nxc_error err;
    cli_model_dir(dir, sizeof dir);
    if (!find_script(script, sizeof script))
        return cli_fail(nxc__error(&err, NXC_ERR_NOT_FOUND,
                                   "model fetch: expected the script "
                                   "model-fetch beside the command, got none"),
                        &err);
    nxc_status st = run_script(script, dir, cli_get(args, "from"), &err);
    for (size_t i = 0; i < CLI_N_MODELS && st == NXC_OK; i++) {
        snprintf(packed, sizeof packed, "%s/%s", dir, cli_models[i].file);
        st = nxc_model_pack(dir, packed, cli_models[i].dtype, NULL, &err);
        if (st == NXC_OK) printf("%s\n", packed);
    }
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}

int cli_model_pack(const cli_args *args) {
    char packed[2200];
    nxc_error err;
    const char *output = cli_get(args, "output"),
               *dtype = cli_get(args, "dtype");
    nxc_dtype type = NXC_F32;
    if (dtype && !cli_dtype(dtype, &type))
        return cli_usage(cli_command_of(args),
                         "--dtype: expected f32, bf16 or int8, got %s", dtype);
    if (!output) {
        char dir[2048];
        cli_model_dir(dir, sizeof dir);
        snprintf(packed, sizeof packed, "%s/minilm-%s.nxm", dir,
                 cli_dtype_name(type));
        output = packed;
    }
    nxc_status st =
        nxc_model_pack(cli_positional(args, 0), output, type, NULL, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    printf("%s\n", output);
    return CLI_OK;
}

static void print_info_json(const char *path, const nxc_encoder_info *i,
                            double ms) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 65536);
    nxc__buffer_append_json(&b, nxc__str(path));
    printf("{\"file\":%.*s,\"bytes\":%zu,\"dtype\":\"%s\",\"layers\":%zu,"
           "\"dim\":%zu,\"max_tokens\":%zu,\"vocabulary\":%zu,"
           "\"kernels\":\"%s\",\"fingerprint\":\"%s\","
           "\"source_sha256\":\"%s\",\"open_ms\":%.3f}\n",
           (int)b.len, b.data, i->file_bytes, cli_dtype_name(i->dtype),
           i->n_layers, i->dim, i->max_tokens, i->vocab_size, i->kernels,
           i->fingerprint, i->source_sha256, ms);
    nxc__buffer_release(&b);
}

static void print_info(const char *path, const nxc_encoder_info *i, double ms) {
    printf("file           %s\n", path);
    printf("bytes          %zu\n", i->file_bytes);
    printf("dtype          %s\n", cli_dtype_name(i->dtype));
    printf("layers         %zu\n", i->n_layers);
    printf("dim            %zu\n", i->dim);
    printf("max tokens     %zu\n", i->max_tokens);
    printf("vocabulary     %zu\n", i->vocab_size);
    printf("kernels        %s\n", i->kernels);
    printf("fingerprint    %s\n", i->fingerprint);
    printf("source sha256  %s\n", i->source_sha256);
    printf("opened in      %.3f ms\n", ms);
}

/* A LightGBM model begins with the line "tree". */
static bool is_lightgbm(const char *path) {
    char head[5] = "";
    FILE *f = fopen(path, "re");
    if (!f) return false;
    bool yes = fread(head, 1, 5, f) == 5 && memcmp(head, "tree", 4) == 0 &&
               (head[4] == '\n' || head[4] == '\r');
    fclose(f);
    return yes;
}

static int ranker_info(const char *path, bool json) {
    nxc_ranker *ranker;
    nxc_error err;
    nxc_status st = cli_load_ranker(path, &ranker, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    size_t n = nxc_ranker_n_features(ranker);
    const char *key, *value;
    if (json) {
        nxc__buffer b;
        nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
        nxc__buffer_append_json(&b, nxc__str(path));
        nxc__buffer_printf(&b, ",\"kind\":\"lightgbm\",\"features\":%zu", n);
        nxc__buffer_append_z(&b, ",\"notes\":{");
        for (size_t i = 0; nxc_ranker_get_note(ranker, i, &key, &value); i++) {
            nxc__buffer_printf(&b, "%s\"%s\":", i ? "," : "", key);
            nxc__buffer_append_json(&b, nxc__str(value));
        }
        printf("{\"file\":%.*s}}\n", (int)b.len, b.data);
        nxc__buffer_release(&b);
    } else {
        printf("file           %s\nkind           LightGBM tree ensemble\n"
               "features       %zu\n",
               path, n);
        for (size_t i = 0; nxc_ranker_get_note(ranker, i, &key, &value); i++)
            printf("%-14s %s\n", key, value);
    }
    nxc_ranker_free(ranker);
    return CLI_OK;
}

int cli_model_info(const cli_args *args) {
    char path[2048];
    nxc_error err;
    nxc_config *cfg;
    nxc_encoder *encoder;
    if (!cli_model_path(args, path, sizeof path))
        return cli_fail(nxc__error(&err, NXC_ERR_STATE,
                                   "model: expected %s, got no such file; "
                                   "nextcall model fetch gets it",
                                   path),
                        &err);
    if (cli_is_folder(path) || is_lightgbm(path))
        return ranker_info(path, cli_has(args, "json"));
    nxc_status st = cli_config(args, &cfg, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    double start = cli_seconds();
    st = nxc_encoder_open(path, cfg, NULL, &encoder, &err);
    nxc_config_free(cfg);
    if (st != NXC_OK) return cli_fail(st, &err);
    nxc_encoder_info info;
    double ms = (cli_seconds() - start) * 1e3;
    nxc_encoder_get_info(encoder, &info);
    if (cli_has(args, "json"))
        print_info_json(path, &info, ms);
    else
        print_info(path, &info, ms);
    nxc_encoder_close(encoder);
    return CLI_OK;
}
