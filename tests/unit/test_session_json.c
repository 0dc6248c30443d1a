#include <math.h>
#include <stdio.h>

#include "base/config.h"
#include "session/session.h"
#include "support/nxc_test.h"

typedef struct fixture {
    nxc__arena arena;
    nxc_config *cfg;
    nxc_error err;
} fixture;

static int set_up(void **state) {
    fixture *f = test_calloc(1, sizeof *f);
    nxc__arena_init(&f->arena, &nxc__allocator_default, (size_t)64 << 20);
    assert_ok(nxc_config_new(NULL, &f->cfg, &f->err), f->err);
    *state = f;
    return 0;
}
static int tear_down(void **state) {
    fixture *f = *state;
    nxc__arena_release(&f->arena);
    nxc_config_free(f->cfg);
    test_free(f);
    return 0;
}
static void set_option(fixture *f, const char *key, const char *value) {
    assert_ok(nxc_config_set(f->cfg, key, value, &f->err), f->err);
}

/* From a block of exactly len bytes, freed before anybody looks at out. */
static nxc_status read_bytes(fixture *f, bool is_session, const char *text,
                             size_t len, nxc_request *out) {
    char *copy = test_malloc(len ? len : 1);
    memcpy(copy, text, len);
    nxc_str bytes = {copy, len};
    f->err = (nxc_error){NXC_OK, ""};
    nxc_status st = is_session
                        ? nxc__session_read(NXC_STR("s"), bytes, f->cfg,
                                            &f->arena, NULL, out, &f->err)
                        : nxc__request_read(NXC_STR("r"), bytes, f->cfg,
                                            &f->arena, NULL, out, &f->err);
    test_free(copy);
    return st;
}
static nxc_request request_of(fixture *f, const char *json) {
    nxc_request r = NXC_REQUEST_INIT;
    nxc_status st = read_bytes(f, false, json, strlen(json), &r);
    if (st != NXC_OK) fail_msg("%s: %s", json, f->err.message);
    return r;
}
static nxc_request session_of(fixture *f, const char *text) {
    nxc_request r = NXC_REQUEST_INIT;
    nxc_status st = read_bytes(f, true, text, strlen(text), &r);
    if (st != NXC_OK) fail_msg("%s: %s", text, f->err.message);
    return r;
}
static void refuses(fixture *f, bool is_session, const char *text,
                    nxc_status code, const char *message) {
    nxc_request r, before;
    memset(&r, 0x5a, sizeof r);
    before = r;
    nxc_status st = read_bytes(f, is_session, text, strlen(text), &r);
    if (st != code || st != f->err.code || !strstr(f->err.message, message))
        fail_msg("%s: expected %s with \"%s\", got %s with \"%s\"", text,
                 nxc_status_name(code), message, nxc_status_name(st),
                 f->err.message);
    assert_memory_equal(&r, &before, sizeof r); /* written only on success */
}

static const char full[] =
    "{\"id\": \"q1\", \"prompt\": \"refund \\u00e9\", \"history\": [\n"
    "  \"GET /v1/customers/cus_1\",\n"
    "  {\"call\": \"listCharges\", \"ts\": 1795512600},\n"
    "  {\"method\": \"get\", \"path\": \"/v1/charges/ch_1\",\n"
    "   \"timestamp\": \"2026-11-24T15:00:00+05:30\", \"note\": [1]}],\n"
    " \"session_start\": 1795512000, \"now\": \"2026-11-24T09:31:00Z\",\n"
    " \"catalog\": \"stripe\", \"top\": 5,\n"
    " \"candidates\": [\"POST /v1/refunds\", {\"method\": \"post\", \"path\": "
    "\"/v1/charges/{charge}/refund\"}, {\"id\": \"op7\"}, {\"name\": \"n\"},\n"
    "  {\"operation\": \"PostRefunds\"}]}";

