/*
 * Arazzo 1.0 (https://spec.openapis.org/arazzo/v1.0.0): a document of
 * workflows; each is a session with its description, else its summary, as
 * prompt.
 *
 *     arazzo: 1.0.0
 *     workflows:
 *       - workflowId: pay
 *         description: ...
 *         steps:
 *           - operationId: createOrder         or
 * $sourceDescriptions.x.createOrder
 *           - operationPath: '{$sourceDescriptions.x.url}#/paths/~1orders/post'
 *           - workflowId: capture              its steps stand here
 *
 * Steps count in their order; what a step goes to on success or failure is
 * passed over. The text of a workflow is documentation, not a user's, so it is
 * kept whether or not prompts are.
 */
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "learning/learner.h"

/* Workflows within workflows. */
#define MAX_DEPTH 8
#define MAX_STEPS 4096

typedef struct reading {
    nxc__learner *l;
    const nxc__learn_setup *setup;
    nxc_str log;
    const nxc__json *workflows;
    nxc__record_call *calls; /* (MAX_STEPS) */
    size_t n;
    uint32_t catalog; /* of the calls so far, or NXC_NONE */
    uint64_t number;  /* of the workflow, from 1 */
} reading;

static nxc_str text(const nxc__json *v, const char *name) {
    return nxc__str_trim(nxc__json_str(nxc__json_get(v, nxc__str(name))));
}
static void note(const reading *r, nxc_learn_kind kind, nxc_str what) {
    nxc__learn_note(r->setup->report, kind, r->log, r->number, what);
}

/* ---------------------------------------------------------------- steps */

/* The last name of "$sourceDescriptions.x.createOrder". */
static nxc_str bare_id(nxc_str id) {
    if (!nxc__str_starts(id, NXC_STR("$sourceDescriptions."))) return id;
    size_t dot = nxc__str_find(id, '.', sizeof "$sourceDescriptions." - 1);
    return dot < id.len ? nxc__str_slice(id, dot + 1, id.len) : id;
}

