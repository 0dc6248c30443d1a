#include <stdio.h>

#include "base/buffer.h"
#include "base/json.h"
#include "support/nxc_test.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Compact JSON of a value, written by this test. */
static void put(nxc__buffer *b, const nxc__json *v) {
    const char *comma = "";
    switch (nxc__json_type_of(v)) {
    case NXC_JSON_NULL:
        nxc__buffer_append_z(b, "null");
        break;
    case NXC_JSON_BOOL:
        nxc__buffer_append_z(b, nxc__json_bool(v) ? "true" : "false");
        break;
    case NXC_JSON_NUMBER:
        nxc__buffer_append_double(b, nxc__json_number(v));
        break;
    case NXC_JSON_STRING:
        nxc__buffer_append_json(b, nxc__json_str(v));
        break;
    case NXC_JSON_ARRAY:
    case NXC_JSON_OBJECT: {
        bool is_object = nxc__json_is(v, NXC_JSON_OBJECT);
        nxc__buffer_append_char(b, is_object ? '{' : '[');
        for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);) {
            nxc__buffer_append_z(b, comma);
            comma = ",";
            if (is_object) {
                nxc__buffer_append_json(b, it.key);
                nxc__buffer_append_char(b, ':');
            }
            put(b, it.value);
        }
        nxc__buffer_append_char(b, is_object ? '}' : ']');
    }
    }
}

static nxc_status parse(nxc_str text, const nxc__json_limits *limits,
                        nxc__json_doc **doc, nxc_error *err) {
    return nxc__yaml_parse(NXC_STR("t.yaml"), text, limits, NULL, doc, err);
}

