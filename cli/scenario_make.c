/*
 * One scenario, drawn from a flow.
 *
 * A scenario is a cut through a session: some steps of the flow were made, the
 * next one is the answer. In order, from one generator (splitmix64, seeded with
 * set, seed and number, so that a scenario does not depend on its neighbours):
 *
 *     steps      optional ones kept or left out; where to cut
 *     history    concrete calls with times and statuses; now and then a second
 *                page, or a look at something else
 *     prompt     one of the wordings, its names filled in, made polite or not
 *     candidates the answer, the other steps, operations on the same
 *                resources, and any others, shuffled
 *
 * Identifiers flow: a parameter is named by the segment before it, and a name
 * has one value in a scenario, in paths, queries and prompt. Each call is
 * looked up again by its concrete path: it must lead to its operation.
 *
 * pattern is the task's: what the flow is for, or, before the first call, which
 * of the two cold starts it is. A session that only looks has none.
 */
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "scenario.h"

enum {
    MAX_STEPS = 16,
    MAX_CALLS = 40,
    MAX_NAMES = 32,
    N_CANDIDATES = 20,
    MAX_RELATED = 9
};
#define START 1770019200 /* 2026-02-02T08:00:00Z */

typedef struct step {
    nxc_str line, query; /* "GET /v1/customers/{}", "email={email}" */
    uint32_t operation;
} step;
typedef struct scenario {
    const cli_flow *flow;
    const nxc_catalog *catalog;
    uint64_t state;
    nxc__arena arena;
    step steps[MAX_STEPS];
    size_t n_steps, cut;
    struct {
        nxc_str name, value;
    } names[MAX_NAMES];
    size_t n_names;
    uint32_t candidates[N_CANDIDATES];
    size_t n_candidates;
    int64_t clock;
} scenario;

/* ------------------------------------------------------------------- draws */

static uint64_t draw(scenario *s) {
    uint64_t z = (s->state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}
static size_t below(scenario *s, size_t n) { return (size_t)(draw(s) % n); }
static bool chance(scenario *s, size_t percent) {
    return below(s, 100) < percent;
}

/* Part i of a text that is divided by a character; the number of parts. */
static nxc_str part_of(const char *text, char by, size_t i) {
    nxc_str all = nxc__str(text);
    size_t at = 0, end = nxc__str_find(all, by, 0);
    while (i-- > 0 && end < all.len) {
        at = end + 1;
        end = nxc__str_find(all, by, at);
    }
    return nxc__str_slice(all, at, end);
}
static size_t count_parts(const char *text, char by) {
    size_t n = 1;
    for (; *text; text++)
        n += *text == by;
    return n;
}
static nxc_str draw_part(scenario *s, const char *text) {
    return part_of(text, '|', below(s, count_parts(text, '|')));
}

/* ------------------------------------------------------------- identifiers */

/* "cus_:14": the prefix, then as many characters of an alphabet. */
static nxc_str draw_code(scenario *s, const char *text, const char *alphabet) {
    char buf[80];
    nxc_str prefix = part_of(text, ':', 0), digits = part_of(text, ':', 1);
    size_t n = 0, len = 0, n_letters = strlen(alphabet);
    for (size_t i = 0; i < digits.len; i++)
        n = n * 10 + (size_t)(digits.ptr[i] - '0');
    for (size_t i = 0; i < prefix.len; i++)
        buf[len++] = prefix.ptr[i];
    while (n-- > 0 && len < sizeof buf)
        buf[len++] = alphabet[below(s, n_letters)];
    return nxc__arena_copy(&s->arena, (nxc_str){buf, len});
}

static nxc_str draw_number(scenario *s, const char *text) {
    char buf[24];
    size_t n = 0;
    for (const char *p = text; *p; p++)
        n = n * 10 + (size_t)(*p - '0');
    for (size_t i = 0; i < n && i < sizeof buf; i++)
        buf[i] = (char)('0' + (i ? below(s, 10) : 1 + below(s, 9)));
    return nxc__arena_copy(&s->arena, (nxc_str){buf, n});
}

static nxc_str draw_value(scenario *s, nxc_str name) {
    const cli_identifier *d = cli_identifier_of(s->flow->document, name);
    switch (d->kind) {
    case CLI_WORD:
        return draw_part(s, d->text);
    case CLI_NUMBER:
        return draw_number(s, d->text);
    case CLI_LETTERS:
        return draw_code(s, d->text,
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                         "0123456789");
    case CLI_CAPITALS:
        return draw_code(s, d->text, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789");
    case CLI_HEX:
        return draw_code(s, d->text, "0123456789abcdef");
    }
    return NXC_STR("");
}

static nxc_str value_of(scenario *s, nxc_str name) {
    name = cli_identifier_alias(s->flow->document, name);
    for (size_t i = 0; i < s->n_names; i++)
        if (nxc__str_eq(s->names[i].name, name)) return s->names[i].value;
    nxc_str value = draw_value(s, name);
    if (s->n_names < MAX_NAMES) {
        s->names[s->n_names].name = name;
        s->names[s->n_names++].value = value;
    }
    return value;
}

/* A value in a query: what would end it is encoded. */
static void append_encoded(nxc_str value, nxc__buffer *out) {
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == ' ' || c == '&' || c == '#' || c == '%')
            nxc__buffer_printf(out, "%%%02X", (unsigned)c);
        else
            nxc__buffer_append_char(out, c);
    }
}

