#include <stdio.h>

#include "catalog/path_index.h"
#include "catalog/path_index_image.h"
#include "support/nxc_test.h"

#define GET NXC_METHOD_GET
#define POST NXC_METHOD_POST
#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct index {
    nxc__buffer image;
    nxc__path_index idx;
} index;

static void make(index *x, const nxc__path_template *t, size_t n,
                 const nxc_str *bases, size_t n_bases) {
    nxc_error err;
    nxc__buffer_init(&x->image, &nxc__allocator_default, SIZE_MAX / 2);
    assert_ok(
        nxc__path_index_write(t, n, bases, n_bases, NULL, &x->image, &err),
        err);
    assert_ok(
        nxc__path_index_open(&x->idx, x->image.data, x->image.len, n, &err),
        err);
}

/* ---------------------------------------------------------------- table */

/* "METHOD path"; the operation is the row. */
static const char *const templates[] = {
    "GET /",
    "GET /v1/customers",
    "POST /v1/customers",
    "GET /v1/customers/{customer}",
    "DELETE /v1/customers/{customer}",
    "GET /v1/customers/search",
    "GET /v1/customers/{id}/tax_ids/{tax_id}", /* 6 */
    "GET /repos/{owner}/{repo}/contents/{path}",
    "GET /repos/{owner}/{repo}/compare/{base}...{head}",
    "GET /repos/{owner}/{repo}/branches/{branch}",
    "GET /repos/{owner}/{repo}/branches/{branch}/protection", /* 10 */
    "GET /users/{id}",
    "GET /users/{id}.json",
    "GET /users/me",
    "DELETE /users/{id}",
    "GET /users/{id}/a b", /* 15 */
    "POST /v1/{name}:cancel",
    "GET /v1/{name}",
    "GET /v1/{parent}/databases",
    "GET /odata/Users('{id}')",
    "GET /odata/Users(id={id},kind={kind})", /* 20 */
    "GET /rest?method=photos.get",
    "GET /rest?method=photos.list",
    "POST /#Action=Start",
    "POST /#Action=Stop",
    "GET /files/{path*}", /* 25 */
    "GET /files/{path*}/meta",
    "GET /static/*",
    "GET /hooks/:id/runs",
    "GET /projects/{name=projects/*}/x",
    "GET /items{?page,size}", /* 30 */
    "GET /odd/{unclosed/x}y}",
    "GET /odd/{open",
    "GET /a%20b/c",
    "GET /%zz/c",
    "GET /u/{other}", /* 35 */
    "GET /u/{first}",
    "HEAD /h/{x}",
    "GET /t/{a}/x/{b}/end",
    "GET /t/s/{a}/x/end",
    "GET /w/{lat},{lon}", /* 40 */
    "GET /w/{lat},{lon};{alt}",
    "GET /w/p{lat},{lon}",
    "GET /q?id={id}",
    "GET /{a}{b}/zz",
    "GET /c/:1", /* 45: no parameter */
    "GET /c/::a",
    "GET /c/:a1",
    "GET /c/:",
};

