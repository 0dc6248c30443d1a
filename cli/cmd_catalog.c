/* nextcall catalog import, show and stats. */
#include <string.h>

#include "base/alloc.h"
#include "command.h"

typedef struct opened {
    nxc_config *cfg;
    nxc_catalog *catalog;
    nxc_import_info info;
    nxc_str name;
} opened;

static nxc_status open_one(const cli_args *args, opened *o, nxc_error *err) {
    memset(o, 0, sizeof *o);
    NXC_TRY(cli_config(args, &o->cfg, err));
    return cli_open_catalog(args, cli_positional(args, 0), o->cfg, &o->catalog,
                            &o->name, &o->info, err);
}
static int close_one(opened *o, nxc_status st, const nxc_error *err) {
    nxc_catalog_free(o->catalog);
    nxc_config_free(o->cfg);
    return st == NXC_OK ? CLI_OK : cli_fail(st, err);
}

static void json_text(const char *name, nxc_str value, const char *before) {
    nxc__buffer b;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 28);
    nxc__buffer_append_json(&b, value);
    printf("%s\"%s\":%.*s", before, name, (int)b.len, b.data);
    nxc__buffer_release(&b);
}

/* ---------------------------------------------------------------- import */

static nxc_status save_embedded(const cli_args *args, opened *o,
                                const char *path, nxc_error *err) {
    char model[2048];
    nxc_engine *engine;
    nxc_encoder *encoder;
    cli_progress p;
    NXC_TRY(cli_need_model(args, model, sizeof model, err));
    NXC_TRY(nxc_engine_open(o->cfg, NULL, &engine, err));
    nxc_status st = nxc_encoder_open(model, o->cfg, NULL, &encoder, err);
    if (st == NXC_OK) {
        st = nxc_engine_set_encoder(engine, encoder, err);
        if (st != NXC_OK) nxc_encoder_close(encoder);
    }
    if (st == NXC_OK)
        st = nxc_engine_add_catalog(engine, o->name, o->catalog, err);
    if (st == NXC_OK) {
        o->catalog = NULL; /* the engine's now */
        cli_progress_start(&p, "encoding operations");
        st = nxc_engine_save_catalog(engine, o->name, path, cli_progress_step,
                                     &p, err);
        cli_progress_end(&p);
    }
    nxc_engine_close(engine);
    return st;
}

typedef struct durations {
    double import_s, encode_s; /* encode_s < 0: nothing was encoded */
} durations;

static void print_import(const opened *o, bool json, const durations *d) {
    if (json) {
        json_text("name", o->name, "{");
        json_text("format", nxc__str(o->info.format), ",");
        json_text("source_sha256", nxc__str(o->info.source_sha256), ",");
        printf(",\"operations\":%zu,\"webhooks\":%zu,\"unresolved\":%zu}\n",
               o->info.n_operations, o->info.n_webhooks, o->info.n_unresolved);
        return;
    }
    printf("%.*s: %s, %zu operations", NXC_STR_ARG(o->name), o->info.format,
           o->info.n_operations);
    if (o->info.n_webhooks) printf(", %zu webhooks", o->info.n_webhooks);
    if (o->info.n_unresolved)
        printf(", %zu references could not be followed", o->info.n_unresolved);
    printf(" (%.0f ms)", d->import_s * 1e3);
    if (d->encode_s >= 0) printf(", encoded in %.1f s", d->encode_s);
    putchar('\n');
}

int cli_catalog_import(const cli_args *args) {
    opened o;
    nxc_error err;
    double start = cli_seconds();
    const char *output = cli_get(args, "output"), *name = cli_get(args, "name");
    if (cli_has(args, "embed") && !output)
        return cli_usage(cli_command_of(args),
                         "--embed: expected --output FILE, got none");
    nxc_status st = open_one(args, &o, &err);
    if (st == NXC_OK && name) o.name = nxc__str(name);
    durations d = {cli_seconds() - start, -1};
    if (st == NXC_OK && cli_has(args, "embed")) {
        start = cli_seconds();
        st = save_embedded(args, &o, output, &err);
        d.encode_s = cli_seconds() - start;
    } else if (st == NXC_OK && output) {
        st = nxc_catalog_save(o.catalog, output, &err);
    }
    if (st == NXC_OK) print_import(&o, cli_has(args, "json"), &d);
    return close_one(&o, st, &err);
}

