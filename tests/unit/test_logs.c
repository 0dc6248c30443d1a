/* Logs of each format to sessions, what is wrong with them, and that learning
 * in parts, twice or in another order gives the same. */
#include <math.h>

#include "support/learning_test.h"

/* Operations: 0 GET /v1/customers, 1 GET /v1/customers/{customer}, 2 POST
 * /v1/customers/{customer}/orders, 3 PUT /v1/invoices/{invoice}, 4 DELETE of
 * it, 5 PATCH /v1/customers/{customer}, 6 HEAD /v1/files, 7 search_books. */
#define T0 "[24/Nov/2026:10:00:00 +0000]"
#define T1 "[24/Nov/2026:10:00:07 +0000]"
#define T2 "[24/Nov/2026:10:20:07 +0000]"
#define T3 "[24/Nov/2026:11:00:00 +0000]"
#define LINE(host, time, request, status) \
    host " - bob " time " \"" request "\" " status " 12\n"
#define COMBINED(host, time, request, agent) \
    host " - - " time " \"" request "\" 200 12 \"-\" \"" agent "\"\n"
#define LIST "GET /v1/customers?limit=3 HTTP/1.1"
#define SHOW "GET /v1/customers/cus_1 HTTP/1.1"
#define ORDER "POST /v1/customers/cus_1/orders HTTP/2.0"

typedef struct log_case {
    const char *name, *format, *session_by, *text;
    const char *sessions, *findings;
    bool prompts;
} log_case;

