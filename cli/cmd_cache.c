/* nextcall cache stats, verify and clear, over the database of a store's folder
 * and its embedding files; nextcall migrate. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cache/migrate.h"
#include "cache/store.h"
#include "cache_files.h"
#include "command.h"

/* A store that is there: to look at one is not to make one. */
static nxc_status open_store(const cli_args *args, char *path, size_t cap,
                             nxc__store **out, nxc_error *err) {
    nxc__store_options options = {.max_bytes = 0};
    cli_store_path(args, path, cap);
    if (access(path, F_OK) != 0)
        return nxc__error(err, NXC_ERR_NOT_FOUND,
                          "%s: expected a store, got no such file", path);
    return nxc__store_open(path, &options, NULL, out, err);
}

static nxc_status read_stats(nxc__store *store, bool verify,
                             nxc__store_stats *out, nxc_error *err) {
    nxc__store_reader *reader;
    NXC_TRY(nxc__store_reader_new(store, &reader, err));
    nxc_status st = nxc__store_get_stats(reader, verify, out, err);
    nxc__store_reader_free(reader);
    return st;
}

static void print_stats(cli_report *r, const char *path,
                        const nxc__store *store, const nxc__store_stats *s,
                        bool verify) {
    cli_report_text(r, "database", path);
    cli_report_number(r, "version", (uint64_t)s->user_version);
    cli_report_number(r, "vectors", s->n_vectors);
    cli_report_number(r, "embeddings", s->n_embeddings);
    cli_report_number(r, "learned_sessions", s->n_learned);
    cli_report_number(r, "bytes_in_use", s->bytes_in_use);
    cli_report_number(r, "file_bytes", s->file_bytes);
    cli_report_text(r, "access",
                    nxc__store_is_writer(store) ? "write" : "read");
    if (verify) cli_report_number(r, "damaged", s->n_damaged);
    if (nxc__store_set_aside_as(store))
        cli_report_text(r, "set_aside", nxc__store_set_aside_as(store));
}

/* Damage that was found is an exit code, though it is dealt with. */
static int show(const cli_args *args, bool verify) {
    cli_report r = {cli_has(args, "json"), 0};
    bool are_whole = true;
    char path[1100];
    nxc__store *store;
    nxc__store_stats stats;
    nxc_error err;
    nxc_status st = open_store(args, path, sizeof path, &store, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = read_stats(store, verify, &stats, &err);
    nxc__store_flush(store, NULL); /* what is damaged is dealt with */
    if (st == NXC_OK) print_stats(&r, path, store, &stats, verify);
    bool is_whole = !nxc__store_set_aside_as(store);
    nxc__store_close(store);
    if (st == NXC_OK) {
        are_whole = cli_cache_files_show(path, verify, &r);
        if (r.json) puts("}");
    }
    if (st != NXC_OK) return cli_fail(st, &err);
    return is_whole && are_whole && stats.n_damaged == 0
               ? CLI_OK
               : nxc_status_exit_code(NXC_ERR_FORMAT);
}

int cli_cache_stats(const cli_args *args) { return show(args, false); }
int cli_cache_verify(const cli_args *args) { return show(args, true); }

int cli_cache_clear(const cli_args *args) {
    char path[1100];
    nxc__store *store;
    nxc__store_stats before, after;
    nxc_error err;
    nxc_status st = open_store(args, path, sizeof path, &store, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = read_stats(store, false, &before, &err);
    if (st == NXC_OK) st = nxc__store_clear(store, &err);
    if (st == NXC_OK) st = read_stats(store, false, &after, &err);
    nxc__store_close(store);
    cli_cache_cleared files = {0, 0};
    if (st == NXC_OK) st = cli_cache_files_clear(path, &files, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    cli_report r = {cli_has(args, "json"), 0};
    cli_report_text(&r, "database", path);
    cli_report_number(&r, "vectors", before.n_vectors);
    cli_report_number(&r, "embeddings", before.n_embeddings);
    cli_report_number(&r, "bytes_freed",
                      before.bytes_in_use > after.bytes_in_use
                          ? before.bytes_in_use - after.bytes_in_use
                          : 0);
    cli_report_number(&r, "file_rows", files.n_rows);
    cli_report_number(&r, "file_bytes_freed", files.n_bytes);
    cli_report_number(&r, "learned_sessions_kept", after.n_learned);
    if (r.json) puts("}");
    return CLI_OK;
}

/* ---------------------------------------------------------- migrate */

static void print_steps_json(const nxc__migration *m) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, 65536);
    for (size_t i = 0; i < m->n_steps; i++) {
        nxc__buffer_append_char(&b, i ? ',' : '[');
        nxc__buffer_append_json(&b, nxc__str(m->steps[i]));
    }
    nxc__buffer_append_z(&b, m->n_steps ? "]" : "[]");
    printf(",\"steps\":%.*s", (int)b.len, b.data);
    nxc__buffer_release(&b);
}

int cli_migrate(const cli_args *args) {
    const char *path = cli_positional(args, 0);
    bool dry_run = cli_has(args, "dry-run");
    nxc__migration m;
    nxc_error err;
    nxc_status st = nxc__migrate(path, dry_run, &m, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    cli_report r = {cli_has(args, "json"), 0};
    if (r.json) {
        cli_report_text(&r, "database", path);
        cli_report_text(&r, "backup", m.backup);
        cli_report_number(&r, "from_version", (uint64_t)m.from);
        cli_report_number(&r, "to_version", (uint64_t)m.to);
        cli_report_number(&r, "dropped_vectors", m.n_dropped_vectors);
        cli_report_number(&r, "dropped_embeddings", m.n_dropped_embeddings);
        print_steps_json(&m);
        printf(",\"done\":%s}\n", dry_run ? "false" : "true");
        return CLI_OK;
    }
    for (size_t i = 0; i < m.n_steps; i++)
        printf("%s %s\n", dry_run ? "would" : "did:", m.steps[i]);
    if (m.n_steps == 0) puts("nothing to do: the database is up to date");
    if (m.backup[0]) printf("backup %s\n", m.backup);
    return CLI_OK;
}