/* ------------------------------------------------------------------ show */

static const char *const kind_names[] = {"parameters", "body", "returns",
                                         "scopes"};

static void field_text(const char *before, nxc_str value) {
    if (!value.len) return;
    fputs(before, stdout);
    cli_print_text(stdout, value, false);
}

static void show_fields(const nxc_catalog *c, uint32_t op, bool json) {
    for (int kind = NXC_FIELD_PARAMETER; kind <= NXC_FIELD_SCOPE; kind++) {
        nxc_field f;
        uint32_t n = 0;
        for (; nxc_catalog_get_field(c, op, (nxc_field_kind)kind, n, &f); n++) {
            if (json) {
                if (n == 0) printf(",\"%s\":[", kind_names[kind]);
                json_text("name", f.name, n ? ",{" : "{");
                json_text("in", f.in, ",");
                json_text("type", f.type, ",");
                printf(",\"required\":%s}", f.required ? "true" : "false");
            } else {
                if (n == 0) printf("%s:\n", kind_names[kind]);
                field_text("  ", f.name);
                field_text(" in ", f.in);
                field_text(", ", f.type);
                puts(f.required ? ", required" : "");
            }
        }
        if (json && n) putchar(']');
    }
}

static void show_json(const nxc_catalog *c, uint32_t i,
                      const nxc_operation *op) {
    json_text("id", op->id, "{");
    json_text("method", nxc__str(nxc_method_name(op->method)), ",");
    json_text("path", op->path, ",");
    json_text("operationId", op->operation_id, ",");
    json_text("summary", op->summary, ",");
    json_text("description", op->description, ",");
    json_text("tags", op->tags, ",");
    json_text("text", op->text, ",");
    json_text("resource", op->resource, ",");
    json_text("risk", nxc__str(nxc_risk_name(op->risk)), ",");
    json_text("body_schema", op->body_schema, ",");
    json_text("returns_schema", op->returns_schema, ",");
    printf(
        ",\"depth\":%u,\"deprecated\":%s,\"webhook\":%s,\"body_required\":%s",
        op->depth, op->flags & NXC_OP_DEPRECATED ? "true" : "false",
        op->flags & NXC_OP_WEBHOOK ? "true" : "false",
        op->flags & NXC_OP_BODY_REQUIRED ? "true" : "false");
    show_fields(c, i, true);
    puts("}");
}

static void show_row(const char *name, nxc_str value) {
    if (!value.len) return;
    printf("%-14s ", name);
    cli_print_text(stdout, value, true);
    putchar('\n');
}
static void show_text(const nxc_catalog *c, uint32_t i,
                      const nxc_operation *op) {
    show_row("id", op->id);
    show_row("operationId", op->operation_id);
    show_row("summary", op->summary);
    show_row("description", op->description);
    show_row("tags", op->tags);
    show_row("text", op->text);
    show_row("resource", op->resource);
    show_row("risk", nxc__str(nxc_risk_name(op->risk)));
    show_row("body schema", op->body_schema);
    show_row("returns schema", op->returns_schema);
    if (op->flags & NXC_OP_DEPRECATED) puts("deprecated");
    if (op->flags & NXC_OP_WEBHOOK) puts("webhook");
    if (op->flags & NXC_OP_BODY_REQUIRED) puts("body required");
    show_fields(c, i, false);
}

static void list_all(const nxc_catalog *c, bool json) {
    nxc_operation op;
    for (uint32_t i = 0; nxc_catalog_get_operation(c, i, &op); i++) {
        if (json) {
            show_json(c, i, &op);
            continue;
        }
        nxc_str text = op.summary.len ? op.summary : op.description;
        cli_print_cell(stdout, nxc__str(nxc_method_name(op.method)), 7);
        cli_print_cell(stdout, op.path.len ? op.path : op.id, 56);
        putchar(' ');
        cli_print_cell(stdout, op.resource, 22);
        putchar(' ');
        cli_print_cell(stdout, nxc__str(nxc_risk_name(op.risk)), 11);
        putchar(' ');
        cli_print_cell(stdout, text, 48);
        putchar('\n');
    }
}