static const log_case cases[] = {
    {"empty", "access", NULL, "", "", "", false},
    {"blank lines and comments", "access", NULL, "\n#x\n \r\n", "", "", false},
    {"common", "access", NULL,
     LINE("1.2.3.4", T0, LIST, "200") LINE("1.2.3.4", T1, SHOW, "200"),
     "0 1+7000", "", false},
    {"no end of the last line", "access", NULL,
     "1.2.3.4 - - " T0 " \"" LIST "\" 200 12", "0", "", false},
    {"two users", "access", NULL,
     LINE("1.2.3.4", T0, LIST, "200") LINE("1.2.3.5", T1, SHOW, "200"), "0 / 1",
     "", false},
    {"one user by name", "access", "user",
     LINE("1.2.3.4", T0, LIST, "200") LINE("1.2.3.5", T1, SHOW, "200"),
     "0 1+7000", "", false},
    {"by address and agent", "access", "remote_addr, user_agent",
     COMBINED("1.2.3.4", T0, LIST, "a") COMBINED("1.2.3.4", T1, SHOW, "b")
         COMBINED("1.2.3.4", T1, ORDER, "a"),
     "0 2+7000 / 1", "", false},
    {"by a field that is empty", "access", "user",
     COMBINED("1.2.3.4", T0, LIST, "a"), "", "no_session=1", false},
    {"a gap", "access", NULL,
     LINE("1.2.3.4", T0, LIST, "200") LINE("1.2.3.4", T2, SHOW, "200")
         LINE("1.2.3.4", T3, ORDER, "201"),
     "0 1+1207000 / 2", "", false},
    {"out of order", "access", NULL,
     LINE("1.2.3.4", T1, SHOW, "200") LINE("1.2.3.4", T0, LIST, "200"),
     "0 1+7000", "", false},
    {"the clock goes back", "access", NULL,
     LINE("1.2.3.4", T3, LIST, "200") LINE("1.2.3.4", T0, SHOW, "200"), "0 / 1",
     "clock=1", false},
    {"what is no call", "access", NULL,
     LINE("1.2.3.4", T0, "GET /logo.png HTTP/1.1", "200")
         LINE("1.2.3.4", T0, "GET /nothing HTTP/1.1", "200")
             LINE("1.2.3.4", T0, LIST, "404") LINE("1.2.3.4", T1, SHOW, "302"),
     "1", "unknown_operation=1 static=1 failed=1", false},
    {"malformed", "access", NULL,
     "x\n1.2.3.4 - - 24/Nov \"GET / HTTP/1.1\" 200 1\n"
     "1.2.3.4 - - [24/Nov/2026] \"GET /v1/customers HTTP/1.1\" 200 1\n"
     "1.2.3.4 - - " T0 " \"-\" 408 0\n"
     "1.2.3.4 - - " T0
     " \"GET /v1/customers HTTP/1.1\n" LINE("1.2.3.4", T0, LIST, "200"),
     "0", "malformed=4 no_time=1", false},
    {"escaped quotes and spaces", "access", NULL,
     "1.2.3.4 - - " T0
     " \"GET /v1/customers/a\\\"b c HTTP/1.1\" 200 1 \"x \\\" "
     "y\" \"z\"\n",
     "1", "", false},
    {"a virtual host", "access", NULL,
     "api.example:443 1.2.3.4 - bob " T0 " \"" LIST "\" 200 1\n", "0", "",
     false},
    {"a whole url", "access", NULL,
     "1.2.3.4 - - " T0 " \"GET http://api.example/v1/customers HTTP/1.1\" 200 "
     "1\n",
     "0", "", false},
    {"malformed UTF-8", "access", NULL,
     LINE("1.2.3.4", T0, "GET /v1/customers/\xff\xfe HTTP/1.1", "200"), "1",
     "encoding=1", false},
    {"a NUL", "json", NULL, "{\"a\":1}\n{\"\\u0000\":2}", "", "malformed=2",
     false},
    {"json: nginx", "json", NULL,
     "{\"time_iso8601\":\"2026-11-24T10:00:00+00:00\",\"remote_addr\":\"1.2.3."
     "4\",\"request_method\":\"GET\",\"request_uri\":\"/v1/customers\","
     "\"status\":200}\n"
     "{\"time_local\":\"24/Nov/2026:10:00:07 +0000\",\"remote_addr\":\"1.2.3."
     "4\",\"request\":\"GET /v1/customers/1 HTTP/1.1\",\"status\":\"200\"}\n",
     "0 1+7000", "", false},
    {"json: nested", "json", NULL,
     "{\"ts\":1790000000.5,\"request\":{\"remote_ip\":\"::1\",\"method\":"
     "\"GET\",\"host\":\"a.b\",\"uri\":\"/v1/customers\"},\"status\":200}\n"
     "{\"ts\":1790000001.75,\"request\":{\"remote_ip\":\"::1\",\"method\":"
     "\"PATCH\",\"host\":\"a.b\",\"uri\":\"/v1/customers/7\"},\"status\":200}",
     "0 5+1250", "", false},
    {"json: a field with dots", "json", "ctx.session",
     "{\"time\":1790000000,\"method\":\"GET\",\"path\":\"/v1/customers\","
     "\"ctx\":{\"session\":7}}\n"
     "{\"time\":1790000002000,\"method\":\"GET\",\"path\":\"/v1/customers/"
     "1\",\"ctx\":{\"session\":7}}\n"
     "{\"time\":1790000002,\"method\":\"GET\",\"path\":\"/v1/customers/1\"}\n",
     "0 1+2000", "no_session=1", false},
    {"json: no time, no call, no object", "json", NULL,
     "{\"method\":\"GET\",\"path\":\"/v1/customers\",\"ip\":\"1\"}\n"
     "{\"time\":1,\"ip\":\"1\"}\n[1]\n{\"time\":1,\n",
     "", "malformed=3 no_time=1", false},
    {"sessions", "sessions", NULL,
     "{\"session\":\"a\",\"prompt\":\"list\",\"calls\":[\"listCustomers\","
     "\"GET /v1/customers/7\"]}\n"
     "{\"session\":\"b\",\"history\":[{\"call\":\"search_books\",\"timestamp\":"
     "1790000000},{\"call\":\"listCustomers\",\"timestamp\":1790000001}]}\n"
     "[\"search_books\",\"search_books\"]\n",
     "0 1 / 7 0+1000 / 7 7", "", false},
    {"prompts", "sessions", NULL,
     "{\"session\":\"a\",\"prompt\":\"list\",\"calls\":[\"listCustomers\","
     "\"getCustomer\"]}\n"
     "{\"session\":\"b\",\"prompt\":\"x\",\"prompts\":[\"find\",\"find\","
     "\"find "
     "and buy\"],\"calls\":[\"search_books\",\"nothing\",\"listCustomers\"]}\n",
     "0 'list|list' 1 / 7 'find|find' 0 'find and buy|and buy'",
     "unknown_operation=1", true},
    {"the label of a scenario", "sessions", NULL,
     "{\"id\":\"a\",\"history\":[\"listCustomers\"],\"next\":\"getCustomer\"}",
     "0 1", "", false},
    {"one session twice", "sessions", NULL,
     "{\"session\":\"a\",\"calls\":[\"listCustomers\"]}\n"
     "{\"session\":\"a\",\"calls\":[\"listCustomers\",\"getCustomer\"]}\n"
     "{\"session\":\"a\",\"calls\":[\"search_books\"]}\n"
     "[\"headFiles\"]\n[\"headFiles\"]\n",
     "0 1 / 6", "", false},
    {"sessions: bad", "sessions", NULL,
     "{\"calls\":[{\"x\":1}]}\n{\"calls\":7}\nnull\n{\n{\"calls\":[\"no\"]}\n"
     "{\"catalog\":\"other\",\"calls\":[\"listCustomers\"]}\n"
     "{\"calls\":[{\"call\":\"listCustomers\",\"response_status\":500}]}\n",
     "", "malformed=4 unknown_operation=1 unknown_catalog=1 failed=1 empty=2",
     false},
    {"har by page", "har", NULL,
     "{\"log\":{\"pages\":[{\"id\":\"p1\",\"startedDateTime\":\"2026-11-24T10:"
     "00:00Z\"},{\"id\":\"p2\"}],\"entries\":["
     "{\"pageref\":\"p1\",\"startedDateTime\":\"2026-11-24T10:00:02.5Z\","
     "\"request\":{\"method\":\"GET\",\"url\":\"https://a.b/v1/customers/"
     "1?x=y\"},\"response\":{\"status\":200}},"
     "{\"pageref\":\"p1\",\"startedDateTime\":\"2026-11-24T10:00:01Z\","
     "\"request\":{\"method\":\"GET\",\"url\":\"https://a.b/v1/customers\"}},"
     "{\"pageref\":\"p2\",\"startedDateTime\":\"2026-11-24T10:00:03Z\","
     "\"request\":{\"method\":\"POST\",\"url\":\"https://a.b/v1/customers/1/"
     "orders\"}},"
     "{\"startedDateTime\":\"2026-11-24T10:00:04Z\",\"request\":{\"method\":"
     "\"GET\",\"url\":\"https://a.b/v1/customers\"}}]}}",
     "0 / 0 1+1500 / 2", "", false},
    {"har by gap", "har", "gap",
     "{\"log\":{\"pages\":[{\"id\":\"p1\"},{\"id\":\"p2\"}],\"entries\":["
     "{\"pageref\":\"p1\",\"startedDateTime\":\"2026-11-24T10:00:01Z\","
     "\"request\":{\"method\":\"GET\",\"url\":\"https://a.b/v1/customers\"}},"
     "{\"pageref\":\"p2\",\"startedDateTime\":\"2026-11-24T10:00:03Z\","
     "\"request\":{\"method\":\"POST\",\"url\":\"https://a.b/v1/customers/1/"
     "orders\"}}]}}",
     "0 2+2000", "", false},
    {"har: what is no call", "har", NULL,
     "{\"log\":{\"entries\":["
     "{\"startedDateTime\":\"2026-11-24T10:00:01Z\",\"_resourceType\":"
     "\"image\",\"request\":{\"method\":\"GET\",\"url\":\"https://a.b/v1/"
     "customers\"}},"
     "{\"startedDateTime\":\"2026-11-24T10:00:01Z\",\"response\":{\"content\":{"
     "\"mimeType\":\"text/css; charset=x\"}},\"request\":{\"method\":\"GET\","
     "\"url\":\"https://a.b/v1/customers\"}},"
     "{\"startedDateTime\":\"x\",\"request\":{\"method\":\"GET\",\"url\":"
     "\"https://a.b/v1/customers\"}},"
     "{\"request\":{}},7]}}",
     "", "malformed=2 no_time=1 static=2", false},
    {"har: no document", "har", NULL, "{\"log\":", "", "malformed=1", false},
    {"har: no entries", "har", NULL, "{\"log\":{}}", "", "malformed=1", false},
    {"arazzo", "arazzo", NULL,
     "arazzo: 1.0.0\n"
     "info: {title: Shop}\n"
     "workflows:\n"
     "  - workflowId: buy\n"
     "    description: Buy a thing\n"
     "    steps:\n"
     "      - operationId: listCustomers\n"
     "      - operationId: $sourceDescriptions.shop.getCustomer\n"
     "      - operationPath: '{$sourceDescriptions.shop.url}#/paths/"
     "~1v1~1customers~1{customer}~1orders/post'\n"
     "      - workflowId: end\n"
     "  - workflowId: end\n"
     "    summary: End it\n"
     "    steps: [{operationId: deleteInvoice}, {operationId: nothing}, {}]\n",
     "0 'Buy a thing|Buy a thing' 1 2 4 / 4 'End it|End it'",
     "malformed=2 unknown_operation=2", false},
    {"arazzo: json, a circle", "arazzo", NULL,
     "{\"arazzo\":\"1.0.1\",\"workflows\":[{\"workflowId\":\"a\",\"steps\":[{"
     "\"operationId\":\"headFiles\"},{\"workflowId\":\"a\"}]},{\"steps\":[]}]}",
     "6 6 6 6 6 6 6 6 6", "unknown_operation=1 empty=1", false},
    {"arazzo: bad", "arazzo", NULL, "arazzo: [", "", "malformed=1", false},
    {"arazzo: none", "arazzo", NULL, "arazzo: 1", "", "malformed=1", false},
};