static const struct {
    const char *method, *path;
    int want; /* row of templates, -1: none */
} cases[] = {
    {"GET", "/", 0},
    {"GET", "", 0},
    {"GET", "https://api.example.com", 0},
    {"GET", "https://api.example.com?x=1", 0},
    {"GET", "/v1/customers", 1},
    {"GET", "v1/customers", 1},
    {"GET", "/v1/customers/", 1},
    {"GET", "//v1///customers//", 1},
    {"GET", "/v1/customers?limit=3&x=/v1/z", 1},
    {"GET", "/v1/customers/#top", 1},
    {"GET", "https://api.stripe.com/v1/customers?limit=3", 1},
    {"GET", "http://[::1]:8080/v1/customers", 1},
    {"POST", "/v1/customers", 2},
    {"GET", "/v1/customers/cus_1", 3},
    {"GET", "/v1/customers/{customer}", 3},
    {"GET", "/v1/customers/%7Bx%7D", 3},
    {"DELETE", "/v1/customers/cus_1", 4},
    {"DELETE", "/v1/customers", -1},
    {"PUT", "/v1/customers/cus_1", -1},
    {"GET", "/v1/customers/search", 5},
    {"GET", "/v1/customers/sear%63h", 5},
    {"GET", "/v1/customers/search%", 3},
    {"GET", "/v1/customers/search%2", 3},
    {"DELETE", "/v1/customers/search", 4}, /* method decides among templates */
    {"GET", "/v1/customers/c/tax_ids/t", 6},
    {"GET", "/v1/customers/search/tax_ids/t", 6}, /* goes back */
    {"GET", "/V1/customers", -1},                 /* case matters */
    {"GET", "/repos/o/r/contents/README.md", 7},
    {"GET", "/repos/o/r/contents/src/a/b.c", 7},
    {"GET", "/repos/o/r/contents", -1},
    {"GET", "/repos/o/r/compare/v1...v2", 8},
    {"GET", "/repos/o/r/compare/main...feature/x", 8},
    {"GET", "/repos/o/r/compare/{base}...{head}", 8},
    {"GET", "/repos/o/r/compare/v1..v2", -1},
    {"GET", "/repos/o/r/compare/...v2", -1}, /* parameters are not empty */
    {"GET", "/repos/o/r/compare/v1...", -1},
    {"GET", "/repos/o/r/branches/main", 9},
    {"GET", "/repos/o/r/branches/feature/x", 9},
    {"GET", "/repos/o/r/branches/main/protection", 10},
    {"GET", "/repos/o/r/branches/feature/x/protection", 10},
    {"GET", "/users/7", 11},
    {"GET", "/users/7.json", 12},
    {"GET", "/users/.json", 11},
    {"GET", "/users/7%2Ejson", 12},
    {"GET", "/users/me", 13},
    {"GET", "/users/me.json", 12},
    {"DELETE", "/users/me", 14},
    {"GET", "/users/7/a%20b", 15},
    {"GET", "/users/7/a b", 15},
    {"GET", "/users/7/a+b", -1},
    {"GET", "/users/1/friends", -1}, /* an ordinary parameter is one segment */
    {"POST", "/v1/operations:cancel", 16},
    {"POST", "/v1/projects/p/operations/7:cancel", 16},
    {"POST", "/v1/projects/p/operations/7:stop", -1},
    {"GET", "/v1/projects/p/instances/i", 17},
    {"GET", "/v1/projects/p/instances/i/databases", 18},
    {"GET", "/odata/Users('7')", 19},
    {"GET", "/odata/Users(%277%27)", 19},
    {"GET", "/odata/Users(id=7,kind=x)", 20},
    {"GET", "/odata/Users()", -1},
    {"GET", "/rest?method=photos.get", 21},
    {"GET", "/rest?method=photos.list&key=1", 22},
    {"GET", "/rest?method=photos.put", -1},
    {"GET", "/rest", -1},
    {"POST", "/#Action=Stop", 24},
    {"POST", "https://ec2.example.com/#Action=Start", 23},
    {"POST", "/", -1},
    {"GET", "/files/a", 25},
    {"GET", "/files/a/b/c", 25},
    {"GET", "/files/a/meta", 26},
    {"GET", "/files/a/b/meta", 26},
    {"GET", "/files/a/meta/b/meta", 26},
    {"GET", "/static/css/site.css", 27},
    {"GET", "/hooks/7/runs", 28},
    {"GET", "/hooks/:id/runs", 28},
    {"GET", "/projects/projects/p/x", 29},
    {"GET", "/projects/{name=projects/*}/x", 29},
    {"GET", "/items?page=2", 30},
    {"GET", "/odd/zy}", 31},
    {"GET", "/odd/{open", 32},
    {"GET", "/odd/open", -1},
    {"GET", "/a b/c", 33},
    {"GET", "/a%20b/c", 33},
    {"GET", "/%zz/c", 34},
    {"GET", "/%ZZ/c", -1},
    {"GET", "/u/x", 35}, /* the first of two that differ in names only */
    {"HEAD", "/h/x", 37},
    {"GET", "/h/x", -1},
    {"HEAD", "/u/x", -1}, /* no fallback to GET */
    {"GET", "/t/s/x/y/end", 38},
    {"GET", "/t/s/y/x/end", 39},
    {"GET", "/w/1,2", 40},
    {"GET", "/w/1,2;3", 41},
    {"GET", "/w/p1,2", 42},
    {"GET", "/q?id=7", 43},
    {"GET", "/ab/zz", 44},
    {"GET", "/c/:1", 45},
    {"GET", "/c/x", 47},
    {"GET", "/c/:", 48},
    {"OTHER", "/u/x", -1},
};