static const struct {
    const char *yaml, *json;
} cases[] = {
    /* structure */
    {"", "null"},
    {"# nothing\n\n", "null"},
    {"---\n", "null"},
    {"---\n...\n# end\n", "null"},
    {"\xEF\xBB\xBF"
     "a: 1",
     "{\"a\":1}"},
    {"%YAML 1.2\n---\na: 1\n", "{\"a\":1}"},
    {"%YAML 1.1\n---\na: 1\n", "{\"a\":1}"},
    {"a: 1\nb:\n  - x\n  - y: [1, {z: 2}]\n",
     "{\"a\":1,\"b\":[\"x\",{\"y\":[1,{\"z\":2}]}]}"},
    {"- - a\n  - b\n-\n- c\n", "[[\"a\",\"b\"],null,\"c\"]"},
    {"{}", "{}"},
    {"[]", "[]"},
    {"a: {}\nb: []\n", "{\"a\":{},\"b\":[]}"},
    {"{a, b: , ? c}", "{\"a\":null,\"b\":null,\"c\":null}"},
    {"[a: 1, b: 2]", "[{\"a\":1},{\"b\":2}]"},
    {"a: 1\na: 2\n", "{\"a\":1,\"a\":2}"},
    {"a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}"},
    /* plain scalars: the core schema */
    {"[null, Null, NULL, ~, ]", "[null,null,null,null]"},
    {"[nULL, nil, none]", "[\"nULL\",\"nil\",\"none\"]"},
    {"[true, True, TRUE, false, False, FALSE]",
     "[true,true,true,false,false,false]"},
    {"[yes, No, on, OFF, y, n, tRue]",
     "[\"yes\",\"No\",\"on\",\"OFF\",\"y\",\"n\",\"tRue\"]"},
    {"[0, 7, -7, +7, 007, -0012, 0o17, 0x1F, 0xff]",
     "[0,7,-7,7,7,-12,15,31,255]"},
    {"[0o8, 0x, 0xg, -0x1, 0b1, 1_000, 1:30, 08, 0O7]",
     "[\"0o8\",\"0x\",\"0xg\",\"-0x1\",\"0b1\",\"1_000\",\"1:30\",8,\"0O7\"]"},
    {"[1.5, -.5, +.5, 5., 00.5, 1e3, 1E+3, 1.5e-3, .5e1]",
     "[1.5,-0.5,0.5,5,0.5,1000,1000,0.0015,5]"},
    {"[., -, +, e1, 1e, 1e+, 1.2.3, -., .e1, --1]",
     "[\".\",\"-\",\"+\",\"e1\",\"1e\",\"1e+\",\"1.2.3\",\"-.\",\".e1\",\"--"
     "1\"]"},
    {"[.inf, -.Inf, +.INF, .nan, .NaN, inf, nan]",
     "[\".inf\",\"-.Inf\",\"+.INF\",\".nan\",\".NaN\",\"inf\",\"nan\"]"},
    {"[1e307, 1e308, 1e400, -9e999999999999, 1e-400]",
     "[1e307,\"1e308\",\"1e400\",\"-9e999999999999\",0]"},
    {"[18446744073709551615, 0xffffffffffffffff]",
     "[18446744073709552000.0,18446744073709552000.0]"},
    {"[0x10000000000000000, 0o7777777777777777777777]",
     "[\"0x10000000000000000\",\"0o7777777777777777777777\"]"},
    {"[2024-01-15, 2024-01-15T10:00:00Z, 12:30:45]",
     "[\"2024-01-15\",\"2024-01-15T10:00:00Z\",\"12:30:45\"]"},
    {"version: 1.10\nopenapi: 3.0.0\n",
     "{\"version\":1.1,\"openapi\":\"3.0.0\"}"},
    {"a: b: c", NULL},
    {"a: http://x/y#z\n", "{\"a\":\"http://x/y#z\"}"},
    {"a: one\n  two\n\n  three\n", "{\"a\":\"one two\\nthree\"}"},
    /* quoted and block scalars */
    {"['1', \"true\", 'null', '', \"\", '~']",
     "[\"1\",\"true\",\"null\",\"\",\"\",\"~\"]"},
    {"['it''s', \"a\\n\\t\\\"\\\\\\x41\\u00e9\\U0001F600\\/\\0\"]",
     "[\"it's\",\"a\\n\\t\\\"\\\\A\xC3\xA9\xF0\x9F\x98\x80/\\u0000\"]"},
    {"a: |\n  1\n   2\n\n  3\n", "{\"a\":\"1\\n 2\\n\\n3\\n\"}"},
    {"a: |-\n  x\nb: >\n  y\n  z\nc: |+\n  w\n\nd: >-\n  v\n",
     "{\"a\":\"x\",\"b\":\"y z\\n\",\"c\":\"w\\n\\n\",\"d\":\"v\"}"},
    {"a: \"one\n  two\\\n  three\"\n", "{\"a\":\"one twothree\"}"},
    /* tags */
    {"[!!str 1, !!str true, !!str , ! 2, !!str null]",
     "[\"1\",\"true\",\"\",\"2\",\"null\"]"},
    {"[!!int '7', !!int 0x10, !!float 1, !!float '2.5', !!float .inf]",
     "[7,16,1,2.5,\".inf\"]"},
    {"[!!bool 'true', !!null '', !!null ~]", "[true,null,null]"},
    {"[!local 1, !local x, !!binary aGk=, !!timestamp 2024-01-01, !<tag:x,1:y> "
     "'3']",
     "[1,\"x\",\"aGk=\",\"2024-01-01\",\"3\"]"},
    {"!!map {a: !!seq [1], b: !!set {c, d}, e: !Ref x}",
     "{\"a\":[1],\"b\":{\"c\":null,\"d\":null},\"e\":\"x\"}"},
    {"%TAG !e! tag:yaml.org,2002:\n---\n!e!str 1\n", "\"1\""},
    {"!!int x", NULL},
    /* keys */
    {"1: a\ntrue: b\n~: c\n1.50: d\n'x y': e\n? f\n: g\n",
     "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"1.50\":\"d\",\"x "
     "y\":\"e\",\"f\":\"g\"}"},
    {"200:\n  description: ok\n", "{\"200\":{\"description\":\"ok\"}}"},
    {"?\n: a\n", "{\"\":\"a\"}"},
    /* anchors and aliases */
    {"a: &x 1\nb: *x\n", "{\"a\":1,\"b\":1}"},
    {"a: &x {p: [1, 2]}\nb: [*x, *x]\n",
     "{\"a\":{\"p\":[1,2]},\"b\":[{\"p\":[1,2]},{\"p\":[1,2]}]}"},
    {"&k a: 1\n*k : 2\n", "{\"a\":1,\"a\":2}"},
    {"a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}"},
    {"a: &x [&y 1, *y]\nb: [*y, *x]\n", "{\"a\":[1,1],\"b\":[1,[1,1]]}"},
    {"a: &x\nb: *x\n", "{\"a\":null,\"b\":null}"},
    /* merge keys */
    {"a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n  z: 4\n",
     "{\"a\":{\"x\":1,\"y\":2},\"b\":{\"x\":1,\"y\":3,\"z\":4}}"},
    {"b: {y: 3, <<: {x: 1, y: 2}}\n", "{\"b\":{\"y\":3,\"x\":1}}"},
    {"- &a {x: 1}\n- &b {x: 2, y: 2}\n- <<: [*a, *b]\n",
     "[{\"x\":1},{\"x\":2,\"y\":2},{\"x\":1,\"y\":2}]"},
    {"- &a {x: 1}\n- &b {x: 2, y: 2}\n- <<: [*b, *a]\n  x: 9\n",
     "[{\"x\":1},{\"x\":2,\"y\":2},{\"y\":2,\"x\":9}]"},
    {"- &a {x: 1, y: 1}\n- &b {<<: *a, x: 2}\n- {<<: *b, z: 3}\n",
     "[{\"x\":1,\"y\":1},{\"y\":1,\"x\":2},{\"x\":2,\"y\":1,\"z\":3}]"},
    {"- &a {<<: {x: 1}, x: 2}\n- {<<: *a}\n", "[{\"x\":2},{\"x\":2}]"},
    {"- &l [{x: 1}, {y: 2}]\n- {<<: *l}\n",
     "[[{\"x\":1},{\"y\":2}],{\"x\":1,\"y\":2}]"},
    {"{<<: {x: 1}, <<: {x: 2, y: 3}}", "{\"x\":1,\"y\":3}"},
    {"{<<: {}, <<: []}", "{}"},
    {"{'<<': 1, a: <<}", "{\"<<\":1,\"a\":\"<<\"}"},
    {"[<<]", "[\"<<\"]"},
    {"base: &b\n  x: 1\n  list: [1, 2]\nd:\n  <<: *b\n  list: [3]\n",
     "{\"base\":{\"x\":1,\"list\":[1,2]},\"d\":{\"x\":1,\"list\":[3]}}"},
    /* strings that need care in JSON */
    {"\"\\e\\x7f\\u2028\"", "\"\\u001b\\u007f\xE2\x80\xA8\""},
    {"'\"\\'", "\"\\\"\\\\\""},
};