static void a_full_request_is_read(void **state) {
    nxc_request r = request_of(*state, full);
    assert_str(r.id, "q1");
    assert_str(r.prompt, "refund \xC3\xA9");
    assert_int_equal(r.n_history, 3);
    assert_str(r.history[0].call, "GET /v1/customers/cus_1");
    assert_true(isnan(r.history[0].timestamp));
    assert_str(r.history[1].call, "listCharges");
    assert_true(r.history[1].timestamp == 1795512600);
    assert_str(r.history[2].method, "get");
    assert_str(r.history[2].path, "/v1/charges/ch_1");
    assert_int_equal(r.history[2].call.len, 0);
    assert_true(r.history[2].timestamp == 1795512600);
    assert_true(r.session_start == 1795512000);
    assert_true(r.now == 1795512660);
    assert_str(r.catalog, "stripe");
    assert_int_equal(r.top, 5);
    assert_int_equal(r.n_candidates, 5);
    assert_str(r.candidates[0], "POST /v1/refunds");
    assert_str(r.candidates[1], "POST /v1/charges/{charge}/refund");
    assert_str(r.candidates[2], "op7");
    assert_str(r.candidates[3], "n");
    assert_str(r.candidates[4], "PostRefunds");
}

static void what_is_absent_or_null_is_not_given(void **state) {
    static const char *const texts[] = {
        "{}",
        "{\"id\":null,\"prompt\":null,\"history\":null,\"session_start\":null,"
        "\"now\":null,\"catalog\":null,\"candidates\":null,\"top\":null}"};
    for (size_t i = 0; i < 2; i++) {
        nxc_request r = request_of(*state, texts[i]);
        assert_int_equal(r.size, sizeof r);
        assert_int_equal(r.id.len + r.prompt.len + r.catalog.len, 0);
        assert_int_equal(r.n_history + r.n_candidates + r.top, 0);
        assert_null(r.candidates); /* all */
        assert_true(isnan(r.now) && isnan(r.session_start));
    }
    nxc_request r = request_of(*state, "{\"candidates\":[],\"id\":17}");
    assert_non_null(r.candidates); /* none */
    assert_int_equal(r.n_candidates, 0);
    assert_str(r.id, "17");
}