static nxc_method method_of(nxc_str name) {
    static const char *const names[] = {"GET",    "POST",  "PUT",
                                        "DELETE", "PATCH", "HEAD"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (nxc__str_eq(name, nxc__str(names[i])))
            return (nxc_method)(NXC_METHOD_GET + i);
    return NXC_METHOD_OTHER;
}

static nxc__path_template parse_template(const char *z, uint32_t operation) {
    nxc_str s = nxc__str(z);
    size_t at = nxc__str_find(s, ' ', 0);
    return (nxc__path_template){method_of(nxc__str_slice(s, 0, at)),
                                nxc__str_slice(s, at + 1, s.len), operation};
}

static void make_table(index *x) {
    static nxc__path_template t[COUNT(templates)];
    for (size_t i = 0; i < COUNT(templates); i++)
        t[i] = parse_template(templates[i], (uint32_t)i);
    make(x, t, COUNT(templates), NULL, 0);
}

static void matches_as_the_table_says(void **state) {
    (void)state;
    index x;
    make_table(&x);
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc_method m = method_of(nxc__str(cases[i].method));
        uint32_t got =
            nxc__path_index_match(&x.idx, m, nxc__str(cases[i].path));
        if (got != (uint32_t)cases[i].want)
            fail_msg("%s %s: expected %d, got %d", cases[i].method,
                     cases[i].path, cases[i].want, (int)got);
    }
    nxc__buffer_release(&x.image);
}

static void every_template_matches_itself(void **state) {
    (void)state;
    index x;
    make_table(&x);
    for (uint32_t i = 0; i < COUNT(templates); i++) {
        nxc__path_template t = parse_template(templates[i], i);
        uint32_t got = nxc__path_index_match(&x.idx, t.method, t.path);
        uint32_t want = i == 36 ? 35 : i; /* differs from 35 in names only */
        if (got != want)
            fail_msg("%s: expected %u, got %u", templates[i], want, got);
    }
    nxc__buffer_release(&x.image);
}

static void base_paths_are_optional(void **state) {
    (void)state;
    static const char *const rows[] = {
        "GET /customers", "GET /api/v2/orders/{id}", "GET /v2/items",
        "GET /api/health", "GET /t/{tenant}/users"};
    static const struct {
        const char *path;
        int want;
    } paths[] = {
        {"/customers", 0},
        {"/api/v2/customers", 0},
        {"/api/customers", 0},
        {"/api/v2/", -1},
        {"https://h/api/v2/customers/?a", 0},
        {"/apix/customers", -1},
        {"/api/v2/orders/1", 1},
        {"/orders/1", 1}, /* the template has it, the path does not */
        {"/v2/orders/1", 1},
        {"/api/v2/items", 2}, /* after the shorter base path */
        {"/api/v2/v2/items", 2},
        {"/health", 3},
        {"/t/acme/customers", 0}, /* {tenant} is any segment */
        {"/t/acme/users", 4},
        {"/users", 4},
        {"/acme/customers", -1},
    };
    nxc__path_template t[COUNT(rows)];
    nxc_str bases[] = {NXC_STR("/api"),       NXC_STR("https://x.org/api/v2/"),
                       NXC_STR("/api?x"),     NXC_STR("/"),
                       NXC_STR("t/{tenant}"), NXC_STR("")};
    for (size_t i = 0; i < COUNT(rows); i++)
        t[i] = parse_template(rows[i], (uint32_t)i);
    index x;
    make(&x, t, COUNT(rows), bases, COUNT(bases));
    assert_int_equal(x.idx.n_base_paths, 3);
    for (size_t i = 0; i < COUNT(paths); i++) {
        uint32_t got =
            nxc__path_index_match(&x.idx, GET, nxc__str(paths[i].path));
        if (got != (uint32_t)paths[i].want)
            fail_msg("%s: expected %d, got %d", paths[i].path, paths[i].want,
                     (int)got);
    }
    nxc__buffer_release(&x.image);
}