/* A text with its {names} replaced. */
static void append_filled(scenario *s, nxc_str text, bool is_query,
                          nxc__buffer *out) {
    for (size_t i = 0; i < text.len;) {
        size_t open = nxc__str_find(text, '{', i);
        size_t end = nxc__str_find(text, '}', open);
        nxc__buffer_append_str(out, nxc__str_slice(text, i, open));
        nxc_str value = NXC_STR("");
        if (end < text.len)
            value = value_of(s, nxc__str_slice(text, open + 1, end));
        if (is_query)
            append_encoded(value, out);
        else
            nxc__buffer_append_str(out, value);
        i = end < text.len ? end + 1 : text.len;
    }
}

/* A path template with its parameters replaced. */
static void append_path(scenario *s, nxc_str path, nxc__buffer *out) {
    nxc_str before = {NULL, 0};
    bool is_fresh = false; /* the segment before is no parameter */
    for (size_t at = 0; at < path.len;) {
        size_t end = nxc__str_find(path, '/', at);
        nxc_str segment = nxc__str_slice(path, at, end);
        size_t open = nxc__str_find(segment, '{', 0);
        size_t close = nxc__str_find(segment, '}', open);
        if (close < segment.len) {
            nxc_str name = nxc__str_slice(segment, open + 1, close);
            nxc__buffer_append_str(out, nxc__str_slice(segment, 0, open));
            nxc__buffer_append_str(out, value_of(s, is_fresh ? before : name));
            segment = nxc__str_slice(segment, close + 1, segment.len);
            is_fresh = false;
        } else if (segment.len) {
            before = segment;
            is_fresh = true;
        }
        nxc__buffer_append_str(out, segment);
        if (end < path.len) nxc__buffer_append_char(out, '/');
        at = end + 1;
    }
}

/* ------------------------------------------------------------------- steps */

static nxc_operation operation_of(const scenario *s, uint32_t i) {
    nxc_operation op;
    memset(&op, 0, sizeof op);
    (void)nxc_catalog_get_operation(s->catalog, i, &op); /* i was found */
    return op;
}

/* Whether a line is an id but for the names of parameters. */
static bool is_line_of(nxc_str line, nxc_str id) {
    size_t i = 0, k = 0;
    while (i < line.len && k < id.len && line.ptr[i] == id.ptr[k]) {
        if (id.ptr[k] == '{') {
            k = nxc__str_find(id, '}', k);
            i = nxc__str_find(line, '}', i);
        }
        i++;
        k++;
    }
    return i == line.len && k == id.len;
}

static nxc_status find_step(const scenario *s, nxc_str line, step *out,
                            nxc_error *err) {
    size_t query = nxc__str_find(line, '?', 0);
    out->line = nxc__str_slice(line, 0, query);
    out->query = query < line.len ? nxc__str_slice(line, query + 1, line.len)
                                  : (nxc_str){NULL, 0};
    out->operation = nxc_catalog_find(s->catalog, out->line);
    if (out->operation != NXC_NONE &&
        is_line_of(out->line, operation_of(s, out->operation).id))
        return NXC_OK;
    return nxc__error(err, NXC_ERR_NOT_FOUND,
                      "flow %s: expected an operation of %s, got %.*s",
                      s->flow->name, s->flow->document, NXC_STR_ARG(out->line));
}

static nxc_status choose_steps(scenario *s, nxc_error *err) {
    size_t n = count_parts(s->flow->steps, '\n');
    for (size_t i = 0; i < n && s->n_steps < MAX_STEPS; i++) {
        nxc_str line = part_of(s->flow->steps, '\n', i);
        bool is_optional = nxc__str_starts(line, NXC_STR("?"));
        if (is_optional) line = nxc__str_slice(line, 1, line.len);
        step found;
        NXC_TRY(find_step(s, line, &found, err));
        if (is_optional && chance(s, 40)) continue;
        s->steps[s->n_steps++] = found;
    }
    s->cut = below(s, s->n_steps);
    return NXC_OK;
}

/* ----------------------------------------------------------------- history */