static void calls_come_in_many_forms(void **state) {
    static const struct {
        const char *json, *call, *method, *path, *resource;
    } cases[] = {
        {"\"GET /x\"", "GET /x", "", "", ""},
        {"\"listThings\"", "listThings", "", "", ""},
        {"{\"call\":\"GET /x\"}", "GET /x", "", "", ""},
        {"{\"operation\":\"listThings\"}", "listThings", "", "", ""},
        {"{\"name\":\"Buses.FindBus\"}", "Buses.FindBus", "", "", ""},
        {"{\"method\":\"GET\",\"path\":\"/x\"}", "", "GET", "/x", ""},
        {"{\"api_call\":\"GET /x\"}", "GET /x", "", "", ""},
        {"{\"api_call\":\"GET /x\",\"method\":\"GET\"}", "GET /x", "GET", "",
         ""},
        {"{\"api_call\":\"GET GET /x\",\"method\":\"get\"}", "GET GET /x",
         "get", "", ""},
        {"{\"api_call\":\"/x\",\"method\":\"POST\"}", "", "POST", "/x", ""},
        {"{\"endpoint\":\"POST /x\"}", "POST /x", "", "", ""},
        {"{\"endpoint\":\"/x\",\"method\":\"PUT\",\"resource\":\"things\"}", "",
         "PUT", "/x", "things"},
        {"{\"endpoint\":\"https://a.b/x\",\"method\":\"PUT\"}", "", "PUT",
         "https://a.b/x", ""},
        {"{\"path\":\"GET /x\"}", "GET /x", "", "", ""},
        {"{\"name\":\"a label\",\"method\":\"GET\",\"path\":\"/x\"}", "", "GET",
         "/x", ""},
        {"{\"id\":99,\"call\":\"GET /x\"}", "GET /x", "", "", ""},
        {"{\"call\":null,\"endpoint\":\"\",\"name\":\"n\"}", "n", "", "", ""},
        {"{\"resource\":\"users\",\"method\":\"GET\"}", "", "GET", "", "users"},
        {"{\"call\":\"a\",\"call\":\"b\"}", "b", "", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[256];
        snprintf(json, sizeof json, "{\"history\":[%s]}", cases[i].json);
        nxc_request r = request_of(*state, json);
        assert_int_equal(r.n_history, 1);
        assert_str(r.history[0].call, cases[i].call);
        assert_str(r.history[0].method, cases[i].method);
        assert_str(r.history[0].path, cases[i].path);
        assert_str(r.history[0].resource, cases[i].resource);
    }
}

static void the_seeds_own_call_is_read(void **state) {
    nxc_request r = request_of(
        *state, "{\"history\":[{\"api_call\":\"GET /users/1\",\"method\":"
                "\"GET\",\"timestamp\":\"2026-11-24T09:30:00\",\"resource\":"
                "\"users\",\"response_status\":404,\"parameters\":{}}]}");
    assert_true(r.history[0].timestamp == 1795512600);
    assert_int_equal(r.history[0].response_status, 404);
    static const char *const times[] = {"timestamp", "time", "ts"};
    for (size_t i = 0; i < 3; i++) {
        char json[128];
        snprintf(json, sizeof json,
                 "{\"history\":[{\"call\":\"x\",\"%s\":1795512600000}]}",
                 times[i]);
        r = request_of(*state, json);
        assert_true(r.history[0].timestamp == 1795512600);
    }
}

static void wrong_types_are_named_with_their_place(void **state) {
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"[]", "r:1: $: expected a request (an object), got an array"},
        {"3", "$: expected a request (an object), got 3"},
        {"{\"id\":1.5}", "$.id: expected a string or a whole number, got 1.5"},
        {"{\"id\":-1}", "$.id: expected a string or a whole number, got -1"},
        {"{\"id\":[]}", "$.id: expected a string or a whole number"},
        {"{\"prompt\":1}", "$.prompt: expected a string, got 1"},
        {"{\"prompt\":[\"x\"]}", "$.prompt: expected a string, got an array"},
        {"{\"history\":{}}", "$.history: expected an array of calls"},
        {"{\"history\":\"GET /\"}", "$.history: expected an array of calls"},
        {"{\"history\":[1]}", "$.history[0]: expected a call"},
        {"{\"history\":[null]}", "$.history[0]: expected a call"},
        {"{\"history\":[\"\"]}", "$.history[0]: expected a call"},
        {"{\"history\":[\" \"]}", "$.history[0]: expected a call"},
        {"{\"history\":[{}]}", "$.history[0]: expected a call"},
        {"{\"history\":[{\"method\":\"GET\"}]}",
         "$.history[0]: expected a call"},
        {"{\"history\":[\n\"a\",\n{\"call\":7}]}",
         "r:3: $.history[1].call: expected a string, got 7"},
        {"{\"history\":[{\"name\":{}}]}",
         "$.history[0].name: expected a string"},
        {"{\"history\":[{\"operation\":true}]}",
         "$.history[0].operation: expected a string, got a boolean"},
        {"{\"history\":[{\"api_call\":[]}]}",
         "$.history[0].api_call: expected a string"},
        {"{\"history\":[{\"endpoint\":1}]}",
         "$.history[0].endpoint: expected a string"},
        {"{\"history\":[{\"path\":1}]}",
         "$.history[0].path: expected a string"},
        {"{\"history\":[{\"path\":\"/\",\"method\":1}]}",
         "$.history[0].method: expected a string"},
        {"{\"history\":[{\"call\":\"GET /x\",\"method\":\"PUT\"}]}",
         "$.history[0].method: expected the method of \"GET /x\", got "
         "\"PUT\""},
        {"{\"history\":[{\"call\":\"x\",\"resource\":1}]}",
         "$.history[0].resource: expected a string"},
        {"{\"history\":[{\"call\":\"x\",\"response_status\":\"200\"}]}",
         "$.history[0].response_status: expected an integer from 0 to 999"},
        {"{\"history\":[{\"call\":\"x\",\"response_status\":1000}]}",
         "expected an integer from 0 to 999, got 1000"},
        {"{\"history\":[{\"call\":\"x\",\"response_status\":2.5}]}",
         "expected an integer from 0 to 999, got 2.5"},
        {"{\"history\":[{\"call\":\"x\",\"timestamp\":[]}]}",
         "$.history[0].timestamp: expected a time"},
        {"{\"history\":[{\"call\":\"x\",\"time\":true}]}",
         "$.history[0].time: expected a time"},
        {"{\"history\":[\"a\",\"b\",\"c\",{\"call\":\"x\",\"timestamp\":"
         "\"2026-13-01T00:00:00Z\"}]}",
         "r:1: $.history[3].timestamp: expected a month from 01 to 12"},
        {"{\"history\":[{\"call\":\"x\",\"ts\":1e300}]}",
         "$.history[0].ts: expected epoch seconds"},
        {"{\"session_start\":{}}", "$.session_start: expected a time"},
        {"{\"now\":\"noon\"}", "$.now: expected RFC 3339"},
        {"{\"now\":false}", "$.now: expected a time"},
        {"{\"catalog\":1}", "$.catalog: expected a string"},
        {"{\"top\":-1}", "$.top: expected an integer from 0 to"},
        {"{\"top\":1.5}", "$.top: expected an integer from 0 to"},
        {"{\"top\":\"3\"}", "$.top: expected an integer from 0 to"},
        {"{\"candidates\":\"x\"}", "$.candidates: expected an array"},
        {"{\"candidates\":[1]}", "$.candidates[0]: expected a candidate"},
        {"{\"candidates\":[\"\"]}", "$.candidates[0]: expected a key"},
        {"{\"candidates\":[\"a\",{}]}", "$.candidates[1]: expected a key"},
        {"{\"candidates\":[{\"path\":\"/x\"}]}", "a path without a method"},
        {"{\"candidates\":[{\"id\":5}]}", "$.candidates[0].id: expected a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(*state, false, cases[i].json, NXC_ERR_INVALID, cases[i].says);
}

static void unknown_and_duplicate_members_are_refused(void **state) {
    refuses(*state, false, "{\n\"promt\": \"x\"}", NXC_ERR_INVALID,
            "r:2: $.promt: expected a known member (nearest: prompt), got "
            "\"promt\"");
    refuses(*state, false, "{\"candidate\":[]}", NXC_ERR_INVALID,
            "nearest: candidates");
    refuses(*state, false, "{\"\":1}", NXC_ERR_INVALID, "expected a known");
    static const char *const members[] = {
        "id",  "prompt",  "history",    "session_start",
        "now", "catalog", "candidates", "top"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char json[96], says[64];
        snprintf(json, sizeof json, "{\"%s\":null,\"%s\":null}", members[i],
                 members[i]);
        snprintf(says, sizeof says, "$.%s: expected the member once",
                 members[i]);
        refuses(*state, false, json, NXC_ERR_INVALID, says);
    }
}

static void every_truncation_is_refused(void **state) {
    fixture *f = *state;
    nxc_request r = NXC_REQUEST_INIT;
    for (size_t n = 0; n < sizeof full - 1; n++) {
        assert_int_equal(read_bytes(f, false, full, n, &r), NXC_ERR_PARSE);
        nxc__arena_reset(&f->arena);
    }
    assert_int_equal(read_bytes(f, false, full, sizeof full - 1, &r), NXC_OK);
}

static void any_flipped_bit_gets_an_answer(void **state) {
    fixture *f = *state;
    char text[sizeof full];
    memcpy(text, full, sizeof full);
    for (size_t bit = 0; bit < (sizeof full - 1) * 8; bit++) {
        nxc_request r = NXC_REQUEST_INIT;
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        nxc_status st = read_bytes(f, false, text, sizeof full - 1, &r);
        assert_true(st == NXC_OK || st == NXC_ERR_PARSE ||
                    st == NXC_ERR_INVALID);
        assert_int_equal(st == NXC_OK, f->err.message[0] == 0);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        nxc__arena_reset(&f->arena);
    }
}

static void malformed_text_is_refused(void **state) {
    static const char *const bad[] = {
        "{\"prompt\":\"\xFF\"}",
        "{\"prompt\":\"\xC3\"}",
        "{\"prompt\":\"\xED\xA0\x80\"}",
        "{\"pr\xC0\xAFompt\":1}",
        "{\"history\":[\"GET /\x80\"]}",
        "{\"prompt\":\"\\ud800\"}",
        "{\"prompt\":\"a\nb\"}",
        "{\"now\":NaN}",
        "{\"now\":1e999}",
        "{'id':1}",
        "{\"id\":1,}",
        "{} {}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refuses(*state, false, bad[i], NXC_ERR_PARSE, "r:");
        refuses(*state, true, bad[i], NXC_ERR_PARSE, "s:");
    }
    fixture *f = *state;
    nxc_request r = NXC_REQUEST_INIT;
    static const char nul[] = "{\"prompt\":\"a\0b\"}";
    assert_int_equal(read_bytes(f, false, nul, sizeof nul - 1, &r),
                     NXC_ERR_PARSE);
    r = request_of(f, "{\"prompt\":\"a\\u0000b\"}");
    assert_int_equal(r.prompt.len, 3);
    assert_memory_equal(r.prompt.ptr, "a\0b", 3);
}

static void deep_nesting_is_refused(void **state) {
    enum { DEEP = 10000 };
    char *text = test_malloc(DEEP + 64);
    int n = snprintf(text, 64, "{\"history\":");
    memset(text + n, '[', DEEP);
    text[n + DEEP] = 0;
    refuses(*state, false, text, NXC_ERR_LIMIT, "levels of nesting");
    refuses(*state, true, text, NXC_ERR_LIMIT, "levels of nesting");
    test_free(text);
}

/* "{"history":["a","a",...]}" with n of them. */
static char *repeated(const char *head, const char *item, size_t n,
                      const char *tail) {
    size_t cap = strlen(head) + n * (strlen(item) + 1) + strlen(tail) + 1;
    char *text = test_malloc(cap);
    size_t at = (size_t)snprintf(text, cap, "%s", head);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, cap - at, "%s%s", i ? "," : "", item);
    snprintf(text + at, cap - at, "%s", tail);
    return text;
}