static void an_empty_index_matches_nothing(void **state) {
    (void)state;
    index x;
    nxc__path_template tool = {NXC_METHOD_NONE, {NULL, 0}, 0};
    make(&x, NULL, 0, NULL, 0);
    assert_int_equal(nxc__path_index_match(&x.idx, GET, NXC_STR("/")),
                     NXC_NONE);
    nxc__buffer_release(&x.image);
    make(&x, &tool, 1, NULL, 0); /* a tool has no path */
    assert_int_equal(
        nxc__path_index_match(&x.idx, NXC_METHOD_NONE, NXC_STR("")), NXC_NONE);
    nxc__buffer_release(&x.image);
}

static void limits_hold(void **state) {
    (void)state;
    static char text[65537], deep[2 * 65 + 1];
    nxc_error err;
    nxc__path_template t = {NXC_METHOD_GET, {text, 65535}, 0};
    index x;
    memset(text, 'a', sizeof text);
    make(&x, &t, 1, NULL, 0);
    assert_int_equal(nxc__path_index_match(&x.idx, GET, t.path), 0);
    t.path.len++;
    assert_int_equal(
        nxc__path_index_write(&t, 1, NULL, 0, NULL, &x.image, &err),
        NXC_ERR_LIMIT);
    nxc__buffer_release(&x.image);
    /* a path has at most 64 segments, also where it could match */
    for (size_t i = 0; i < sizeof deep - 1; i++)
        deep[i] = "/a"[i & 1];
    for (size_t n = 63; n <= 65; n++) {
        t.path = (nxc_str){deep, 2 * n};
        make(&x, &t, 1, NULL, 0);
        assert_int_equal(nxc__path_index_match(&x.idx, GET, t.path),
                         n <= 64 ? 0 : NXC_NONE);
        nxc__buffer_release(&x.image);
    }
}

/* Both choices at each of 20 levels, and no operation of the method: the search
 * ends all the same. */
static void hostile_templates_end(void **state) {
    (void)state;
    enum { LEVELS = 12, N = 1 << LEVELS };
    static char paths[N][LEVELS * 4 + 8];
    static nxc__path_template t[N];
    char path[LEVELS * 2 + 8] = "";
    for (size_t i = 0; i < N; i++) {
        char *p = paths[i];
        for (int k = 0; k < LEVELS; k++) {
            int n = snprintf(p, 5, i >> k & 1 ? "/a" : "/{p}");
            p += n;
        }
        t[i] = (nxc__path_template){NXC_METHOD_GET, nxc__str(paths[i]),
                                    (uint32_t)i};
    }
    for (int k = 0; k < LEVELS; k++)
        memcpy(path + k * 2, "/a", 3);
    index x;
    make(&x, t, N, NULL, 0);
    assert_int_equal(nxc__path_index_match(&x.idx, GET, nxc__str(path)), N - 1);
    assert_int_equal(nxc__path_index_match(&x.idx, POST, nxc__str(path)),
                     NXC_NONE);
    nxc__buffer_release(&x.image);
    /* spanning parameters one after another */
    char spans[64 * 8] = "", deep[64 * 2 + 1] = "";
    for (int k = 0; k < 60; k++) {
        memcpy(spans + k * 7, "/{path}", 8);
        memcpy(deep + k * 2, "/a", 3);
    }
    nxc__path_template one = {NXC_METHOD_GET, nxc__str(spans), 0};
    make(&x, &one, 1, NULL, 0);
    assert_int_equal(nxc__path_index_match(&x.idx, GET, nxc__str(deep)), 0);
    assert_int_equal(nxc__path_index_match(&x.idx, POST, nxc__str(deep)),
                     NXC_NONE);
    nxc__buffer_release(&x.image);
}