static void append_time(scenario *s, nxc__buffer *out) {
    char text[32];
    time_t t = (time_t)s->clock;
    struct tm tm;
    gmtime_r(&t, &tm);
    text[strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%SZ\"", &tm)] = 0;
    nxc__buffer_append_z(out, text);
}

/* People click on within seconds, think for minutes, fetch a coffee. */
static void pass_time(scenario *s) {
    size_t kind = below(s, 100);
    s->clock += (int64_t)(kind < 60   ? 2 + below(s, 18)
                          : kind < 90 ? 20 + below(s, 100)
                                      : 120 + below(s, 780));
}

/* One of these products answers every success by 200. */
static int status_of(const cli_flow *flow, nxc_method method) {
    if (strcmp(flow->document, "stripe") == 0) return 200;
    return method == NXC_METHOD_POST     ? 201
           : method == NXC_METHOD_DELETE ? 204
                                         : 200;
}

static nxc_status append_call(scenario *s, const step *call, const char *more,
                              nxc__buffer *out, nxc_error *err) {
    nxc_operation op = operation_of(s, call->operation);
    nxc__buffer text;
    nxc__buffer_init(&text, &nxc__allocator_default, 65536);
    nxc_str method = nxc__str_slice(op.id, 0, nxc__str_find(op.id, ' ', 0) + 1);
    nxc__buffer_append_str(&text, method);
    append_path(s, op.path, &text);
    nxc_status st = nxc__buffer_status(&text, "call", err);
    if (st == NXC_OK &&
        nxc_catalog_find(s->catalog, nxc__buffer_str(&text)) != call->operation)
        st = nxc__error(err, NXC_ERR_INTERNAL,
                        "flow %s: expected %.*s to lead to %.*s, got another",
                        s->flow->name, NXC_STR_ARG(nxc__buffer_str(&text)),
                        NXC_STR_ARG(op.id));
    if (st == NXC_OK) {
        if (call->query.len || *more) nxc__buffer_append_char(&text, '?');
        append_filled(s, call->query, true, &text);
        if (call->query.len && *more) nxc__buffer_append_char(&text, '&');
        nxc__buffer_append_z(&text, more);
        nxc__buffer_append_z(out, "{\"call\":");
        nxc__buffer_append_json(out, nxc__buffer_str(&text));
        nxc__buffer_append_z(out, ",\"timestamp\":");
        append_time(s, out);
        nxc__buffer_printf(out, ",\"response_status\":%d}",
                           status_of(s->flow, op.method));
    }
    nxc__buffer_release(&text);
    pass_time(s);
    return st;
}

/* The first look of another flow of the same product, if there is one. */
static bool find_detour(scenario *s, const cli_scenario_set *set, step *out) {
    const cli_flow *f = &set->flows[below(s, set->n_flows)];
    if (f == s->flow || strcmp(f->document, s->flow->document) != 0)
        return false;
    nxc_str line = part_of(f->steps, '\n', 0);
    if (nxc__str_starts(line, NXC_STR("?")))
        line = nxc__str_slice(line, 1, line.len);
    return nxc__str_starts(line, NXC_STR("GET ")) &&
           find_step(s, line, out, NULL) == NXC_OK;
}

static nxc_status append_history(scenario *s, const cli_scenario_set *set,
                                 nxc__buffer *out, nxc_error *err) {
    for (size_t i = 0; i < s->cut; i++) {
        step detour;
        if (i) nxc__buffer_append_char(out, ',');
        if (i && chance(s, 12) && find_detour(s, set, &detour)) {
            NXC_TRY(append_call(s, &detour, "", out, err));
            nxc__buffer_append_char(out, ',');
        }
        NXC_TRY(append_call(s, &s->steps[i], "", out, err));
        nxc_operation op = operation_of(s, s->steps[i].operation);
        if (op.method == NXC_METHOD_GET &&
            !nxc__str_ends(op.path, NXC_STR("}")) && chance(s, 8)) {
            nxc__buffer_append_char(out, ',');
            NXC_TRY(append_call(s, &s->steps[i], "page=2", out, err));
        }
    }
    return NXC_OK;
}

/* ------------------------------------------------------------------ prompt */

static void append_prompt(scenario *s, nxc__buffer *out) {
    static const char before[] =
        "||||please |could you |can you |I want to |I need to |we have to |"
        "help me to |next: |now |hi, quick one: ";
    static const char after[] =
        "||||| please|, thanks| today| before noon| as soon as you can|. It is "
        "urgent.| and tell me when it is done|. The customer is waiting.";
    nxc_str text = draw_part(s, s->flow->prompts);
    bool is_plain = text.len && text.ptr[0] >= 'a' && text.ptr[0] <= 'z';
    nxc__buffer prompt;
    nxc__buffer_init(&prompt, &nxc__allocator_default, 65536);
    if (is_plain) nxc__buffer_append_str(&prompt, draw_part(s, before));
    append_filled(s, text, false, &prompt);
    if (is_plain) nxc__buffer_append_str(&prompt, draw_part(s, after));
    nxc__buffer_append_json(out, nxc__buffer_str(&prompt));
    nxc__buffer_release(&prompt);
}