static void limits_hold_at_and_above(void **state) {
    fixture *f = *state;
    set_option(f, "max_history", "3");
    set_option(f, "max_candidates", "4");
    set_option(f, "max_prompt_bytes", "5");
    for (size_t over = 0; over <= 1; over++) {
        char *h = repeated("{\"history\":[", "\"a\"", 3 + over, "]}");
        char *c = repeated("{\"candidates\":[", "\"a\"", 4 + over, "]}");
        const char *p =
            over ? "{\"prompt\":\"12345\\u0021\"}" : "{\"prompt\":\"12345\"}";
        if (over) {
            refuses(f, false, h, NXC_ERR_LIMIT,
                    "r:1: $.history: expected at most 3 calls (max_history), "
                    "got 4");
            refuses(f, true, h, NXC_ERR_LIMIT, "(max_history), got 4");
            refuses(f, false, c, NXC_ERR_LIMIT,
                    "$.candidates: expected at most 4 candidates "
                    "(max_candidates), got 5");
            refuses(f, false, p, NXC_ERR_LIMIT,
                    "$.prompt: expected at most 5 bytes (max_prompt_bytes), "
                    "got 6");
            refuses(f, true, "\"a\"\n\"a\"\n\n\"a\"\n\"a\"\n", NXC_ERR_LIMIT,
                    "s:5: expected at most 3 calls (max_history)");
        } else {
            assert_int_equal(request_of(f, h).n_history, 3);
            assert_int_equal(session_of(f, h).n_history, 3);
            assert_int_equal(request_of(f, c).n_candidates, 4);
            assert_int_equal(request_of(f, p).prompt.len, 5);
            assert_int_equal(session_of(f, "\"a\"\n\"a\"\n\"a\"\n").n_history,
                             3);
        }
        test_free(h);
        test_free(c);
    }
    set_option(f, "max_request_bytes", "1024");
    char text[1026];
    memset(text, ' ', sizeof text);
    text[0] = '{';
    text[1] = '}';
    nxc_request r = NXC_REQUEST_INIT;
    assert_int_equal(read_bytes(f, false, text, 1024, &r), NXC_OK);
    text[1025] = 0;
    refuses(f, false, text, NXC_ERR_LIMIT,
            "r: expected at most 1024 bytes (max_request_bytes), got 1025");
    refuses(f, true, text, NXC_ERR_LIMIT, "(max_request_bytes)");
}

