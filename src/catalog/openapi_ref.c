#include "catalog/openapi_ref.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

#define MAX_HOPS 32         /* references that lead to references */
#define MAX_STEP_BYTES 1024 /* of an escaped step of a pointer */
#define MAX_ARRAY 1024      /* elements of an array that a pointer leads into */
#define MAX_STEPS ((size_t)4 << 20)
#define INDEX_FROM 64 /* members from which an object is indexed */
#define SEED UINT64_C(0x6e78637265666931)

void nxc__refs_init(nxc__refs *r, const nxc__json *root,
                    const nxc_allocator *alloc) {
    memset(r, 0, sizeof *r);
    r->root = root;
    r->alloc = alloc;
}
void nxc__refs_release(nxc__refs *r) {
    nxc__free(r->alloc, r->slots, r->cap * sizeof *r->slots);
    r->slots = NULL;
    r->cap = r->n = 0;
}

/* ---------------------------------------------------------------- table */

static uint64_t hash_of(const nxc__json *owner, nxc_str key) {
    return nxc__hash64(key.ptr, key.len, SEED ^ (uint64_t)(uintptr_t)owner);
}

/* The slot of a key, or the free one where it belongs. */
static nxc__ref_slot *probe(const nxc__refs *r, const nxc__json *owner,
                            nxc_str key, uint64_t hash) {
    size_t i = (size_t)hash & (r->cap - 1);
    for (; r->slots[i].owner; i = (i + 1) & (r->cap - 1))
        if (r->slots[i].hash == hash && r->slots[i].owner == owner &&
            nxc__str_eq(r->slots[i].key, key))
            break;
    return &r->slots[i];
}

static bool grow(nxc__refs *r, size_t n_more) {
    size_t cap = r->cap ? r->cap : 64, bytes;
    while (cap / 2 < r->n + n_more)
        if (!nxc__mul(cap, 2, &cap)) return false;
    if (cap == r->cap) return true;
    if (!nxc__mul(cap, sizeof *r->slots, &bytes)) return false;
    nxc__refs old = *r;
    r->slots = nxc__alloc_zero(r->alloc, bytes);
    if (!r->slots) {
        r->slots = old.slots;
        return false;
    }
    r->cap = cap;
    for (size_t i = 0; i < old.cap; i++) {
        const nxc__ref_slot *s = &old.slots[i];
        if (s->owner) *probe(r, s->owner, s->key, s->hash) = *s;
    }
    nxc__free(r->alloc, old.slots, old.cap * sizeof *old.slots);
    return true;
}

/* The last one of a key that occurs twice wins, as in nxc__json_get. */
static void put(nxc__refs *r, const nxc__json *owner, nxc_str key,
                const nxc__json *value) {
    uint64_t hash = hash_of(owner, key);
    nxc__ref_slot *s = probe(r, owner, key, hash);
    if (!s->owner) r->n++;
    *s = (nxc__ref_slot){owner, key, hash, value};
}

/* An object that is indexed has a slot for the key of no bytes and no address
 * whose value is the object itself. */
static bool ensure_indexed(nxc__refs *r, const nxc__json *object) {
    static const char mark[] = "\xff indexed";
    nxc_str key = {mark, sizeof mark - 1};
    if (r->cap && probe(r, object, key, hash_of(object, key))->owner)
        return true;
    if (!grow(r, nxc__json_size(object) + 1)) {
        r->status = NXC_ERR_NOMEM;
        return false;
    }
    put(r, object, key, object);
    for (nxc__json_iter it = nxc__json_each(object); nxc__json_next(&it);)
        put(r, object, it.key, it.value);
    return true;
}

/* Member of an object; *key becomes the document's own bytes of it. */
static const nxc__json *member(nxc__refs *r, const nxc__json *object,
                               nxc_str *key) {
    if (!nxc__json_is(object, NXC_JSON_OBJECT)) return NULL;
    if (nxc__json_size(object) < INDEX_FROM || !ensure_indexed(r, object)) {
        const nxc__json *found = NULL;
        nxc_str wanted = *key;
        for (nxc__json_iter it = nxc__json_each(object); nxc__json_next(&it);) {
            if (!nxc__str_eq(it.key, wanted)) continue;
            found = it.value;
            *key = it.key;
        }
        return found;
    }
    const nxc__ref_slot *s = probe(r, object, *key, hash_of(object, *key));
    if (!s->owner) return NULL;
    *key = s->key;
    return s->value;
}

const nxc__json *nxc__refs_get(nxc__refs *r, const nxc__json *v, nxc_str key) {
    return member(r, v, &key);
}

