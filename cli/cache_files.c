#include "cache_files.h"

#include <dirent.h>
#include <string.h>

#include "cache/embedding_file.h"

/* ------------------------------------------------------------ the folder */

#define BEGIN "embeddings-"
#define END ".nxe"
enum { N_DIGITS = 16, NAME_LEN = sizeof BEGIN - 1 + N_DIGITS + sizeof END - 1 };

typedef struct file_iter {
    char folder[1100], name[NAME_LEN + 1];
    char path[1200];
} file_iter;

static void begin(file_iter *it, const char *database) {
    const char *slash = strrchr(database, '/');
    snprintf(it->folder, sizeof it->folder, "%.*s",
             slash ? (int)(slash - database) : 1, slash ? database : ".");
    it->name[0] = 0;
}

static bool is_embedding_file(const char *name) {
    return strlen(name) == NAME_LEN &&
           strncmp(name, BEGIN, sizeof BEGIN - 1) == 0 &&
           strcmp(name + sizeof BEGIN - 1 + N_DIGITS, END) == 0;
}

/* The file with the next greater name. */
static bool next(file_iter *it) {
    char least[NAME_LEN + 1] = "";
    DIR *dir = opendir(it->folder);
    if (!dir) return false;
    for (const struct dirent *e; (e = readdir(dir));)
        if (is_embedding_file(e->d_name) && strcmp(e->d_name, it->name) > 0 &&
            (!least[0] || strcmp(e->d_name, least) < 0))
            snprintf(least, sizeof least, "%s", e->d_name);
    closedir(dir);
    memcpy(it->name, least, sizeof least);
    snprintf(it->path, sizeof it->path, "%s/%s", it->folder, it->name);
    return least[0] != 0;
}

static nxc_status open_file(const file_iter *it,
                            nxc__embedding_file_options *options,
                            nxc__embedding_file **out, nxc_error *err) {
    NXC_TRY(nxc__embedding_file_kind(it->path, options, err));
    return nxc__embedding_file_open(it->path, options, NULL, out, err);
}

/* --------------------------------------------------------- stats, verify */

/* How much is kept, or why it cannot be read. False if there was damage. */
static bool report_file(const file_iter *it, bool verify, cli_report *r) {
    static const char *const types[] = {"float32", "float16", "int8"};
    nxc__embedding_file_options options;
    nxc__embedding_file *file;
    nxc__embedding_file_stats s;
    nxc_error err;
    if (open_file(it, &options, &file, &err) != NXC_OK) {
        cli_report_text(r, "error", err.message);
        return false;
    }
    nxc__embedding_file_get_stats(file, verify, &s);
    if (s.n_damaged || s.n_unindexed)
        (void)nxc__embedding_file_compact(file,
                                          NULL); /* else they are misses */
    nxc__embedding_file_close(file);
    cli_report_text(r, "type", types[options.type]);
    cli_report_number(r, "dim", options.dim);
    cli_report_number(r, "rows", s.n_rows);
    cli_report_number(r, "file_bytes", s.file_bytes);
    if (verify) {
        cli_report_number(r, "damaged", s.n_damaged);
        cli_report_number(r, "unindexed", s.n_unindexed);
    }
    return s.n_damaged == 0;
}

bool cli_cache_files_show(const char *database, bool verify, cli_report *r) {
    file_iter it;
    bool is_whole = true;
    char model[N_DIGITS + 1] = "";
    if (r->json) fputs(",\"embedding_files\":[", stdout);
    begin(&it, database);
    for (size_t i = 0; next(&it); i++) {
        cli_report one = {r->json, 0};
        if (!r->json || i) putchar(r->json ? ',' : '\n');
        memcpy(model, it.name + sizeof BEGIN - 1, N_DIGITS);
        cli_report_text(&one, "embedding_file", it.path);
        cli_report_text(&one, "model", model);
        is_whole &= report_file(&it, verify, &one);
        if (r->json) putchar('}');
    }
    if (r->json) putchar(']');
    return is_whole;
}

/* ---------------------------------------------------------------- clear */

static nxc_status clear_file(const file_iter *it, cli_cache_cleared *out,
                             nxc_error *err) {
    nxc__embedding_file_options options;
    nxc__embedding_file *file;
    nxc__embedding_file_stats before, after;
    nxc_status st = open_file(it, &options, &file, err);
    if (st == NXC_ERR_FORMAT) /* nobody can use it */
        return remove(it->path) == 0 ? NXC_OK
                                     : nxc__file_error(err, it->path, "remove");
    if (st != NXC_OK) return st;
    nxc__embedding_file_get_stats(file, false, &before);
    st = nxc__embedding_file_clear(file, err);
    nxc__embedding_file_get_stats(file, false, &after);
    nxc__embedding_file_close(file);
    out->n_rows += before.n_rows - after.n_rows;
    out->n_bytes += before.file_bytes - after.file_bytes;
    return st;
}

nxc_status cli_cache_files_clear(const char *database, cli_cache_cleared *out,
                                 nxc_error *err) {
    file_iter it;
    *out = (cli_cache_cleared){0, 0};
    begin(&it, database);
    while (next(&it))
        NXC_TRY(clear_file(&it, out, err));
    return NXC_OK;
}
