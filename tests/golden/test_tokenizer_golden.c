/* Replays tokenizer.jsonl (make_tokenizer_golden.py) with the real vocabulary:
 * vocab.txt in $NXC_MODEL_DIR, or in nextcall/model under $XDG_CACHE_HOME or
 * ~/.cache. Skipped if it is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "support/nxc_test.h"
#include "text/wordpiece.h"

#define GOLDEN NXC_SOURCE_DIR "/tests/golden/"
#define MAX_IDS 256

static nxc__mapping map(const char *path) {
    nxc__mapping m = {NULL, 0};
    nxc_error err;
    assert_ok(nxc__file_map(path, (size_t)64 << 20, &m, &err), err);
    return m;
}
static nxc_str text_of(nxc__mapping m) {
    return (nxc_str){(const char *)m.data, m.size};
}

static nxc__json_doc *parse(const char *name, nxc_str text) {
    nxc__json_doc *doc = NULL;
    nxc_error err;
    assert_ok(nxc__json_parse(nxc__str(name), text, NULL, NULL, &doc, &err),
              err);
    return doc;
}

static void assert_sha256(nxc__mapping m, const nxc__json *expected) {
    uint8_t digest[NXC_SHA256_BYTES];
    char hex[65];
    nxc_error err;
    assert_ok(nxc__sha256_bytes(m.data, m.size, digest, &err), err);
    nxc__sha256_format(digest, hex);
    assert_str(nxc__json_str(expected), hex);
}

static bool find_vocab(char *path, size_t size) {
    const char *dir = getenv("NXC_MODEL_DIR"),
               *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (dir && *dir)
        snprintf(path, size, "%s/vocab.txt", dir);
    else if (cache && *cache)
        snprintf(path, size, "%s/nextcall/model/vocab.txt", cache);
    else
        snprintf(path, size, "%s/.cache/nextcall/model/vocab.txt",
                 home ? home : "");
    return access(path, R_OK) == 0;
}

static unsigned hex_digit(char c) {
    return (unsigned)(nxc__is_digit(c) ? c - '0' : c - 'a' + 10);
}

/* The text of a record, in buf if it is given as hex. */
static nxc_str input_of(const nxc__json *record, char *buf, size_t size) {
    const nxc__json *hex = NXC_JSON_GET(record, "hex");
    if (!hex) return nxc__json_str(NXC_JSON_GET(record, "text"));
    nxc_str h = nxc__json_str(hex);
    assert_true(h.len % 2 == 0 && h.len / 2 <= size);
    for (size_t i = 0; i < h.len; i += 2)
        buf[i / 2] = (char)(hex_digit(h.ptr[i]) << 4 | hex_digit(h.ptr[i + 1]));
    return (nxc_str){buf, h.len / 2};
}

static void replay(const nxc__wordpiece *wp, const nxc__json *record,
                   size_t line) {
    char buf[256];
    uint32_t ids[MAX_IDS];
    bool is_cut;
    nxc_str text = input_of(record, buf, sizeof buf);
    size_t n = nxc__wordpiece_tokenize(wp, text, ids, MAX_IDS, &is_cut);
    const nxc__json *want = NXC_JSON_GET(record, "ids");
    bool is_same = n == nxc__json_size(want) &&
                   is_cut == nxc__json_bool(NXC_JSON_GET(record, "truncated"));
    for (nxc__json_iter it = nxc__json_each(want);
         is_same && nxc__json_next(&it);)
        is_same = nxc__json_number(it.value) == (double)ids[it.index];
    if (!is_same)
        fail_msg("tokenizer.jsonl:%zu: other ids for \"%.*s\"", line,
                 NXC_STR_ARG(text));
}

static void ids_equal_the_reference(void **state) {
    (void)state;
    char path[1024];
    if (!find_vocab(path, sizeof path)) {
        print_message("no model: %s is not there\n", path);
        skip();
    }
    nxc__mapping vocab = map(path), golden = map(GOLDEN "tokenizer.jsonl"),
                 meta = map(GOLDEN "tokenizer.manifest.json");
    nxc__json_doc *manifest = parse("tokenizer.manifest.json", text_of(meta));
    const nxc__json *root = nxc__json_root(manifest);
    assert_sha256(golden, NXC_JSON_GET(root, "sha256"));
    assert_sha256(vocab,
                  NXC_JSON_GET(NXC_JSON_GET(root, "inputs"), "vocab.txt"));
    nxc__buffer image;
    nxc__wordpiece wp;
    nxc_error err;
    nxc__buffer_init(&image, &nxc__allocator_default, (size_t)64 << 20);
    assert_ok(
        nxc__wordpiece_compile(nxc__str(path), text_of(vocab), &image, &err),
        err);
    assert_ok(nxc__wordpiece_open(&wp, image.data, image.len, &err), err);
    size_t line = 0;
    nxc_str all = text_of(golden);
    for (size_t at = 0, end; at < all.len; at = end + 1) {
        end = nxc__str_find(all, '\n', at);
        nxc__json_doc *doc =
            parse("tokenizer.jsonl", nxc__str_slice(all, at, end));
        replay(&wp, nxc__json_root(doc), ++line);
        nxc__json_free(doc);
    }
    assert_true(nxc__json_number(NXC_JSON_GET(root, "records")) ==
                (double)line);
    print_message("%zu texts\n", line);
    nxc__json_free(manifest);
    nxc__buffer_release(&image);
    nxc__file_unmap(&vocab);
    nxc__file_unmap(&golden);
    nxc__file_unmap(&meta);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_equal_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
