/* The formats of logs: one row each, told by name or by the first bytes. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "learning/learner.h"

typedef enum log_format {
    SESSIONS,
    HAR,
    ACCESS,
    JSON_LINES,
    ARAZZO,
    N_FORMATS
} log_format;

static const struct {
    const char *name;
    nxc__log_reader read;
} formats[N_FORMATS] = {[SESSIONS] = {"sessions", nxc__read_sessions},
                        [HAR] = {"har", nxc__read_har},
                        [ACCESS] = {"access", nxc__read_access},
                        [JSON_LINES] = {"json", nxc__read_json_log},
                        [ARAZZO] = {"arazzo", nxc__read_arazzo}};

static bool contains(nxc_str s, nxc_str part) {
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (memcmp(s.ptr + i, part.ptr, part.len) == 0) return true;
    return false;
}

/* Of an object that the first line is the whole of. */
static log_format of_object(const nxc__json *line) {
    static const char *const members[] = {"calls", "history", "scenario_id",
                                          "prompts"};
    if (NXC_JSON_GET(line, "arazzo")) return ARAZZO;
    if (nxc__json_is(NXC_JSON_GET(line, "log"), NXC_JSON_OBJECT)) return HAR;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (nxc__json_get(line, nxc__str(members[i]))) return SESSIONS;
    return JSON_LINES;
}

static log_format detect(nxc_str head, const nxc_allocator *alloc) {
    size_t end = nxc__str_find(head, '\n', 0);
    nxc_str line = nxc__str_trim(nxc__str_slice(head, 0, end));
    nxc__json_doc *doc;
    nxc_str text = nxc__str_trim(head);
    if (text.len == 0) return ACCESS;
    if (text.ptr[0] == '[' && text.len > 1 &&
        (text.ptr[1] == '"' || text.ptr[1] == '{' || text.ptr[1] == ']'))
        return SESSIONS;
    if (text.ptr[0] == '{') {
        if (nxc__json_parse((nxc_str){"", 0}, line, NULL, alloc, &doc, NULL) ==
            NXC_OK) {
            log_format f = of_object(nxc__json_root(doc));
            nxc__json_free(doc);
            return f;
        }
        if (contains(head, NXC_STR("\"arazzo\""))) return ARAZZO;
        return contains(head, NXC_STR("\"log\"")) ? HAR : JSON_LINES;
    }
    if (nxc__str_starts(text, NXC_STR("arazzo:")) ||
        contains(head, NXC_STR("\narazzo:")))
        return ARAZZO;
    return ACCESS;
}

nxc_status nxc__log_read(nxc__learner *l, nxc__log_source *source,
                         nxc_error *err) {
    const nxc__learn_setup *s = nxc__learner_setup(l);
    nxc_str name = nxc__str(s->options->format), head;
    log_format f = ACCESS;
    NXC_TRY(nxc__log_peek(source, &head, err));
    if (name.len == 0 || nxc__str_eq(name, NXC_STR("auto"))) {
        f = detect(head, s->alloc);
    } else {
        for (f = SESSIONS; f < N_FORMATS; f++)
            if (nxc__str_eq(name, nxc__str(formats[f].name))) break;
        if (f == N_FORMATS)
            return nxc__error(err, NXC_ERR_INVALID,
                              "format: expected auto, sessions, har, access, "
                              "json or arazzo, got \"%.*s\"",
                              NXC_STR_ARG(name));
    }
    s->report->format = formats[f].name;
    return formats[f].read(l, source, err);
}