/* A name that differs tells which case failed. */
static void check_case(const log_case *c, const char *format, nxc_str text) {
    static char got[8192];
    static nxc_learn_report r;
    char findings[400];
    char *folder = store_folder();
    nxc_engine *e = learning_engine(folder);
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    r = (nxc_learn_report)NXC_LEARN_REPORT_INIT;
    o.format = format;
    o.session_by = c->session_by;
    o.keep_prompts = c->prompts;
    learn_text(e, text, &o, &r);
    dump_text(e, got, sizeof got);
    findings_text(&r, findings, sizeof findings);
    if (strcmp(got, c->sessions) != 0)
        fail_msg("%s: expected %s, got %s", c->name, c->sessions, got);
    if (strcmp(findings, c->findings) != 0)
        fail_msg("%s: expected %s, got %s", c->name, c->findings, findings);
    nxc_engine_close(e);
    store_remove_folder(folder);
}

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i], cases[i].format, nxc__str(cases[i].text));
}

/* The format is told by the text: those that say enough. */
static void test_detection(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const log_case *c = &cases[i];
        if (strstr(c->name, "bad") || strstr(c->name, "no ") ||
            strstr(c->name, "NUL"))
            continue;
        check_case(c, "auto", nxc__str(c->text));
    }
}

/* ---------------------------------------------------------------- bytes */