/* ------------------------------------------------- against a slow matcher */

static bool slow_segment(const char *t, const char *s) {
    if (*t == 0 || *t == '/') return *s == 0 || *s == '/';
    if (*t == '{') {
        const char *after = strchr(t, '}') + 1;
        for (const char *p = s; *p && *p != '/'; p++)
            if (slow_segment(after, p + 1)) return true;
        return false;
    }
    return *t == *s && slow_segment(t + 1, s + 1);
}
/* spans: whether a parameter named path may take further segments. */
static bool slow_match(const char *t, const char *s, bool spans) {
    if (!t || !s) return t == s;
    const char *t2 = strchr(t + 1, '/'), *s2 = strchr(s + 1, '/');
    if (slow_segment(t + 1, s + 1) && slow_match(t2, s2, spans)) return true;
    bool is_path = strncmp(t, "/{path}", 7) == 0;
    for (; spans && is_path && s2; s2 = strchr(s2 + 1, '/'))
        if (slow_match(t2, strchr(s2 + 1, '/'), true)) return true;
    return false;
}
/* 0 static, 1 pattern, 2 parameter; literal bytes of a pattern. */
static int slow_kind(const char *t, size_t *n_literal, size_t *n_parameters) {
    size_t literal = 0, n = 0;
    for (const char *p = t; *p && *p != '/'; p++) {
        if (*p == '{') {
            p = strchr(p, '}');
            n++;
        } else {
            literal++;
        }
    }
    *n_literal = literal;
    *n_parameters = n;
    return n == 0 ? 0 : literal ? 1 : 2;
}
/* Whether template a is more specific than b, from the left. */
static int slow_compare(const char *a, const char *b) {
    while (a && b) {
        size_t la, lb, na, nb;
        int ka = slow_kind(a + 1, &la, &na), kb = slow_kind(b + 1, &lb, &nb);
        if (ka != kb) return ka - kb;
        if (ka == 1 && la != lb) return la > lb ? -1 : 1;
        if (ka == 1 && na != nb) return na < nb ? -1 : 1;
        a = strchr(a + 1, '/');
        b = strchr(b + 1, '/');
    }
    return 0;
}

/* Odd seeds take the second set, where every parameter spans: the mark of a
 * parameter is shared by all templates through its node. */
static const char *const parts[2][8] = {
    {"a", "b", "ab", "{x}", "{y}", "{x}.bc", "a{x}", "{x}..{y}"},
    {"a", "b", "ab", "{path}", "{path}", "{x}.bc", "b{x}", "{p}{q}:"}};
static const char *const words[] = {
    "a", "b", "ab", "c", "a.bc", "c.bc", "cc", "b..a", "a..b..c", "xy:", "x:"};

static void agrees_with_a_slow_matcher(void **state) {
    (void)state;
    enum { N = 24, LEN = 64 };
    char text[N][LEN];
    nxc__path_template t[N];
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t r = seed;
        for (uint32_t i = 0; i < N; i++) {
            size_t at = 0, depth = 1 + nxc_random(&r) % 4;
            for (size_t k = 0; k < depth; k++)
                at += (size_t)snprintf(text[i] + at, LEN - at, "/%s",
                                       parts[seed % 2][nxc_random(&r) % 8]);
            t[i] = (nxc__path_template){nxc_random(&r) % 3 ? GET : POST,
                                        nxc__str(text[i]), i};
        }
        index x;
        make(&x, t, N, NULL, 0);
        for (int trial = 0; trial < 100; trial++) {
            char path[LEN];
            size_t at = 0, depth = 1 + nxc_random(&r) % 5;
            for (size_t k = 0; k < depth; k++)
                at += (size_t)snprintf(path + at, LEN - at, "/%s",
                                       words[nxc_random(&r) % COUNT(words)]);
            uint32_t got = nxc__path_index_match(&x.idx, GET, nxc__str(path));
            uint32_t want = NXC_NONE;
            bool span_match = false;
            for (uint32_t i = 0; i < N; i++) {
                if (t[i].method != GET) continue;
                span_match = span_match || slow_match(text[i], path, true);
                if (slow_match(text[i], path, false) &&
                    (want == NXC_NONE || slow_compare(text[i], text[want]) < 0))
                    want = i;
            }
            bool ok = want != NXC_NONE
                          ? got != NXC_NONE &&
                                slow_match(text[got], path, false) &&
                                slow_compare(text[got], text[want]) == 0
                          : (got != NXC_NONE) == span_match &&
                                (got == NXC_NONE ||
                                 slow_match(text[got], path, true));
            if (!ok)
                fail_msg("seed %d, %s: expected %s, got %s", (int)seed, path,
                         want == NXC_NONE ? "none or a span" : text[want],
                         got == NXC_NONE ? "none" : text[got]);
        }
        nxc__buffer_release(&x.image);
    }
}