/* ".../paths/~1orders~1{id}/post" to "POST /orders/{id}"; 0 if it is none. */
static size_t path_key(nxc_str pointer, char *out, size_t cap) {
    static const char mark[] = "#/paths/";
    size_t at = 0, n = 0;
    while (at < pointer.len &&
           !nxc__str_starts(nxc__str_slice(pointer, at, pointer.len),
                            nxc__str(mark)))
        at++;
    if (at == pointer.len) return 0;
    nxc_str path = nxc__str_slice(pointer, at + sizeof mark - 1, pointer.len);
    size_t slash = nxc__str_find(path, '/', 0);
    if (slash == path.len || path.len + 2 > cap) return 0;
    for (size_t i = slash + 1; i < path.len; i++) {
        char c = path.ptr[i];
        out[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    out[n++] = ' ';
    for (size_t i = 0; i < slash; i++) {
        char c = path.ptr[i];
        if (c == '~' && i + 1 < slash) c = path.ptr[++i] == '1' ? '/' : '~';
        out[n++] = c;
    }
    return n;
}

static uint32_t find_in(const nxc_catalog *catalog, nxc_str key) {
    uint32_t op = nxc_catalog_find(catalog, key);
    return op < nxc_catalog_n_operations(catalog) ? op : NXC_NONE;
}

/* All steps of a workflow are of the catalog that has its first. */
static void add_operation(reading *r, nxc_str key) {
    nxc_operation op;
    uint32_t found = NXC_NONE;
    for (uint32_t c = 0; c < r->setup->n_catalogs && found == NXC_NONE; c++) {
        if (r->catalog != NXC_NONE && r->catalog != c) continue;
        found = find_in(r->setup->catalogs[c].catalog, key);
        if (found == NXC_NONE) continue;
        r->catalog = c;
        nxc_catalog_get_operation(r->setup->catalogs[c].catalog, found, &op);
    }
    if (found == NXC_NONE) {
        note(r, NXC_LEARN_UNKNOWN_OPERATION, key);
    } else if (r->n == MAX_STEPS) {
        note(r, NXC_LEARN_LIMIT, NXC_STR("over 4096 steps"));
    } else {
        r->calls[r->n++] = (nxc__record_call){
            nxc__operation_hash(op.id), NXC_TIME_UNKNOWN, NXC_NONE, NXC_NONE};
    }
}

static void add_steps(reading *r, const nxc__json *workflow, size_t depth);

static void add_workflow(reading *r, nxc_str id, size_t depth) {
    for (nxc__json_iter it = nxc__json_each(r->workflows);
         depth < MAX_DEPTH && nxc__json_next(&it);)
        if (nxc__str_eq(text(it.value, "workflowId"), id)) {
            add_steps(r, it.value, depth + 1);
            return;
        }
    note(r, NXC_LEARN_UNKNOWN_OPERATION, id);
}

static void add_steps(reading *r, const nxc__json *workflow, size_t depth) {
    const nxc__json *steps = NXC_JSON_GET(workflow, "steps");
    for (nxc__json_iter it = nxc__json_each(steps);
         r->n < MAX_STEPS && nxc__json_next(&it);) {
        nxc_str id = bare_id(text(it.value, "operationId"));
        nxc_str path = text(it.value, "operationPath");
        nxc_str nested = bare_id(text(it.value, "workflowId"));
        char key[2048];
        size_t n = path_key(path, key, sizeof key);
        if (id.len)
            add_operation(r, id);
        else if (n)
            add_operation(r, (nxc_str){key, n});
        else if (nested.len)
            add_workflow(r, nested, depth);
        else
            note(r, NXC_LEARN_MALFORMED,
                 NXC_STR("a step without operationId, operationPath or "
                         "workflowId"));
    }
}

/* ---------------------------------------------------------------- workflows */

/* "arazzo <title> <workflowId>" */
static nxc_status name_keys(reading *r, const nxc__json *root,
                            const nxc__json *workflow, nxc__record *record,
                            nxc_error *err) {
    nxc__buffer b;
    nxc__buffer_init(&b, r->setup->alloc, (size_t)1 << 20);
    nxc__buffer_append_z(&b, "arazzo ");
    nxc__buffer_append_str(&b, text(NXC_JSON_GET(root, "info"), "title"));
    nxc__buffer_append_char(&b, ' ');
    nxc__buffer_append_str(&b, text(workflow, "workflowId"));
    nxc_status st = nxc__buffer_status(&b, "workflow", err);
    if (st == NXC_OK)
        st = nxc__learner_keys(r->l, nxc__buffer_str(&b),
                               r->setup->options->user, &record->key,
                               &record->group, err);
    nxc__buffer_release(&b);
    return st;
}

static nxc_status read_workflow(reading *r, const nxc__json *root,
                                const nxc__json *workflow, nxc_error *err) {
    nxc_str prompt = text(workflow, "description");
    nxc__record record = {.gap_ms = 0};
    if (prompt.len == 0) prompt = text(workflow, "summary");
    if (prompt.len > nxc__config_int(r->setup->cfg, NXC_OPT_max_prompt_bytes))
        prompt.len = 0;
    r->n = 0;
    r->catalog = NXC_NONE;
    add_steps(r, workflow, 0);
    if (r->n == 0) {
        note(r, NXC_LEARN_EMPTY, text(workflow, "workflowId"));
        return NXC_OK;
    }
    for (size_t i = 0; i < r->n && prompt.len; i++)
        r->calls[i].prompt = r->calls[i].delta = 0;
    record.calls = r->calls;
    record.n = r->n;
    record.texts = &prompt;
    record.n_texts = prompt.len > 0;
    NXC_TRY(name_keys(r, root, workflow, &record, err));
    return nxc__learner_add_session(r->l, r->catalog, &record, err);
}

static nxc_status read_workflows(reading *r, const nxc__json *root,
                                 nxc_error *err) {
    size_t bytes = MAX_STEPS * sizeof *r->calls;
    r->workflows = NXC_JSON_GET(root, "workflows");
    if (!nxc__json_is(r->workflows, NXC_JSON_ARRAY)) {
        note(r, NXC_LEARN_MALFORMED, NXC_STR("no workflows"));
        return NXC_OK;
    }
    r->calls = nxc__alloc(r->setup->alloc, bytes);
    if (!r->calls) return nxc__error_nomem(err, bytes);
    nxc_status st = NXC_OK;
    for (nxc__json_iter it = nxc__json_each(r->workflows);
         st == NXC_OK && nxc__json_next(&it);) {
        r->number = it.index + 1;
        r->setup->report->n_records++;
        st = read_workflow(r, root, it.value, err);
    }
    nxc__free(r->setup->alloc, r->calls, bytes);
    return st == NXC_OK ? nxc__learner_flush(r->l, err) : st;
}

nxc_status nxc__read_arazzo(nxc__learner *l, nxc__log_source *source,
                            nxc_error *err) {
    const nxc__learn_setup *s = nxc__learner_setup(l);
    reading r = {.l = l, .setup = s, .log = nxc__log_name(source)};
    nxc__json_limits limits = nxc__json_limits_default;
    nxc__json_doc *doc;
    nxc_error local = {NXC_OK, ""};
    nxc_str bytes;
    limits.max_bytes = nxc__config_int(s->cfg, NXC_OPT_max_document_bytes);
    NXC_TRY(nxc__log_read_all(source, limits.max_bytes, &bytes, err));
    if (bytes.len == 0) return NXC_OK;
    nxc_status st = nxc__json_or_yaml_parse((nxc_str){"", 0}, bytes, &limits,
                                            s->alloc, &doc, &local);
    if (st == NXC_ERR_NOMEM) {
        if (err) *err = local;
        return st;
    }
    if (st != NXC_OK) {
        nxc__learn_note_error(s->report, r.log, 0, &local);
        return NXC_OK;
    }
    st = read_workflows(&r, nxc__json_root(doc), err);
    nxc__json_free(doc);
    return st;
}