static void test_gzip(void **state) {
    static char packed[8192], twice[16384];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nxc_str z = gzip_text(nxc__str(cases[i].text), packed, sizeof packed);
        check_case(&cases[i], cases[i].format, z);
    }
    /* members one after the other, and padding */
    log_case c = cases[2];
    nxc_str text = nxc__str(c.text);
    size_t half = nxc__str_find(text, '\n', 0) + 1;
    nxc_str a = gzip_text(nxc__str_slice(text, 0, half), twice, sizeof twice);
    nxc_str b =
        gzip_text(nxc__str_slice(text, half, text.len), packed, sizeof packed);
    memcpy(twice + a.len, b.ptr, b.len);
    memset(twice + a.len + b.len, 0, 8);
    check_case(&c, "auto", (nxc_str){twice, a.len + b.len + 8});
    twice[a.len + b.len] = 'x';
    c.findings = "gzip=1";
    check_case(&c, "auto", (nxc_str){twice, a.len + b.len + 8});
}

/* Cut anywhere, flipped anywhere: noted, never a failure. */
static void test_damaged_gzip(void **state) {
    static char packed[8192];
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    nxc_error err;
    char *folder = store_folder();
    nxc_engine *e = learning_engine(folder);
    (void)state;
    o.dry_run = true;
    nxc_str z = gzip_text(nxc__str(cases[2].text), packed, sizeof packed);
    for (size_t n = 2; n < z.len; n++) {
        nxc_learn_report r = NXC_LEARN_REPORT_INIT;
        char *exact = nxc__alloc(&nxc__allocator_default, n);
        memcpy(exact, z.ptr, n);
        learn_text(e, (nxc_str){exact, n}, &o, &r);
        assert_int_equal(r.findings[NXC_LEARN_GZIP].n, 1);
        nxc__free(&nxc__allocator_default, exact, n);
    }
    for (size_t i = 2; i < z.len; i++) {
        packed[i] ^= 0x10;
        assert_ok(nxc_engine_learn(e, NXC_STR("log"), z, &o, NULL, &err), err);
        packed[i] ^= 0x10;
    }
    nxc_engine_close(e);
    store_remove_folder(folder);
}

static void test_utf16(void **state) {
    static char wide[8192];
    (void)state;
    for (int big = 0; big < 2; big++) {
        log_case c = cases[2];
        nxc_str text = nxc__str(c.text);
        size_t n = 0;
        wide[n++] = big ? '\xFE' : '\xFF';
        wide[n++] = big ? '\xFF' : '\xFE';
        for (size_t i = 0; i < text.len; i++) {
            wide[n++] = big ? 0 : text.ptr[i];
            wide[n++] = big ? text.ptr[i] : 0;
        }
        c.findings = "encoding=1";
        check_case(&c, "auto", (nxc_str){wide, n});
        wide[n] = '\xD8'; /* half a unit */
        check_case(&c, "auto", (nxc_str){wide, n + 1});
    }
    log_case c = cases[2];
    char marked[1024] = "\xEF\xBB\xBF";
    memcpy(marked + 3, c.text, strlen(c.text));
    check_case(&c, "auto", (nxc_str){marked, strlen(c.text) + 3});
}

/* A line at the limit and one above; a million characters. */
static void test_long_lines(void **state) {
    size_t size = 1100000;
    char *text = nxc__alloc(&nxc__allocator_default, size);
    static const size_t lengths[] = {2000, 2001, 1000000};
    char *folder = store_folder();
    nxc_engine *e = learning_engine(folder);
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    (void)state;
    o.dry_run = true;
    for (size_t i = 0; i < 3; i++) {
        nxc_learn_report r = NXC_LEARN_REPORT_INIT;
        size_t n = lengths[i];
        memset(text, 'a', n);
        text[n++] = '\n';
        const char *good = cases[2].text;
        memcpy(text + n, good, strlen(good));
        learn_text(e, (nxc_str){text, n + strlen(good)}, &o, &r);
        assert_int_equal(r.findings[NXC_LEARN_TOO_LONG].n, i > 0);
        assert_int_equal(r.findings[NXC_LEARN_MALFORMED].n, i == 0);
        assert_int_equal(r.n_calls, 2);
        if (i)
            assert_true(strncmp(r.findings[NXC_LEARN_TOO_LONG].examples[0],
                                "log:1: aaa", 10) == 0);
    }
    nxc__free(&nxc__allocator_default, text, size);
    nxc_engine_close(e);
    store_remove_folder(folder);
}