static void many_templates_are_built(void **state) {
    (void)state;
    enum { N = 100000, LEN = 48 };
    char(*text)[LEN] = test_malloc(sizeof *text * N);
    nxc__path_template *t = test_malloc(sizeof *t * N);
    for (uint32_t i = 0; i < N; i++) {
        uint64_t r = i;
        nxc_random(&r);
        snprintf(text[i], LEN, "/v1/r%u/{id}/s%u/{x}/t%u", (i * 7919u) % 1000,
                 i / 1000 % 10, i);
        t[i] = (nxc__path_template){GET, nxc__str(text[i]), i};
    }
    index x;
    make(&x, t, N, NULL, 0);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(nxc__path_index_match(&x.idx, GET, t[i].path), i);
    nxc__buffer_release(&x.image);
    /* one node with 100,000 patterns */
    for (uint32_t i = 0; i < N; i++) {
        snprintf(text[i], LEN, "/{x}.%u", i);
        t[i].path = nxc__str(text[i]);
    }
    make(&x, t, N, NULL, 0);
    assert_int_equal(nxc__path_index_match(&x.idx, GET, NXC_STR("/a.12345")),
                     12345);
    nxc__buffer_release(&x.image);
    test_free(text);
    test_free(t);
}

/* ------------------------------------------------------- damaged images */

static void match_much(const nxc__path_index *idx) {
    for (size_t i = 0; i < COUNT(cases); i++)
        nxc__path_index_match(idx, method_of(nxc__str(cases[i].method)),
                              nxc__str(cases[i].path));
}

static void make_with_bases(index *x) {
    static nxc__path_template t[COUNT(templates)];
    nxc_str bases[] = {NXC_STR("/v1"), NXC_STR("/api/{x}/v1")};
    for (size_t i = 0; i < COUNT(templates); i++)
        t[i] = parse_template(templates[i], (uint32_t)i);
    make(x, t, COUNT(templates), bases, COUNT(bases));
}

static void truncated_images_are_refused(void **state) {
    (void)state;
    index x;
    nxc__path_index idx;
    nxc_error err;
    make_with_bases(&x);
    for (size_t n = 0; n < x.image.len; n++) {
        char *copy = test_malloc(n ? n : 1);
        memcpy(copy, x.image.data, n);
        assert_int_equal(
            nxc__path_index_open(&idx, copy, n, COUNT(templates), &err),
            NXC_ERR_FORMAT);
        test_free(copy);
    }
    nxc__buffer_append_char(&x.image, 0); /* one byte too many */
    assert_int_equal(nxc__path_index_open(&idx, x.image.data, x.image.len,
                                          COUNT(templates), &err),
                     NXC_ERR_FORMAT);
    nxc__buffer_release(&x.image);
}