int cli_catalog_show(const cli_args *args) {
    opened o;
    nxc_error err;
    nxc_operation op;
    bool json = cli_has(args, "json");
    const char *key = cli_get(args, "operation");
    nxc_status st = open_one(args, &o, &err);
    if (st == NXC_OK && key) {
        uint32_t i = nxc_catalog_find(o.catalog, nxc__str(key));
        if (!nxc_catalog_get_operation(o.catalog, i, &op))
            st = nxc__error(&err, NXC_ERR_NOT_FOUND,
                            "--operation: expected one of the catalog, got %s",
                            key);
        else if (json)
            show_json(o.catalog, i, &op);
        else
            show_text(o.catalog, i, &op);
    } else if (st == NXC_OK) {
        list_all(o.catalog, json);
    }
    return close_one(&o, st, &err);
}

/* ----------------------------------------------------------------- stats */

typedef struct counts {
    size_t method[NXC_METHOD_OTHER + 1], risk[NXC_RISK_MONEY + 1];
    size_t all, webhooks, deprecated, with_summary, with_description,
        text_bytes, parameters, body, returns, scopes, with_resource;
} counts;

static counts count_all(const nxc_catalog *c) {
    counts n;
    nxc_operation op;
    memset(&n, 0, sizeof n);
    for (uint32_t i = 0; nxc_catalog_get_operation(c, i, &op); i++) {
        if (op.flags & NXC_OP_WEBHOOK) {
            n.webhooks++;
            continue;
        }
        n.all++;
        n.method[op.method]++;
        n.risk[op.risk]++;
        n.deprecated += (op.flags & NXC_OP_DEPRECATED) != 0;
        n.with_summary += op.summary.len > 0;
        n.with_description += op.description.len > 0;
        n.with_resource += op.depth > 0;
        n.text_bytes += op.text.len;
        n.parameters += op.n_parameters;
        n.body += op.n_body;
        n.returns += op.n_returns;
        n.scopes += op.n_scopes;
    }
    return n;
}

static void print_counts(const counts *n, bool json) {
    const struct {
        const char *name;
        size_t value;
    } rows[] = {{"operations", n->all},
                {"webhooks", n->webhooks},
                {"deprecated", n->deprecated},
                {"with_summary", n->with_summary},
                {"with_description", n->with_description},
                {"with_resource", n->with_resource},
                {"text_bytes", n->text_bytes},
                {"parameters", n->parameters},
                {"body_properties", n->body},
                {"returned_properties", n->returns},
                {"scopes", n->scopes}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(json ? "%s\"%s\":%zu" : "%s%-20s %zu\n",
               json ? i ? "," : "{" : "", rows[i].name, rows[i].value);
    if (json) printf(",\"methods\":{");
    const char *before = "";
    for (int m = 0; m <= NXC_METHOD_OTHER; m++) {
        const char *name = nxc_method_name((nxc_method)m);
        if (!n->method[m]) continue;
        if (!*name) name = m == NXC_METHOD_NONE ? "none" : "other";
        printf(json ? "%s\"%s\":%zu" : "%s%-20s %zu\n", json ? before : "",
               name, n->method[m]);
        before = ",";
    }
    if (json) printf("},\"risks\":{");
    for (int k = 0; k <= NXC_RISK_MONEY; k++)
        printf(json ? "%s\"%s\":%zu" : "%s%-20s %zu\n", json && k ? "," : "",
               nxc_risk_name((nxc_risk)k), n->risk[k]);
    if (json) puts("}}");
}

int cli_catalog_stats(const cli_args *args) {
    opened o;
    nxc_error err;
    nxc_status st = open_one(args, &o, &err);
    if (st == NXC_OK) {
        counts n = count_all(o.catalog);
        print_counts(&n, cli_has(args, "json"));
    }
    return close_one(&o, st, &err);
}