/* ---------------------------------------------------------------- parts */

enum { N_LINES = 400, LINE_MAX_BYTES = 120 };

/* A log of a few users with gaps around the limit, in the order of its times,
 * several calls in some seconds. */
static void make_lines(char lines[N_LINES][LINE_MAX_BYTES], uint64_t seed) {
    static const char *const requests[] = {LIST, SHOW, ORDER};
    long t = 0;
    for (size_t i = 0; i < N_LINES; i++) {
        uint64_t r = nxc_random(&seed);
        t += r % 5 == 0 ? (long)(r / 8 % 3000) : (long)(r / 8 % 3);
        snprintf(lines[i], LINE_MAX_BYTES,
                 "10.0.0.%d - - [%02ld/Nov/2026:%02ld:%02ld:%02ld +0000] "
                 "\"%s\" 200 1\n",
                 (int)(r / 100000 % 4), 1 + t / 86400, t / 3600 % 24,
                 t / 60 % 60, t % 60, requests[r / 1000 % 3]);
    }
}

static void learn_lines(nxc_engine *e, char lines[N_LINES][LINE_MAX_BYTES],
                        size_t from, size_t to) {
    static char text[N_LINES * LINE_MAX_BYTES];
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        size_t len = strlen(lines[i]);
        memcpy(text + n, lines[i], len);
        n += len;
    }
    learn_text(e, (nxc_str){text, n}, &o, NULL);
}

/* Whole; in two parts; three parts in another order; parts that overlap; all of
 * it again. A cut within a second is not among them: which of two equal calls
 * of one second was meant cannot be known then. */
static void test_parts(void **state) {
    static char lines[N_LINES][LINE_MAX_BYTES], want[65536], got[65536];
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        make_lines(lines, seed);
        size_t a = 100 + seed * 10, b = 250;
        while (strncmp(lines[a - 1] + 13, lines[a] + 13, 22) == 0)
            a++;
        while (strncmp(lines[b - 1] + 13, lines[b] + 13, 22) == 0)
            b++;
        for (int way = 0; way < 5; way++) {
            char *folder = store_folder();
            nxc_engine *e = learning_engine(folder);
            if (way == 2) learn_lines(e, lines, b, N_LINES);
            if (way == 1 || way == 2) learn_lines(e, lines, 0, a);
            if (way == 2) learn_lines(e, lines, a, b);
            if (way == 1) learn_lines(e, lines, a, N_LINES);
            if (way == 3) learn_lines(e, lines, a, N_LINES);
            if (way == 3) learn_lines(e, lines, 0, b);
            if (way == 0 || way == 4) learn_lines(e, lines, 0, N_LINES);
            if (way == 4) learn_lines(e, lines, 0, N_LINES);
            dump_text(e, way ? got : want, sizeof got);
            if (way && strcmp(got, want) != 0)
                fail_msg("seed %d, way %d: expected %.300s, got %.300s",
                         (int)seed, way, want, got);
            nxc_engine_close(e);
            store_remove_folder(folder);
        }
        assert_true(strlen(want) > 400);
    }
}

/* A session without end is cut, and the cut does not depend on the parts. */
static void test_robot(void **state) {
    static char text[4000 * LINE_MAX_BYTES];
    (void)state;
    for (int way = 0; way < 2; way++) {
        nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
        nxc_learn_report r = NXC_LEARN_REPORT_INIT;
        size_t n = 0, half = 0;
        char *folder = store_folder();
        nxc_engine *e = learning_engine(folder);
        for (size_t i = 0; i < 2500; i++) {
            if (i == 1700) half = n;
            n += (size_t)snprintf(
                text + n, LINE_MAX_BYTES,
                "{\"time\":%zu,\"method\":\"GET\",\"path\":\"/v1/customers\","
                "\"ip\":\"1\"}\n",
                1790000000 + i);
        }
        if (way == 0) learn_text(e, (nxc_str){text, n}, &o, &r);
        if (way == 1) learn_text(e, (nxc_str){text, half}, &o, &r);
        if (way == 1) learn_text(e, (nxc_str){text + half, n - half}, &o, &r);
        nxc__store_reader *reader = store_reader(e->tiers.store);
        nxc__store_stats stats;
        nxc_error err;
        assert_ok(nxc__store_get_stats(reader, true, &stats, &err), err);
        assert_int_equal(stats.n_learned, 3);
        assert_int_equal(stats.n_damaged, 0);
        nxc__store_reader_free(reader);
        nxc_engine_close(e);
        store_remove_folder(folder);
    }
}