static void flipped_bits_are_harmless(void **state) {
    (void)state;
    index x;
    nxc__path_index idx;
    nxc_error err;
    size_t n_refused = 0;
    make_with_bases(&x);
    char *copy = test_malloc(x.image.len);
    memcpy(copy, x.image.data, x.image.len);
    for (size_t bit = 0; bit < x.image.len * 8; bit++) {
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        nxc_status st = nxc__path_index_open(&idx, copy, x.image.len,
                                             COUNT(templates), &err);
        if (st == NXC_OK) {
            match_much(&idx);
        } else {
            assert_int_equal(st, NXC_ERR_FORMAT);
            n_refused++;
        }
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(n_refused > sizeof(nxc__path_header) * 8 / 2);
    test_free(copy);
    nxc__buffer_release(&x.image);
}

static void wrong_values_are_refused(void **state) {
    (void)state;
    index x;
    nxc__path_index idx;
    nxc_error err;
    make_with_bases(&x);
    size_t n = x.image.len;
    /* an operation one above the bound; at the bound the image is valid */
    assert_int_equal(
        nxc__path_index_open(&idx, x.image.data, n, COUNT(templates) - 1, &err),
        NXC_ERR_FORMAT);
    /* not aligned */
    char *copy = test_malloc(n + 1);
    memcpy(copy + 1, x.image.data, n);
    assert_int_equal(
        nxc__path_index_open(&idx, copy + 1, n, COUNT(templates), &err),
        NXC_ERR_FORMAT);
    /* each 32-bit value set to extremes; text may change freely */
    const nxc__path_header *h = (const void *)x.image.data;
    size_t values = (n - h->n_text) / 4;
    static const uint32_t extremes[] = {0,          1,          0x7FFFFFFF,
                                        0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
    for (size_t i = 0; i < values; i++) {
        for (size_t k = 0; k < COUNT(extremes); k++) {
            memcpy(copy, x.image.data, n);
            memcpy(copy + i * 4, &extremes[k], 4);
            if (nxc__path_index_open(&idx, copy, n, COUNT(templates), &err) ==
                NXC_OK)
                match_much(&idx);
        }
    }
    test_free(copy);
    nxc__buffer_release(&x.image);
}

/* --------------------------------------------------------- out of memory */

typedef struct failing {
    size_t left, live;
} failing;
static void *failing_realloc(void *ctx, void *ptr, size_t old_size,
                             size_t new_size) {
    failing *f = ctx;
    if (f->left == 0) return NULL;
    f->left--;
    f->live += new_size - (ptr ? old_size : 0);
    return nxc__realloc(&nxc__allocator_default, ptr, old_size, new_size);
}
static void failing_free(void *ctx, void *ptr, size_t size) {
    failing *f = ctx;
    f->live -= size;
    nxc__free(&nxc__allocator_default, ptr, size);
}

static void every_failed_allocation_is_reported(void **state) {
    enum { MORE = 400 };
    (void)state;
    static nxc__path_template t[COUNT(templates) + MORE];
    static char more[MORE][48]; /* so that the writer needs many blocks */
    nxc_str base = NXC_STR("/v1");
    for (size_t i = 0; i < COUNT(templates); i++)
        t[i] = parse_template(templates[i], (uint32_t)i);
    for (size_t i = 0; i < MORE; i++) {
        snprintf(more[i], sizeof more[i], "GET /%zu/{id}.json/%zu/x%zu/y%%20",
                 i, i, i);
        t[COUNT(templates) + i] = parse_template(more[i], (uint32_t)i);
    }
    for (size_t n = 0;; n++) {
        failing f = {n, 0};
        nxc_allocator a = {failing_realloc, failing_free, &f};
        nxc__buffer out;
        nxc_error err;
        nxc__buffer_init(&out, &a, SIZE_MAX / 2);
        nxc_status st =
            nxc__path_index_write(t, COUNT(t), &base, 1, &a, &out, &err);
        if (st != NXC_OK) {
            assert_int_equal(st, NXC_ERR_NOMEM);
            assert_int_equal(out.len, 0);
        }
        nxc__buffer_release(&out);
        assert_int_equal(f.live, 0);
        if (st == NXC_OK) break;
        assert_true(n < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_the_table_says),
        cmocka_unit_test(every_template_matches_itself),
        cmocka_unit_test(base_paths_are_optional),
        cmocka_unit_test(an_empty_index_matches_nothing),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(hostile_templates_end),
        cmocka_unit_test(agrees_with_a_slow_matcher),
        cmocka_unit_test(many_templates_are_built),
        cmocka_unit_test(truncated_images_are_refused),
        cmocka_unit_test(flipped_bits_are_harmless),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
