/* nextcall features --scenarios: the rows of all decision points, as training
 * reads them.
 *
 *     X.npy         (rows, features) float32, a point's candidates together
 *     X.npy.jsonl   a line a point: scenario_id, step, group, catalog, first
 *                   row, number of rows, which of them is the true next call,
 *                   learned sessions that were known
 *
 * A point's place is known before it is computed, so workers write their rows
 * where they belong and the bytes do not depend on their number. */
#include <string.h>

#include "base/config.h"
#include "npy.h"
#include "protocol.h"

typedef struct place {
    size_t first, n, gold; /* rows; gold SIZE_MAX: not in the catalog */
    size_t n_learned;
} place;

typedef struct extraction {
    const cli_args *args;
    nxc_engine *engine;
    cli_dataset all, dataset; /* learnt from; extracted */
    cli_protocol protocol;
    cli_npy npy;
    place *places; /* (n_points) */
} extraction;

static nxc_status write_point(void *user, const cli_point *p, nxc_error *err) {
    extraction *x = user;
    const nxc_ranking *r = p->ranking;
    place *at = &x->places[p->scenario->first_point + p->step];
    size_t bytes = r->n * r->n_features * sizeof(float);
    float *rows = nxc__alloc(&nxc__allocator_default, bytes);
    if (!rows) return nxc__error_nomem(err, bytes);
    for (size_t i = 0; i < r->n; i++)
        memcpy(rows + i * r->n_features, r->items[i].features,
               r->n_features * sizeof *rows);
    at->gold = p->gold;
    at->n_learned = p->n_learned;
    nxc_status st = cli_npy_write_at(&x->npy, at->first, rows, r->n, err);
    nxc__free(&nxc__allocator_default, rows, bytes);
    return st;
}

/* Where each point's rows go; the number of rows. */
static size_t lay_out(extraction *x) {
    size_t row = 0;
    for (size_t i = 0; i < x->dataset.n; i++) {
        const cli_scenario *s = &x->dataset.scenarios[i];
        size_t n = cli_scenario_n_candidates(x->engine, s);
        for (size_t k = 0; k < s->n; k++, row += n)
            x->places[s->first_point + k] = (place){row, n, SIZE_MAX, 0};
    }
    return row;
}

static void write_points(const extraction *x, FILE *to) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
    for (size_t i = 0; i < x->dataset.n; i++) {
        const cli_scenario *s = &x->dataset.scenarios[i];
        for (size_t k = 0; k < s->n; k++) {
            const place *p = &x->places[s->first_point + k];
            b.len = 0;
            nxc__buffer_append_z(&b, "{\"scenario_id\":");
            nxc__buffer_append_json(&b, s->id);
            nxc__buffer_append_z(&b, ",\"group\":");
            nxc__buffer_append_json(&b, s->group);
            nxc__buffer_append_z(&b, ",\"catalog\":");
            nxc__buffer_append_json(&b, s->catalog);
            nxc__buffer_printf(
                &b, ",\"step\":%zu,\"first\":%zu,\"n\":%zu,\"learned\":%zu,", k,
                p->first, p->n, p->n_learned);
            if (p->gold == SIZE_MAX)
                nxc__buffer_append_z(&b, "\"gold\":null}\n");
            else
                nxc__buffer_printf(&b, "\"gold\":%zu}\n", p->gold);
            fwrite(b.data, 1, b.len, to);
        }
    }
    nxc__buffer_release(&b);
}

static nxc_status write_index(const extraction *x, const char *path,
                              nxc_error *err) {
    char name[4096];
    cli_output out;
    snprintf(name, sizeof name, "%s.jsonl", path);
    NXC_TRY(cli_output_open(&out, name, err));
    write_points(x, out.file);
    return cli_output_close(&out, NXC_OK, err);
}

static nxc_status extract(extraction *x, size_t n_workers, const char *path,
                          nxc_error *err) {
    size_t bytes = (x->dataset.n_points + 1) * sizeof *x->places;
    nxc_feature_info info;
    size_t columns = 0;
    const char *set = cli_get(x->args, "set");
    if (!set) set = x->protocol.options.is_warm ? "v2" : "v1";
    while (nxc_feature_describe(set, columns, &info))
        columns++;
    x->places = nxc__alloc(&nxc__allocator_default, bytes);
    if (!x->places) return nxc__error_nomem(err, bytes);
    size_t n_rows = lay_out(x);
    nxc_status st = cli_npy_open(&x->npy, path, columns, err);
    if (st == NXC_OK) {
        st = cli_dataset_rank(&x->protocol, &x->dataset, n_workers, write_point,
                              x, err);
        x->npy.rows = n_rows;
        st = cli_npy_close(&x->npy, st, err);
    }
    if (st == NXC_OK) st = write_index(x, path, err);
    nxc__free(&nxc__allocator_default, x->places, bytes);
    return st;
}

nxc_status cli_workers(const cli_args *args, size_t *out, nxc_error *err) {
    nxc_config *cfg;
    NXC_TRY(cli_config(args, &cfg, err));
    *out = nxc__config_int(cfg, NXC_OPT_parallel_workers);
    nxc_config_free(cfg);
    return NXC_OK;
}

static nxc_status run(extraction *x, const cli_protocol_options *options,
                      size_t every, nxc_error *err) {
    size_t n_workers;
    NXC_TRY(cli_workers(x->args, &n_workers, err));
    NXC_TRY(cli_engine(x->args, &x->engine, err));
    if (options->is_warm && !cli_get(x->args, "set"))
        NXC_TRY(nxc_engine_set_features(x->engine, "v2", err));
    NXC_TRY(cli_protocol_open(&x->protocol, x->engine, options, &x->all, every,
                              &x->dataset, n_workers, err));
    return extract(x, n_workers, cli_get(x->args, "output"), err);
}

int cli_features_dataset(const cli_args *args) {
    extraction x = {.args = args};
    cli_protocol_options options;
    nxc_error err;
    size_t every;
    if (!cli_get(args, "output"))
        return cli_usage(cli_command_of(args),
                         "--scenarios: expected --output too, got none");
    if (!cli_get_count(args, "every", 1, 1000000, &every) || every == 0 ||
        !cli_protocol_read(args, &options))
        return CLI_USAGE;
    nxc_status st = cli_dataset_read(cli_get(args, "scenarios"), &x.all, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = run(&x, &options, every, &err);
    int code = st == NXC_OK ? CLI_OK : cli_fail(st, &err);
    cli_protocol_close(&x.protocol);
    nxc_engine_close(x.engine);
    cli_dataset_release(&x.all);
    return code;
}