/* ---------------------------------------------------------------- forgetting
 */

static void test_forget(void **state) {
    char *folder = store_folder(), got[2000];
    nxc_engine *e = learning_engine(folder);
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    nxc_learn_report r = NXC_LEARN_REPORT_INIT;
    nxc_error err;
    (void)state;
    o.keep_prompts = true;
    learn_text(
        e,
        NXC_STR("{\"session\":\"a\",\"user\":\"u\",\"calls\":"
                "[\"listCustomers\"]}\n{\"session\":\"b\",\"user\":"
                "\"u\",\"calls\":[\"getCustomer\"]}\n{\"session\":\"c\","
                "\"prompt\":\"zebra stripes\",\"calls\":[\"headFiles\"]}\n"
                "{\"session\":\"d\",\"calls\":[\"search_books\"]}\n"),
        &o, &r);
    learn_text(e, nxc__str(cases[2].text), &o, &r);
    assert_int_equal(r.n_new, 5);
    assert_ok(nxc_engine_forget(e, NXC_STR("c"), (nxc_str){NULL, 0}, &r, &err),
              err);
    assert_int_equal(r.n_forgotten, 1);
    assert_ok(nxc_engine_forget(e, NXC_STR("nobody"), NXC_STR("a"), &r, &err),
              err);
    assert_int_equal(r.n_forgotten, 1);
    assert_ok(nxc_engine_forget(e, (nxc_str){NULL, 0}, NXC_STR("u"), &r, &err),
              err);
    assert_int_equal(r.n_forgotten, 3);
    assert_ok(
        nxc_engine_forget(e, (nxc_str){NULL, 0}, NXC_STR("1.2.3.4"), &r, &err),
        err);
    assert_int_equal(r.n_forgotten, 4);
    dump_text(e, got, sizeof got);
    assert_string_equal(got, "7");
    nxc_engine_close(e);
    /* nothing of it is in the files */
    static char bytes[1 << 20];
    FILE *f = fopen(store_path(folder), "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i + 7 < n; i++) {
        assert_memory_not_equal(bytes + i, "zebra s", 7);
        assert_memory_not_equal(bytes + i, "1.2.3.4", 7);
    }
    store_remove_folder(folder);
}

/* ---------------------------------------------------------------- merging */

static void test_merge(void **state) {
    static char lines[N_LINES][LINE_MAX_BYTES], want[65536], got[65536];
    char *all = store_folder(), *one = store_folder(), *two = store_folder();
    nxc_learn_report r = NXC_LEARN_REPORT_INIT;
    nxc_error err;
    (void)state;
    make_lines(lines, 9);
    nxc_engine *e = learning_engine(all);
    learn_lines(e, lines, 0, N_LINES);
    dump_text(e, want, sizeof want);
    nxc_engine_close(e);
    e = learning_engine(one);
    learn_lines(e, lines, 0, 200);
    nxc_engine_close(e);
    /* an empty store takes the other's secret: both go on with its keys */
    e = learning_engine(two);
    assert_ok(nxc_engine_merge_learned(e, store_path(one), &r, &err), err);
    assert_true(r.n_new > 3);
    learn_lines(e, lines, 150, N_LINES);
    dump_text(e, got, sizeof got);
    assert_string_equal(got, want);
    r.n_new = r.n_same = 0;
    assert_ok(nxc_engine_merge_learned(e, store_path(one), &r, &err), err);
    assert_int_equal(r.n_new, 0);
    dump_text(e, got, sizeof got);
    assert_string_equal(got, want);
    /* users of the other store can be forgotten by name */
    assert_ok(nxc_engine_merge_learned(e, store_path(all), &r, &err), err);
    r.n_forgotten = 0;
    for (int i = 0; i < 4; i++) {
        char user[16];
        snprintf(user, sizeof user, "10.0.0.%d", i);
        assert_ok(
            nxc_engine_forget(e, (nxc_str){NULL, 0}, nxc__str(user), &r, &err),
            err);
    }
    dump_text(e, got, sizeof got);
    assert_string_equal(got, "");
    assert_int_equal(nxc_engine_merge_learned(e, "/nowhere/store.db", &r, &err),
                     NXC_ERR_IO);
    nxc_engine_close(e);
    store_remove_folder(all);
    store_remove_folder(one);
    store_remove_folder(two);
}

/* ---------------------------------------------------------------- serving */