/* -------------------------------------------------------------- candidates */

static void add_candidate(scenario *s, uint32_t op) {
    if (s->n_candidates == N_CANDIDATES ||
        (operation_of(s, op).flags & NXC_OP_WEBHOOK))
        return;
    for (size_t i = 0; i < s->n_candidates; i++)
        if (s->candidates[i] == op) return;
    s->candidates[s->n_candidates++] = op;
}

static void choose_candidates(scenario *s) {
    size_t n = nxc_catalog_n_operations(s->catalog);
    nxc_str resource = operation_of(s, s->steps[s->cut].operation).resource;
    add_candidate(s, s->steps[s->cut].operation);
    for (size_t i = 0; i < s->n_steps; i++)
        add_candidate(s, s->steps[i].operation);
    size_t start = below(s, n), want = s->n_candidates + MAX_RELATED;
    for (size_t i = 0; i < n && s->n_candidates < want; i++) {
        uint32_t op = (uint32_t)((start + i) % n);
        if (nxc__str_eq(operation_of(s, op).resource, resource))
            add_candidate(s, op);
    }
    for (size_t i = 0; i < 50 * (size_t)N_CANDIDATES; i++)
        add_candidate(s, (uint32_t)below(s, n));
    for (size_t i = s->n_candidates; i > 1; i--) {
        size_t k = below(s, i);
        uint32_t op = s->candidates[i - 1];
        s->candidates[i - 1] = s->candidates[k];
        s->candidates[k] = op;
    }
}

static const char *pattern_of(const scenario *s) {
    static const char *const patterns[] = {
        [CLI_FLOW_BROWSE] = "none",
        [CLI_FLOW_CREATE] = "cold_start_create",
        [CLI_FLOW_EDIT] = "browse_edit_save",
        [CLI_FLOW_CONFIRM] = "browse_confirm_save"};
    if (s->cut) return patterns[s->flow->kind];
    return s->flow->kind == CLI_FLOW_CREATE ? "cold_start_create"
                                            : "cold_start_browse";
}

static nxc_status append_scenario(scenario *s, const cli_scenario_set *set,
                                  nxc__buffer *out, nxc_error *err) {
    NXC_TRY(choose_steps(s, err));
    nxc__buffer_append_z(out, ",\"prompt\":");
    append_prompt(s, out);
    nxc__buffer_append_z(out, ",\"session_start\":");
    append_time(s, out);
    nxc__buffer_append_z(out, ",\"history\":[");
    pass_time(s);
    NXC_TRY(append_history(s, set, out, err));
    nxc__buffer_append_z(out, "],\"now\":");
    append_time(s, out);
    choose_candidates(s);
    for (size_t i = 0; i < s->n_candidates; i++) {
        nxc__buffer_append_z(out, i ? "," : ",\"candidates\":[");
        nxc__buffer_append_json(out, operation_of(s, s->candidates[i]).id);
    }
    nxc__buffer_append_z(out, "],\"next\":");
    nxc__buffer_append_json(out,
                            operation_of(s, s->steps[s->cut].operation).id);
    nxc__buffer_printf(out, ",\"pattern\":\"%s\"}", pattern_of(s));
    return nxc__buffer_status(out, "scenario", err);
}

nxc_status cli_scenario_append(const cli_scenario_set *set,
                               const cli_documents *documents, uint64_t seed,
                               size_t i, nxc__buffer *out, nxc_error *err) {
    scenario s;
    memset(&s, 0, sizeof s);
    s.flow = &set->flows[i % set->n_flows];
    for (size_t k = 0; k < documents->n; k++)
        if (strcmp(documents->names[k], s.flow->document) == 0)
            s.catalog = documents->catalogs[k];
    s.state = nxc__hash64(set->name, strlen(set->name), seed) ^
              nxc__hash64(&(uint64_t){i}, sizeof(uint64_t), seed);
    s.clock = START + (int64_t)(i * 2220 + below(&s, 2220));
    nxc__arena_init(&s.arena, &nxc__allocator_default, (size_t)1 << 20);
    nxc__buffer_printf(out,
                       "{\"id\":\"%s-%llu-%zu\",\"set\":\"%s\",\"flow\":\"%s\","
                       "\"catalog\":\"%s\"",
                       set->name, (unsigned long long)seed, i + 1, set->name,
                       s.flow->name, s.flow->document);
    nxc_status st = append_scenario(&s, set, out, err);
    nxc__arena_release(&s.arena);
    return st;
}