static void values_are_as_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        nxc__json_doc *doc;
        nxc_error err;
        nxc_status st = parse(nxc__str(cases[i].yaml), NULL, &doc, &err);
        if (!cases[i].json) {
            assert_int_equal(st, NXC_ERR_PARSE);
            continue;
        }
        if (st != NXC_OK) fail_msg("%s: %s", cases[i].yaml, err.message);
        nxc__buffer b;
        nxc__buffer_init(&b, &nxc__allocator_default, SIZE_MAX / 2);
        put(&b, nxc__json_root(doc));
        if (!nxc__str_eq(nxc__buffer_str(&b), nxc__str(cases[i].json)))
            fail_msg("%s: expected %s, got %s", cases[i].yaml, cases[i].json,
                     b.data);
        nxc__buffer_release(&b);
        nxc__json_free(doc);
    }
}

static void errors_name_the_line(void **state) {
    static const struct {
        const char *yaml;
        nxc_status status;
        const char *message;
    } bad[] = {
        {"a: 1\nb: [1\nc: 2\n", NXC_ERR_PARSE,
         "t.yaml:3: expected YAML, got: did not find expected ',' or ']', "
         "while parsing a flow sequence from line 2"},
        {"a: 1\n\tb: 2\n", NXC_ERR_PARSE,
         "t.yaml:2: expected YAML, got: found a tab character that "
         "violates indentation, while scanning a plain scalar from line 1"},
        {"a: 1\n b: 2\n", NXC_ERR_PARSE,
         "t.yaml:2: expected YAML, got mapping values are not allowed in this "
         "context"},
        {"a: \"x\n\n", NXC_ERR_PARSE,
         "t.yaml:3: expected YAML, got: found unexpected end of stream, while "
         "scanning a quoted scalar from line 1"},
        {"a: 1\nb: \xFF\n", NXC_ERR_PARSE,
         "t.yaml:2: expected YAML in UTF-8, got invalid leading UTF-8 octet "
         "at byte 8"},
        {"a: 1\n\nb: x\xC3(\n", NXC_ERR_PARSE,
         "t.yaml:3: expected YAML in UTF-8, got invalid trailing UTF-8 octet "
         "at byte 11"},
        {"a: \xED\xA0\x80\n", NXC_ERR_PARSE,
         "t.yaml:1: expected YAML in UTF-8, got invalid Unicode character at "
         "byte 3"},
        {"a: \x01\n", NXC_ERR_PARSE,
         "t.yaml:1: expected YAML in UTF-8, got control characters are not "
         "allowed at byte 3"},
        {"a: 1\nb: *x\n", NXC_ERR_PARSE,
         "t.yaml:2: expected an alias of a node above, got *x"},
        {"a: *x\nb: &x 1\n", NXC_ERR_PARSE,
         "t.yaml:1: expected an alias of a node above, got *x"},
        {"a: &x\n  b: 1\n  c: [*x]\n", NXC_ERR_PARSE,
         "t.yaml:3: expected an alias of a node above, got *x inside itself"},
        {"a: &x\n  <<: *x\n", NXC_ERR_PARSE,
         "t.yaml:2: expected an alias of a node above, got *x inside itself"},
        {"a: 1\n? [x, y]\n: 2\n", NXC_ERR_UNSUPPORTED,
         "t.yaml:2: expected a scalar as a key, got a sequence"},
        {"? {x: y}\n: 2\n", NXC_ERR_UNSUPPORTED,
         "t.yaml:1: expected a scalar as a key, got a mapping"},
        {"a: &x {}\n*x : 1\n", NXC_ERR_UNSUPPORTED,
         "t.yaml:2: expected a scalar as a key, got a mapping"},
        {"a: 1\n---\nb: 2\n", NXC_ERR_UNSUPPORTED,
         "t.yaml:2: expected one document, got a second one"},
        {"a: 1\nb:\n  <<: 1\n", NXC_ERR_PARSE,
         "t.yaml:3: expected a mapping or a sequence of mappings to merge, "
         "got something else"},
        {"b:\n  <<: [{}, 1]\n", NXC_ERR_PARSE,
         "t.yaml:2: expected a mapping or a sequence of mappings to merge, "
         "got something else"},
        {"b:\n  <<: [[{}]]\n", NXC_ERR_PARSE,
         "t.yaml:2: expected a mapping or a sequence of mappings to merge, "
         "got something else"},
        {"a:\n- !!int x\n", NXC_ERR_PARSE,
         "t.yaml:2: expected !!int digits, got \"x\""},
        {"a: !!int 1.5\n", NXC_ERR_PARSE,
         "t.yaml:1: expected !!int digits, got \"1.5\""},
        {"a: !!float 0x1\n", NXC_ERR_PARSE,
         "t.yaml:1: expected !!float text, got \"0x1\""},
        {"a: !!bool yes\n", NXC_ERR_PARSE,
         "t.yaml:1: expected !!bool true/false, got \"yes\""},
        {"a: !!null x\n", NXC_ERR_PARSE,
         "t.yaml:1: expected !!null null, got \"x\""},
        {"%YAML 2.0\n---\na\n", NXC_ERR_PARSE,
         "t.yaml:1: expected YAML, got found incompatible YAML document"},
        {"\xFF\xFE"
         "a\0:\0",
         NXC_ERR_PARSE,
         "t.yaml:1: expected YAML in UTF-8, got invalid leading UTF-8 octet "
         "at byte 0"},
        {"a: \"\\uD800\"\n", NXC_ERR_PARSE,
         "t.yaml:1: expected YAML, got: found invalid Unicode character "
         "escape code, while parsing a quoted scalar from line 1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        nxc__json_doc *doc = NULL;
        nxc_error err;
        nxc_status st = parse(nxc__str(bad[i].yaml), NULL, &doc, &err);
        if (st == NXC_OK) fail_msg("%s: expected an error", bad[i].yaml);
        if (st != bad[i].status || strcmp(err.message, bad[i].message) != 0)
            fail_msg("%s:\nexpected %s %s\ngot      %s %s", bad[i].yaml,
                     nxc_status_name(bad[i].status), bad[i].message,
                     nxc_status_name(st), err.message);
        assert_null(doc);
        assert_int_equal(parse(nxc__str(bad[i].yaml), NULL, &doc, NULL), st);
    }
}

/* Every number below says on which line it stands. */
static const char lined[] = "# comment\n"       /* 1 */
                            "a: 2\n"            /* 2 */
                            "text: |\n"         /* 3 */
                            "  one: x\n"        /* 4 */
                            "\n"                /* 5 */
                            "  \"two\n"         /* 6 */
                            "b: 7\n"            /* 7 */
                            "folded: >-\n"      /* 8 */
                            "  x\n"             /* 9 */
                            "  y\n"             /* 10 */
                            "c: [11, 11,\n"     /* 11 */
                            "    12, {d: 12,\n" /* 12 */
                            "  e: 13}]\n"       /* 13 */
                            "quoted: \"x\n"     /* 14 */
                            "  y\"\n"           /* 15 */
                            "base: &base\n"     /* 16 */
                            "  p: 17\n"         /* 17 */
                            "  q: 18\n"         /* 18 */
                            "f:\n"              /* 19 */
                            "  <<:\n"           /* 20 */
                            "    r: 21\n"       /* 21 */
                            "    s:\n"          /* 22 */
                            "      - 23\n"      /* 23 */
                            "\n"                /* 24 */
                            "  g: 25\n"         /* 25 */
                            "h:\r\n"            /* 26 */
                            "\r\n"              /* 27 */
                            "  28\r\n"          /* 28 */
                            "? i\n"             /* 29 */
                            "\n"                /* 30 */
                            ": 31\n"            /* 31 */
                            "j: 32";            /* 32 */

static void check_lines(const nxc__json_doc *doc, const nxc__json *v,
                        const nxc__json_path *path, size_t *n) {
    if (nxc__json_is(v, NXC_JSON_NUMBER)) {
        nxc_error err;
        char want[32];
        snprintf(want, sizeof want, "t.yaml:%d: ", (int)nxc__json_number(v));
        nxc__json_error(doc, path, &err, NXC_ERR_INVALID, "x");
        if (strncmp(err.message, want, strlen(want)) != 0)
            fail_msg("expected %s, got %s", want, err.message);
        ++*n;
    }
    for (nxc__json_iter it = nxc__json_each(v); nxc__json_next(&it);) {
        nxc__json_path step = {path, it.key, it.index};
        check_lines(doc, it.value, &step, n);
    }
}

static void lines_are_those_of_the_yaml(void **state) {
    (void)state;
    nxc__json_doc *doc;
    nxc_error err;
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    size_t n = 0;
    assert_ok(parse(nxc__str(lined), NULL, &doc, &err), err);
    check_lines(doc, nxc__json_root(doc), &root, &n);
    assert_int_equal(n, 15);
    nxc__json_free(doc);
    /* a null at the end of a last line without a break */
    assert_ok(parse(NXC_STR("a: 1\n?"), NULL, &doc, &err), err);
    nxc__json_path empty = {&root, NXC_STR(""), 0};
    nxc__json_error(doc, &empty, &err, NXC_ERR_INVALID, "no");
    assert_string_equal(err.message, "t.yaml:2: $[\"\"]: no");
    nxc__json_free(doc);
    /* what an alias or a merge brings in is on the line that names it */
    assert_ok(parse(NXC_STR("a: &a\n  x: 1\n  y: {z: 2}\n"
                            "b:\n  k: 0\n  <<: *a\n  l: 0\nc:\n\n  - *a\n"),
                    NULL, &doc, &err),
              err);
    nxc__json_path b = {&root, NXC_STR("b"), 0}, y = {&b, NXC_STR("y"), 0},
                   z = {&y, NXC_STR("z"), 0}, l = {&b, NXC_STR("l"), 0};
    nxc__json_error(doc, &z, &err, NXC_ERR_INVALID, "no");
    assert_string_equal(err.message, "t.yaml:6: $.b.y.z: no");
    nxc__json_error(doc, &l, &err, NXC_ERR_INVALID, "no");
    assert_string_equal(err.message, "t.yaml:7: $.b.l: no");
    nxc__json_path c = {&root, NXC_STR("c"), 0}, c0 = {&c, {NULL, 0}, 0},
                   x = {&c0, NXC_STR("x"), 0};
    nxc__json_error(doc, &x, &err, NXC_ERR_INVALID, "no");
    assert_string_equal(err.message, "t.yaml:10: $.c[0].x: no");
    nxc__json_free(doc);
}

static void limits_hold(void **state) {
    (void)state;
    static const char text[] = "a: &x [1, 2]\nb: *x\n"; /* 9 with the alias */
    nxc__json_doc *doc;
    nxc_error err;
    nxc__json_limits l = {sizeof text - 1, 2, 9};
    assert_ok(parse(nxc__str(text), &l, &doc, &err), err);
    nxc__json_free(doc);
    l.max_values--;
    assert_int_equal(parse(nxc__str(text), &l, &doc, &err), NXC_ERR_LIMIT);
    assert_string_equal(err.message, "t.yaml:2: expected at most 8 values with "
                                     "aliases expanded, got more");
    l.max_values = 6; /* already without the alias */
    assert_int_equal(parse(nxc__str(text), &l, &doc, &err), NXC_ERR_LIMIT);
    assert_string_equal(err.message,
                        "t.yaml:2: expected at most 6 values, got more");
    l = (nxc__json_limits){sizeof text - 1, 1, 9};
    assert_int_equal(parse(nxc__str(text), &l, &doc, &err), NXC_ERR_LIMIT);
    assert_string_equal(
        err.message,
        "t.yaml:1: expected at most 1 levels of nesting, got more");
    l = (nxc__json_limits){sizeof text - 2, 2, 9};
    assert_int_equal(parse(nxc__str(text), &l, &doc, &err), NXC_ERR_LIMIT);
    /* an alias nests deeper than its anchor */
    l = (nxc__json_limits){100, 3, 100};
    assert_int_equal(parse(NXC_STR("- &x [[1]]\n- [*x]\n"), &l, &doc, &err),
                     NXC_ERR_LIMIT);
    l.max_depth = 4;
    assert_ok(parse(NXC_STR("- &x [[1]]\n- [*x]\n"), &l, &doc, &err), err);
    nxc__json_free(doc);
}

static void depth_is_limited_at_once(void **state) {
    enum { DEEP = 10000 };
    static char text[DEEP * 4];
    nxc__json_doc *doc;
    nxc_error err;
    (void)state;
    for (size_t depth = 63; depth <= 65; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        nxc_status st = parse((nxc_str){text, 2 * depth}, NULL, &doc, &err);
        assert_int_equal(st, depth <= 64 ? NXC_OK : NXC_ERR_LIMIT);
        if (st == NXC_OK) nxc__json_free(doc);
    }
    memset(text, '[', sizeof text);
    assert_int_equal(parse((nxc_str){text, sizeof text}, NULL, &doc, &err),
                     NXC_ERR_LIMIT);
    assert_string_equal(
        err.message,
        "t.yaml:1: expected at most 64 levels of nesting, got more");
    for (size_t i = 0; i < DEEP; i++) /* nested flow mappings */
        memcpy(text + i * 4, "{a: ", 4);
    assert_int_equal(parse((nxc_str){text, sizeof text}, NULL, &doc, &err),
                     NXC_ERR_LIMIT);
    for (size_t i = 0; i < DEEP; i++) /* "- - - -" */
        memcpy(text + i * 2, "- ", 2);
    assert_int_equal(parse((nxc_str){text, 2 * DEEP}, NULL, &doc, &err),
                     NXC_ERR_LIMIT);
    for (size_t i = 0; i < DEEP; i++) /* "? ? ? ?" */
        memcpy(text + i * 2, "? ", 2);
    assert_int_not_equal(parse((nxc_str){text, 2 * DEEP}, NULL, &doc, &err),
                         NXC_OK);
}

/* Counts live bytes, to bound what a bomb costs. */
typedef struct counter {
    size_t live, peak, left;
} counter;
static void *count_realloc(void *ctx, void *ptr, size_t old_size,
                           size_t new_size) {
    counter *c = ctx;
    if (c->left == 0) return NULL;
    c->left--;
    c->live += new_size - (ptr ? old_size : 0);
    if (c->live > c->peak) c->peak = c->live;
    return nxc__realloc(&nxc__allocator_default, ptr, old_size, new_size);
}
static void count_free(void *ctx, void *ptr, size_t size) {
    counter *c = ctx;
    c->live -= size;
    nxc__free(&nxc__allocator_default, ptr, size);
}

static void bombs_are_refused_cheaply(void **state) {
    (void)state;
    nxc__buffer laughs, merges, words, last, chain;
    nxc__buffer_init(&last, &nxc__allocator_default, SIZE_MAX / 2);
    nxc__buffer_init(&chain, &nxc__allocator_default, SIZE_MAX / 2);
    nxc__buffer_init(&laughs, &nxc__allocator_default, SIZE_MAX / 2);
    nxc__buffer_init(&merges, &nxc__allocator_default, SIZE_MAX / 2);
    nxc__buffer_init(&words, &nxc__allocator_default, SIZE_MAX / 2);
    /* ten aliases of the level above, nine levels: a thousand million */
    nxc__buffer_append_z(&laughs, "a0: &a0 lol\n");
    for (int i = 1; i < 10; i++) {
        nxc__buffer_printf(&laughs, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            nxc__buffer_printf(&laughs, "*a%d,", i - 1);
        nxc__buffer_append_z(&laughs, "]\n");
    }
    /* merges of merges, all with the same key */
    nxc__buffer_append_z(&merges, "- &a0 {k: v}\n");
    for (int i = 1; i < 40; i++)
        nxc__buffer_printf(&merges, "- &a%d {<<: [*a%d, *a%d, *a%d]}\n", i,
                           i - 1, i - 1, i - 1);
    /* few values, many bytes */
    nxc__buffer_append_z(&words, "- &a \"");
    memset(nxc__buffer_extend(&words, 100000), 'x', 100000);
    nxc__buffer_append_z(&words, "\"\n");
    for (int i = 0; i < 2000; i++)
        nxc__buffer_append_z(&words, "- *a\n");
    /* the last of few values is too much */
    nxc__buffer_append_z(&last, "- &a \"");
    memset(nxc__buffer_extend(&last, 3000000), 'x', 3000000);
    nxc__buffer_append_z(&last, "\"\n- *a\n- *a\n- *a\n- *a\n- *a\n");
    /* a chain of merges, deeper than values may nest */
    nxc__buffer_append_z(&chain, "- &a0 {k: v}\n");
    for (int i = 1; i < 70; i++)
        nxc__buffer_printf(&chain, "- &a%d {<<: *a%d}\n", i, i - 1);
    const nxc__buffer *bombs[] = {&laughs, &merges, &words, &last, &chain};
    static const char small[] = /* 308 bytes would do; this one has fewer */
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\n"
        "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n";
    for (size_t i = 0; i <= COUNT(bombs); i++) {
        nxc_str text =
            i < COUNT(bombs) ? nxc__buffer_str(bombs[i]) : nxc__str(small);
        counter c = {0, 0, SIZE_MAX};
        nxc_allocator a = {count_realloc, count_free, &c};
        nxc__json_doc *doc = NULL;
        nxc_error err;
        assert_int_equal(
            nxc__yaml_parse(NXC_STR("t"), text, NULL, &a, &doc, &err),
            NXC_ERR_LIMIT);
        assert_int_equal(c.live, 0);
        assert_true(c.peak < 8 * text.len + ((size_t)16 << 20));
    }
    nxc__buffer_release(&laughs);
    nxc__buffer_release(&merges);
    nxc__buffer_release(&words);
    nxc__buffer_release(&last);
    nxc__buffer_release(&chain);
}

static const char small_file[] = "%YAML 1.2\n"
                                 "---\n"
                                 "openapi: 3.0.0 # c\n"
                                 "x: &a {p: 'q', \"r\\u00e9\": [1, -2.5e1]}\n"
                                 "\xC3\xA9: |-\n"
                                 "  text\n"
                                 "y:\n"
                                 "  - <<: *a\n"
                                 "    ? k\n"
                                 "    : !!str 1\n"
                                 "  - *a\n"
                                 "...\n";

static void truncations_and_flips_are_harmless(void **state) {
    (void)state;
    size_t len = sizeof small_file - 1, n_ok = 0;
    nxc__json_doc *doc;
    nxc_error err;
    for (size_t n = 0; n <= len; n++) {
        char *copy = test_malloc(n ? n : 1);
        memcpy(copy, small_file, n);
        nxc_status st = parse((nxc_str){copy, n}, NULL, &doc, &err);
        if (st == NXC_OK) {
            n_ok++;
            nxc__json_free(doc);
        } else {
            assert_int_equal(st, NXC_ERR_PARSE);
            assert_null(strstr(err.message, "expected JSON"));
        }
        test_free(copy);
    }
    assert_in_range(n_ok, 20, len - 20); /* a prefix of YAML may be YAML */
    char *copy = test_malloc(len);
    memcpy(copy, small_file, len);
    for (size_t bit = 0; bit < len * 8; bit++) {
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        nxc_status st = parse((nxc_str){copy, len}, NULL, &doc, &err);
        if (st == NXC_OK)
            nxc__json_free(doc);
        else
            assert_null(strstr(err.message, "expected JSON"));
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
    }
    test_free(copy);
}

static void every_failed_allocation_is_reported(void **state) {
    (void)state;
    for (size_t n = 0;; n++) {
        counter c = {0, 0, n};
        nxc_allocator a = {count_realloc, count_free, &c};
        nxc__json_doc *doc = NULL;
        nxc_error err;
        nxc_status st = nxc__yaml_parse(NXC_STR("t"), nxc__str(small_file),
                                        NULL, &a, &doc, &err);
        if (st == NXC_OK) {
            nxc__json_free(doc);
            assert_int_equal(c.live, 0);
            break;
        }
        assert_int_equal(st, NXC_ERR_NOMEM);
        assert_null(doc);
        assert_int_equal(c.live, 0);
        assert_true(n < 1000);
    }
}

static void json_or_yaml_is_told_by_the_first_byte(void **state) {
    (void)state;
    nxc__json_doc *doc;
    nxc_error err;
    assert_ok(nxc__json_or_yaml_parse(NXC_STR("t"), NXC_STR(" \n a: 1"), NULL,
                                      NULL, &doc, &err),
              err);
    assert_int_equal(nxc__json_size(nxc__json_root(doc)), 1);
    nxc__json_free(doc);
    assert_int_equal(nxc__json_or_yaml_parse(NXC_STR("t"), NXC_STR("{a: 1}"),
                                             NULL, NULL, &doc, &err),
                     NXC_ERR_PARSE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_as_the_table_says),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(lines_are_those_of_the_yaml),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(depth_is_limited_at_once),
        cmocka_unit_test(bombs_are_refused_cheaply),
        cmocka_unit_test(truncations_and_flips_are_harmless),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(json_or_yaml_is_told_by_the_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