/* What is loaded, against a catalog that has changed. */
static void test_load(void **state) {
    char *folder = store_folder();
    nxc_engine *e = learning_engine(folder);
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    nxc_error err;
    (void)state;
    o.keep_prompts = true;
    learn_text(
        e,
        NXC_STR("{\"session\":\"a\",\"user\":\"u\",\"prompt\":\"x\","
                "\"calls\":[{\"call\":\"listCustomers\",\"ts\":1790000000}"
                ",{\"call\":\"search_books\",\"ts\":1790000001},{\"call\":"
                "\"getCustomer\",\"ts\":1790000003}]}\n"
                "[\"search_books\"]\n"),
        &o, NULL);
    nxc__catalog_builder *b;
    nxc_catalog *less;
    nxc__operation_input ops[] = {
        {.method = NXC_METHOD_GET, .path = NXC_STR("/v1/customers/{customer}")},
        {.method = NXC_METHOD_GET, .path = NXC_STR("/v1/customers")}};
    assert_ok(nxc__catalog_builder_new(NXC_STR("small"), NULL, NULL, &b, &err),
              err);
    assert_ok(nxc__catalog_builder_add(b, &ops[0], &err), err);
    assert_ok(nxc__catalog_builder_add(b, &ops[1], &err), err);
    assert_ok(nxc__catalog_builder_finish(b, "test", "", &less, &err), err);
    nxc__store_reader *r = store_reader(e->tiers.store);
    nxc__learned l;
    nxc__learned_loaded loaded;
    nxc__learned_init(&l, &nxc__allocator_default);
    assert_ok(nxc__learned_load(r, NXC_STR("small"), less, &l, &loaded, &err),
              err);
    assert_int_equal(loaded.n_sessions, 1);
    assert_int_equal(loaded.n_calls, 2);
    assert_int_equal(loaded.n_gone, 2);
    assert_true(loaded.newest == 1790000003.0);
    assert_int_equal(l.n_sessions, 1);
    assert_int_equal(l.calls[0].operation, 1);
    assert_int_equal(l.calls[1].operation, 0);
    assert_true(isnan(l.calls[0].gap));
    assert_true(l.calls[1].gap == 3.0f);
    assert_int_equal(l.calls[1].prompt, 0);
    assert_int_equal(l.texts.n, 1);
    nxc__learned_release(&l);
    /* by name: of the user, else of the session; nothing of a stranger */
    static const char *const names[] = {"u", "a", "v"};
    for (size_t i = 0; i < 3; i++) {
        nxc__learned_init(&l, &nxc__allocator_default);
        assert_ok(nxc__learned_load_name(r, NXC_STR("small"), less,
                                         nxc__str(names[i]), 8, &l, &err),
                  err);
        assert_int_equal(l.n_sessions, i < 2);
        nxc__learned_release(&l);
    }
    nxc__store_reader_free(r);
    nxc_catalog_free(less);
    nxc_engine_close(e);
    store_remove_folder(folder);
}

/* A ranking of the one candidate listCustomers, by an engine that was opened
 * anew: its share of learned calls, and of the user's earlier ones. */
static void rank_again(const char *folder, const char *option,
                       const char *value, nxc_str user, float *w_pop,
                       float *prior_op) {
    nxc_config *cfg;
    nxc_engine *e;
    nxc_ctx *ctx;
    nxc_error err;
    nxc_ranking out;
    nxc_request request = NXC_REQUEST_INIT;
    nxc_str candidate = NXC_STR("listCustomers");
    nxc_feature_info info;
    assert_ok(nxc_config_new(NULL, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "store", folder, &err), err);
    assert_ok(nxc_config_set(cfg, option, value, &err), err);
    assert_ok(nxc_engine_open(cfg, NULL, &e, &err), err);
    nxc_config_free(cfg);
    assert_ok(nxc_engine_set_features(e, "v2", &err), err);
    assert_ok(
        nxc_engine_add_catalog(e, NXC_STR("small"), small_catalog(), &err),
        err);
    assert_ok(nxc_ctx_new(e, &ctx, &err), err);
    request.candidates = &candidate;
    request.n_candidates = 1;
    request.previous_of = user;
    assert_ok(nxc_rank(ctx, &request, &out, &err), err);
    for (size_t i = 0; nxc_feature_describe("v2", i, &info); i++) {
        if (strcmp(info.name, "w_pop") == 0) *w_pop = out.items[0].features[i];
        if (strcmp(info.name, "prior_op") == 0)
            *prior_op = out.items[0].features[i];
    }
    nxc_ctx_free(ctx);
    nxc_engine_close(e);
}