static void a_session_is_an_array_an_object_or_lines(void **state) {
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {
        {"", 0},
        {" \n\r\n", 0},
        {"[]", 0},
        {"[\"GET /a\", {\"call\":\"GET /b\"}]", 2},
        {"{\"calls\":[\"GET /a\"]}", 1},
        {"{\"history\":[\"GET /a\"],\"user\":\"u\"}", 1},
        {"{\"calls\":[]}", 0},
        {"\"GET /a\"", 1},
        {"{\"method\":\"GET\",\"path\":\"/a\"}", 1},
        {"{\n \"method\": \"GET\",\n \"path\": \"/a\"\n}\n", 1},
        {"\"GET /a\"\n\"GET /b\"", 2},
        {"{\"call\":\"GET /a\"}\n\n{\"call\":\"GET /b\"}\n", 2},
        {"{\"call\":\"GET /a\"}\r\n{\"call\":\"GET /b\"}\r\n", 2},
        {"\xEF\xBB\xBF\"GET /a\"\n\"GET /b\"\n", 2},
        {"\xEF\xBB\xBF[\"GET /a\"]", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_request r = session_of(*state, cases[i].text);
        assert_int_equal(r.n_history, cases[i].n);
    }
}

static void a_session_leaves_alone_what_it_does_not_carry(void **state) {
    fixture *f = *state;
    nxc_request r = NXC_REQUEST_INIT;
    r.prompt = NXC_STR("kept");
    r.now = 7;
    r.top = 3;
    assert_int_equal(read_bytes(f, true, "[\"a\"]", 5, &r), NXC_OK);
    assert_str(r.prompt, "kept");
    assert_true(r.now == 7 && r.top == 3 && isnan(r.session_start));
    static const char text[] = "{\"prompt\":\"p\",\"now\":1,\"session_start\":"
                               "0.5,\"calls\":[\"a\"]}";
    assert_int_equal(read_bytes(f, true, text, sizeof text - 1, &r), NXC_OK);
    assert_str(r.prompt, "p");
    assert_true(r.now == 1 && r.session_start == 0.5 && r.top == 3);
}

static void errors_of_a_session_name_their_line(void **state) {
    static const struct {
        const char *text;
        nxc_status code;
        const char *says;
    } cases[] = {
        {"\"a\"\n\"b\"\n{\"call\":\"c\",\"ts\":\"x\"}\n", NXC_ERR_INVALID,
         "s:3: $.ts: expected RFC 3339"},
        {"\"a\"\n\n\n{\"call\":5}", NXC_ERR_INVALID,
         "s:4: $.call: expected a string, got 5"},
        {"\"a\"\n{\"call\":\n", NXC_ERR_PARSE, "s:2: expected JSON"},
        {"\"a\"\n[[[[", NXC_ERR_PARSE, "s:2: expected JSON"},
        {"\"a\"\n17\n", NXC_ERR_INVALID, "s:2: $: expected a call"},
        {"{\"calls\":[\"a\"]}\n\"b\"", NXC_ERR_INVALID, "s:1: $: expected a"},
        {"{\"calls\":3}", NXC_ERR_INVALID, "s:1: $.calls: expected an array"},
        {"{\"calls\":[],\"history\":[]}", NXC_ERR_INVALID,
         "$.history: expected calls or history, got both"},
        {"{\"calls\":[],\n\"prompt\":1}", NXC_ERR_INVALID,
         "s:2: $.prompt: expected a string"},
        {"[\"a\",\n{\"call\":{}}]", NXC_ERR_INVALID,
         "s:2: $[1].call: expected a string"},
        {"true", NXC_ERR_INVALID, "s:1: $: expected a call"},
        {"{}", NXC_ERR_INVALID, "s:1: $: expected a call"},
        {"GET /a\nGET /b", NXC_ERR_PARSE, "s:1: expected JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuses(*state, true, cases[i].text, cases[i].code, cases[i].says);
    nxc_request r = NXC_REQUEST_INIT; /* err may be NULL */
    assert_int_equal(nxc__session_read(NXC_STR("s"), NXC_STR("\"a\"\n5"), NULL,
                                       &((fixture *)*state)->arena, NULL, &r,
                                       NULL),
                     NXC_ERR_INVALID);
}

static void every_truncation_of_lines_is_answered(void **state) {
    fixture *f = *state;
    static const char text[] =
        "{\"api_call\":\"GET /a\",\"ts\":1}\n{\"method\":\"PUT\",\"path\":"
        "\"/b\",\"time\":\"2026-11-24T09:30:00Z\"}\n\"listThings\"";
    for (size_t n = 0; n < sizeof text; n++) {
        nxc_request r = NXC_REQUEST_INIT;
        nxc_status st = read_bytes(f, true, text, n, &r);
        bool is_end = n == 0 || n == sizeof text - 1 || text[n] == '\n' ||
                      text[n - 1] == '\n';
        assert_int_equal(st, is_end ? NXC_OK : NXC_ERR_PARSE);
        nxc__arena_reset(&f->arena);
    }
}

/* Refuses the allocation number fail_at. */
typedef struct failing {
    size_t n, fail_at, live;
} failing;
static void *failing_realloc(void *ctx, void *ptr, size_t old, size_t size) {
    failing *a = ctx;
    if (a->n++ == a->fail_at) return NULL;
    a->live += !ptr;
    return nxc__allocator_default.realloc(NULL, ptr, old, size);
}
static void failing_free(void *ctx, void *ptr, size_t size) {
    failing *a = ctx;
    a->live--;
    nxc__allocator_default.free(NULL, ptr, size);
}
static void a_failed_allocation_is_an_error_without_a_leak(void **state) {
    fixture *f = *state;
    static const char lines[] = "\"a\"\n{\"call\":\"b\"}";
    for (int is_session = 0; is_session <= 1; is_session++) {
        nxc_status st = NXC_ERR_NOMEM;
        size_t at = 0;
        for (; st != NXC_OK; at++) {
            failing a = {0, at, 0};
            const nxc_allocator alloc = {failing_realloc, failing_free, &a};
            nxc__arena arena;
            nxc_request r = NXC_REQUEST_INIT;
            nxc__arena_init(&arena, &alloc, (size_t)1 << 20);
            st = is_session
                     ? nxc__session_read(NXC_STR("s"), nxc__str(lines), NULL,
                                         &arena, &alloc, &r, &f->err)
                     : nxc__request_read(NXC_STR("r"), nxc__str(full), NULL,
                                         &arena, &alloc, &r, &f->err);
            if (st != NXC_OK) assert_int_equal(st, NXC_ERR_NOMEM);
            nxc__arena_release(&arena);
            assert_int_equal(a.live, 0);
        }
        assert_true(at > 2);
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_full_request_is_read),
        TEST(what_is_absent_or_null_is_not_given),
        TEST(calls_come_in_many_forms),
        TEST(the_seeds_own_call_is_read),
        TEST(wrong_types_are_named_with_their_place),
        TEST(unknown_and_duplicate_members_are_refused),
        TEST(every_truncation_is_refused),
        TEST(any_flipped_bit_gets_an_answer),
        TEST(malformed_text_is_refused),
        TEST(deep_nesting_is_refused),
        TEST(limits_hold_at_and_above),
        TEST(a_session_is_an_array_an_object_or_lines),
        TEST(a_session_leaves_alone_what_it_does_not_carry),
        TEST(errors_of_a_session_name_their_line),
        TEST(every_truncation_of_lines_is_answered),
        TEST(a_failed_allocation_is_an_error_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