bool nxc__refs_next(nxc__refs *r, nxc__json_iter *it) {
    if (!nxc__json_next(it)) return false;
    if (r->n_steps++ < MAX_STEPS) return true;
    if (r->status == NXC_OK) r->status = NXC_ERR_LIMIT;
    return false;
}

nxc_status nxc__refs_status(const nxc__refs *r, nxc_error *err) {
    if (r->status == NXC_ERR_LIMIT)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "references: expected at most %zu values with all "
                          "of them followed, got more",
                          MAX_STEPS);
    return r->status == NXC_OK ? NXC_OK : nxc__error_nomem(err, 0);
}

/* ------------------------------------------------------------- pointers */

static int hex_of(char c) {
    if (nxc__is_digit(c)) return c - '0';
    c = nxc__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One step of a pointer in a URI fragment: %2F, then ~1 and ~0. False if it
 * does not fit into buf. */
static bool unescape(nxc_str step, char buf[MAX_STEP_BYTES], nxc_str *out) {
    size_t n = 0;
    if (nxc__str_find(step, '%', 0) == step.len &&
        nxc__str_find(step, '~', 0) == step.len) {
        *out = step;
        return true;
    }
    if (step.len > MAX_STEP_BYTES) return false;
    for (size_t i = 0; i < step.len; i++) {
        char c = step.ptr[i];
        if (c == '%' && i + 2 < step.len && hex_of(step.ptr[i + 1]) >= 0 &&
            hex_of(step.ptr[i + 2]) >= 0) {
            c = (char)(hex_of(step.ptr[i + 1]) * 16 + hex_of(step.ptr[i + 2]));
            i += 2;
        }
        buf[n++] = c;
    }
    size_t end = n;
    n = 0;
    for (size_t i = 0; i < end; i++) {
        char c = buf[i];
        if (c == '~' && i + 1 < end && (buf[i + 1] == '0' || buf[i + 1] == '1'))
            c = buf[++i] == '0' ? '~' : '/';
        buf[n++] = c;
    }
    *out = (nxc_str){buf, n};
    return true;
}

static const nxc__json *element(const nxc__json *array, nxc_str step) {
    size_t index = 0;
    if (step.len == 0 || step.len > 9) return NULL;
    if (nxc__json_size(array) > MAX_ARRAY) return NULL;
    for (size_t i = 0; i < step.len; i++) {
        if (!nxc__is_digit(step.ptr[i])) return NULL;
        index = index * 10 + (size_t)(step.ptr[i] - '0');
    }
    for (nxc__json_iter it = nxc__json_each(array); nxc__json_next(&it);)
        if (it.index == index) return it.value;
    return NULL;
}

/* Whether the members of the object behind this step are schemas by name. */
static bool names_schemas(nxc_str step) {
    return nxc__str_eq(step, NXC_STR("schemas")) ||
           nxc__str_eq(step, NXC_STR("definitions")) ||
           nxc__str_eq(step, NXC_STR("$defs"));
}

/* The value that "#/a/b" names. */
static const nxc__json *resolve(nxc__refs *r, nxc_str ref, nxc_str *name) {
    const nxc__json *v = r->root;
    char buf[MAX_STEP_BYTES];
    if (ref.len == 0 || ref.ptr[0] != '#') return NULL;
    if (ref.len > 1 && ref.ptr[1] != '/') return NULL;
    bool is_name = false;
    for (size_t i = 1; v && i < ref.len;) {
        size_t end = nxc__str_find(ref, '/', i + 1);
        nxc_str step;
        if (!unescape(nxc__str_slice(ref, i + 1, end), buf, &step)) return NULL;
        i = end;
        if (nxc__json_is(v, NXC_JSON_ARRAY)) {
            v = element(v, step);
            continue;
        }
        v = member(r, v, &step);
        if (v && end == ref.len && is_name) *name = step;
        is_name = names_schemas(step);
    }
    return v;
}

const nxc__json *nxc__refs_follow(nxc__refs *r, const nxc__json *v,
                                  nxc_str *name) {
    nxc_str last = {NULL, 0};
    for (int hops = 0; v && hops < MAX_HOPS; hops++) {
        const nxc__json *ref = nxc__refs_get(r, v, NXC_STR("$ref"));
        if (!nxc__json_is(ref, NXC_JSON_STRING)) {
            if (name && last.ptr) *name = last;
            return v;
        }
        v = resolve(r, nxc__json_str(ref), &last);
    }
    r->n_unresolved++;
    return NULL;
}