static void test_serving(void **state) {
    char *folder = store_folder();
    nxc_engine *e = learning_engine(folder);
    float pop, prior;
    (void)state;
    rank_again(folder, "use_learned", "true", NXC_STR("1.2.3.4"), &pop, &prior);
    assert_true(isnan(pop) && isnan(prior));
    learn_text(e, nxc__str(cases[2].text), NULL, NULL); /* a day later: SHOW */
    learn_text(
        e,
        NXC_STR(LINE("1.2.3.5", "[25/Nov/2026:10:00:07 +0000]", SHOW, "200")),
        NULL, NULL);
    nxc_engine_close(e);
    rank_again(folder, "use_learned", "true", NXC_STR("1.2.3.4"), &pop, &prior);
    assert_true(fabsf(pop - 1 / 3.0f) < 1e-6f && prior == .5f);
    rank_again(folder, "use_learned", "true", NXC_STR("1.2.3.5"), &pop, &prior);
    assert_true(prior == 0);
    rank_again(folder, "use_learned", "true", NXC_STR("1.2.3.6"), &pop, &prior);
    assert_true(isnan(prior));
    rank_again(folder, "use_learned", "false", NXC_STR("1.2.3.4"), &pop,
               &prior);
    assert_true(isnan(pop) && prior == .5f);
    /* the older session counts half */
    rank_again(folder, "learned_half_life_days", "1", NXC_STR(""), &pop,
               &prior);
    assert_true(fabsf(pop - .25f) < 1e-5f && isnan(prior));
    store_remove_folder(folder);
}

/* ---------------------------------------------------------------- arguments */

static void test_arguments(void **state) {
    char *folder = store_folder();
    nxc_engine *e = learning_engine(folder), *bare;
    nxc_error err;
    (void)state;
    nxc_str text = nxc__str(cases[2].text);
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    o.format = "xml";
    assert_int_equal(nxc_engine_learn(e, NXC_STR("x"), text, &o, NULL, &err),
                     NXC_ERR_INVALID);
    o.format = NULL;
    o.session_by = "colour";
    assert_int_equal(nxc_engine_learn(e, NXC_STR("x"), text, &o, NULL, &err),
                     NXC_ERR_INVALID);
    o.session_by = NULL;
    o.gap_seconds = 0;
    assert_int_equal(nxc_engine_learn(e, NXC_STR("x"), text, &o, NULL, &err),
                     NXC_ERR_INVALID);
    o.gap_seconds = 60;
    o.catalog = NXC_STR("other");
    assert_int_equal(nxc_engine_learn(e, NXC_STR("x"), text, &o, NULL, &err),
                     NXC_ERR_NOT_FOUND);
    o.catalog = NXC_STR("small");
    o.size = 8;
    assert_int_equal(nxc_engine_learn(e, NXC_STR("x"), text, &o, NULL, &err),
                     NXC_ERR_INVALID);
    o.size = sizeof o;
    assert_int_equal(nxc_engine_learn(e, NXC_STR("/nowhere/x"),
                                      (nxc_str){NULL, 0}, &o, NULL, &err),
                     NXC_ERR_IO);
    assert_ok(nxc_engine_open(NULL, NULL, &bare, &err), err);
    assert_int_equal(
        nxc_engine_learn(bare, NXC_STR("x"), text, NULL, NULL, &err),
        NXC_ERR_STATE);
    assert_non_null(strstr(err.message, "store"));
    nxc_engine_close(bare);
    nxc_engine_close(e);
    store_remove_folder(folder);
}

/* Hosts: those asked for, with or without their port; a log that does not say
 * its host passes. */
static void test_hosts(void **state) {
    char *folder = store_folder(), findings[200];
    nxc_engine *e = learning_engine(folder);
    nxc_learn_options o = NXC_LEARN_OPTIONS_INIT;
    nxc_learn_report r = NXC_LEARN_REPORT_INIT;
    nxc_str hosts[] = {NXC_STR("api.example"), NXC_STR("b.example:8080")};
    (void)state;
    o.hosts = hosts;
    o.n_hosts = 2;
    o.dry_run = true;
#define URL(url) LINE("1.2.3.4", T0, "GET " url " HTTP/1.1", "200")
    learn_text(
        e,
        NXC_STR(URL("/v1/customers") URL("http://API.example/v1/customers")
                    URL("https://me@api.example:99/v1/customers")
                        URL("http://b.example/v1/customers")
                            URL("http://b.example:8080/v1/customers")
                                URL("http://evil.example/v1/customers")),
        &o, &r);
    findings_text(&r, findings, sizeof findings);
    assert_string_equal(findings, "other_host=2");
    assert_int_equal(r.n_calls, 4);
    nxc_engine_close(e);
    store_remove_folder(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_detection),
        cmocka_unit_test(test_gzip),      cmocka_unit_test(test_damaged_gzip),
        cmocka_unit_test(test_utf16),     cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_parts),     cmocka_unit_test(test_robot),
        cmocka_unit_test(test_forget),    cmocka_unit_test(test_merge),
        cmocka_unit_test(test_load),      cmocka_unit_test(test_serving),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
