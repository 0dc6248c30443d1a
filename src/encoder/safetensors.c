/*
 * The safetensors reader.
 *
 *     +----------------+----------------------------+----------------------+
 *     | u64 LE: length | JSON object of that length | data                 |
 *     +----------------+----------------------------+----------------------+
 *     { "__metadata__": {"format": "pt"},
 *       "<name>": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} }
 *
 * Offsets count from the end of the header. Every number is checked against
 * the bytes that are there before it is used; products are checked. Tensors
 * are sorted by offset, so that one pass finds gaps and overlaps.
 *
 * Source: github.com/huggingface/safetensors, README "Format". Stricter here:
 * duplicate names and further members of an entry are refused.
 * Threading: immutable after open. Cost: that of parsing the header.
 */
#include "encoder/safetensors.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/str.h"

#define LENGTH_BYTES 8

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {{"F32", 4},     {"F16", 2},     {"BF16", 2}, {"F64", 8},
              {"I64", 8},     {"I32", 4},     {"I16", 2},  {"I8", 1},
              {"U64", 8},     {"U32", 4},     {"U16", 2},  {"U8", 1},
              {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"BOOL", 1}};

static size_t dtype_bytes(nxc_str name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (nxc__str_eq(name, nxc__str(dtypes[i].name))) return dtypes[i].bytes;
    return 0;
}

/* Where the walk is, for errors. */
typedef struct walk {
    const nxc__safetensors *st;
    const uint8_t *data;
    size_t data_bytes;
    nxc_error *err;
} walk;

/* An integer of an entry's array. */
static nxc_status read_size(const walk *w, const nxc__json_path *array,
                            const nxc__json_iter *it, size_t *out) {
    uint64_t value;
    if (!nxc__json_uint(it->value, INT64_MAX, &value)) {
        nxc__json_path path = {array, {NULL, 0}, it->index};
        return nxc__json_error_type(w->st->header, &path, w->err,
                                    "a size in bytes or elements", it->value);
    }
    *out = (size_t)value;
    return NXC_OK;
}

/* shape -> t->rank, t->shape and the number of elements. */
static nxc_status read_shape(const walk *w, const nxc__json_path *entry,
                             const nxc__json *shape, nxc__tensor *t,
                             size_t *n_elements) {
    nxc__json_path path = {entry, NXC_STR("shape"), 0};
    if (!nxc__json_is(shape, NXC_JSON_ARRAY))
        return nxc__json_error_type(w->st->header, &path, w->err, "an array",
                                    shape);
    if (nxc__json_size(shape) > NXC_SAFETENSORS_MAX_RANK)
        return nxc__json_error(w->st->header, &path, w->err, NXC_ERR_LIMIT,
                               "expected at most %d dimensions, got %zu",
                               NXC_SAFETENSORS_MAX_RANK, nxc__json_size(shape));
    *n_elements = 1;
    for (nxc__json_iter it = nxc__json_each(shape); nxc__json_next(&it);) {
        size_t dim = 0;
        NXC_TRY(read_size(w, &path, &it, &dim));
        t->shape[t->rank++] = dim;
        if (!nxc__mul(*n_elements, dim, n_elements))
            return nxc__json_error(w->st->header, &path, w->err, NXC_ERR_FORMAT,
                                   "expected a tensor that fits in memory, got "
                                   "more elements than can be counted");
    }
    return NXC_OK;
}

/* data_offsets -> t->data and t->bytes, which must be those of the shape. */
static nxc_status read_offsets(const walk *w, const nxc__json_path *entry,
                               const nxc__json *offsets, size_t n_bytes,
                               nxc__tensor *t) {
    nxc__json_path path = {entry, NXC_STR("data_offsets"), 0};
    if (!nxc__json_is(offsets, NXC_JSON_ARRAY) || nxc__json_size(offsets) != 2)
        return nxc__json_error_type(w->st->header, &path, w->err,
                                    "an array of two offsets", offsets);
    size_t range[2] = {0, 0};
    for (nxc__json_iter it = nxc__json_each(offsets); nxc__json_next(&it);)
        NXC_TRY(read_size(w, &path, &it, &range[it.index]));
    if (range[0] > range[1] || range[1] > w->data_bytes)
        return nxc__json_error(w->st->header, &path, w->err, NXC_ERR_FORMAT,
                               "expected a range within %zu bytes of data, got "
                               "[%zu, %zu]",
                               w->data_bytes, range[0], range[1]);
    if (range[1] - range[0] != n_bytes)
        return nxc__json_error(w->st->header, &path, w->err, NXC_ERR_FORMAT,
                               "expected the %zu bytes of dtype and shape, got "
                               "%zu",
                               n_bytes, range[1] - range[0]);
    t->offset = range[0];
    t->data = w->data + range[0];
    t->bytes = n_bytes;
    return NXC_OK;
}

static nxc_status read_tensor(const walk *w, nxc_str name,
                              const nxc__json *entry, nxc__tensor *t) {
    const nxc__json_doc *doc = w->st->header;
    nxc__json_path root = {NULL, {NULL, 0}, 0}, path = {&root, name, 0};
    if (!nxc__json_is(entry, NXC_JSON_OBJECT))
        return nxc__json_error_type(doc, &path, w->err, "an object", entry);
    if (nxc__json_size(entry) != 3)
        return nxc__json_error(doc, &path, w->err, NXC_ERR_FORMAT,
                               "expected dtype, shape and data_offsets alone, "
                               "got %zu members",
                               nxc__json_size(entry));
    t->name = name;
    t->dtype = nxc__json_str(NXC_JSON_GET(entry, "dtype"));
    size_t n_elements = 0, n_bytes, item = dtype_bytes(t->dtype);
    if (item == 0) {
        nxc__json_path at = {&path, NXC_STR("dtype"), 0};
        return nxc__json_error_type(doc, &at, w->err, "a safetensors dtype",
                                    NXC_JSON_GET(entry, "dtype"));
    }
    NXC_TRY(read_shape(w, &path, NXC_JSON_GET(entry, "shape"), t, &n_elements));
    if (!nxc__mul(n_elements, item, &n_bytes))
        return nxc__json_error(doc, &path, w->err, NXC_ERR_FORMAT,
                               "expected a tensor that fits in memory, got "
                               "%zu elements",
                               n_elements);
    return read_offsets(w, &path, NXC_JSON_GET(entry, "data_offsets"), n_bytes,
                        t);
}

static nxc_status check_metadata(const walk *w, const nxc__json *metadata) {
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path path = {&root, NXC_STR("__metadata__"), 0};
    if (!nxc__json_is(metadata, NXC_JSON_OBJECT))
        return nxc__json_error_type(w->st->header, &path, w->err, "an object",
                                    metadata);
    for (nxc__json_iter it = nxc__json_each(metadata); nxc__json_next(&it);)
        if (!nxc__json_is(it.value, NXC_JSON_STRING)) {
            nxc__json_path at = {&path, it.key, it.index};
            return nxc__json_error_type(w->st->header, &at, w->err, "a string",
                                        it.value);
        }
    return NXC_OK;
}

static int by_offset(const void *a, const void *b) {
    const nxc__tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return nxc__str_compare(x->name, y->name);
}

/* No gap, no overlap, nothing after the last; and no name twice. */
static nxc_status check_cover(nxc__safetensors *st, const walk *w) {
    size_t end = 0;
    if (st->n) qsort(st->tensors, st->n, sizeof *st->tensors, by_offset);
    for (size_t i = 0; i < st->n; i++) {
        const nxc__tensor *t = &st->tensors[i];
        uint32_t found;
        if (t->offset != end)
            return nxc__error(w->err, NXC_ERR_FORMAT,
                              "%.*s: %.*s: expected data from byte %zu, where "
                              "the tensor before ends, got %zu",
                              NXC_STR_ARG(st->name), NXC_STR_ARG(t->name), end,
                              t->offset);
        end += t->bytes;
        NXC_TRY(
            nxc__strmap_add(&st->index, t->name, (uint32_t)i, &found, w->err));
        if (found != i)
            return nxc__error(w->err, NXC_ERR_FORMAT,
                              "%.*s: %.*s: expected one tensor of this name, "
                              "got two",
                              NXC_STR_ARG(st->name), NXC_STR_ARG(t->name));
    }
    if (end != w->data_bytes)
        return nxc__error(w->err, NXC_ERR_FORMAT,
                          "%.*s: expected %zu bytes of data for %zu tensors, "
                          "got %zu",
                          NXC_STR_ARG(st->name), end, st->n, w->data_bytes);
    return NXC_OK;
}

static nxc_status read_header(nxc__safetensors *st, const walk *w) {
    const nxc__json *root = nxc__json_root(st->header);
    nxc__json_path path = {NULL, {NULL, 0}, 0};
    if (!nxc__json_is(root, NXC_JSON_OBJECT))
        return nxc__json_error_type(st->header, &path, w->err, "an object",
                                    root);
    size_t bytes, n = nxc__json_size(root);
    if (n >= UINT32_MAX || !nxc__mul(n, sizeof *st->tensors, &bytes))
        return nxc__error(w->err, NXC_ERR_LIMIT,
                          "%.*s: expected fewer tensors, got %zu",
                          NXC_STR_ARG(st->name), n);
    st->tensors = nxc__alloc_zero(st->alloc, bytes);
    if (!st->tensors) return nxc__error_nomem(w->err, bytes);
    bool has_metadata = false;
    for (nxc__json_iter it = nxc__json_each(root); nxc__json_next(&it);) {
        if (!has_metadata && nxc__str_eq(it.key, NXC_STR("__metadata__"))) {
            has_metadata = true;
            NXC_TRY(check_metadata(w, it.value));
            continue;
        }
        NXC_TRY(read_tensor(w, it.key, it.value, &st->tensors[st->n]));
        st->n++;
    }
    return check_cover(st, w);
}

static nxc_status check_length(nxc_str name, const uint8_t *bytes, size_t size,
                               size_t *header_bytes, nxc_error *err) {
    uint64_t length = 0;
    if (size < LENGTH_BYTES + 2)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%.*s: expected a safetensors header, got %zu bytes",
                          NXC_STR_ARG(name), size);
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        length |= (uint64_t)bytes[i] << 8 * i;
    if (length > NXC_SAFETENSORS_MAX_HEADER)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%.*s: expected a header of at most %zu bytes, got "
                          "%ju",
                          NXC_STR_ARG(name), NXC_SAFETENSORS_MAX_HEADER,
                          (uintmax_t)length);
    if (length > size - LENGTH_BYTES)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%.*s: expected a header of %ju bytes, got %zu",
                          NXC_STR_ARG(name), (uintmax_t)length,
                          size - LENGTH_BYTES);
    if (length == 0 || bytes[LENGTH_BYTES] != '{')
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%.*s: expected a header that begins with {, got "
                          "another byte",
                          NXC_STR_ARG(name));
    *header_bytes = (size_t)length;
    return NXC_OK;
}

nxc_status nxc__safetensors_open(nxc__safetensors *st, nxc_str name,
                                 const void *bytes, size_t size,
                                 const nxc_allocator *alloc, nxc_error *err) {
    static const nxc__json_limits limits = {.max_bytes =
                                                NXC_SAFETENSORS_MAX_HEADER,
                                            .max_depth = 4,
                                            .max_values = 16u << 20};
    const uint8_t *p = bytes;
    size_t length = 0;
    NXC_TRY(check_length(name, p, size, &length, err));
    alloc = nxc__allocator_or_default(alloc);
    *st = (nxc__safetensors){.alloc = alloc, .name = name};
    nxc__strmap_init(&st->index, alloc);
    nxc_str text = {(const char *)p + LENGTH_BYTES, length};
    walk w = {st, p + LENGTH_BYTES + length, size - LENGTH_BYTES - length, err};
    nxc_status status =
        nxc__json_parse(name, text, &limits, alloc, &st->header, err);
    if (status == NXC_OK) status = read_header(st, &w);
    if (status != NXC_OK) nxc__safetensors_release(st);
    return status;
}

void nxc__safetensors_release(nxc__safetensors *st) {
    size_t n = st->header ? nxc__json_size(nxc__json_root(st->header)) : 0;
    nxc__free(st->alloc, st->tensors, n * sizeof *st->tensors);
    nxc__strmap_release(&st->index);
    if (st->header) nxc__json_free(st->header);
    st->tensors = NULL;
    st->header = NULL;
    st->n = 0;
}

const nxc__tensor *nxc__safetensors_find(const nxc__safetensors *st,
                                         nxc_str name) {
    uint32_t i = nxc__strmap_find(&st->index, name);
    return i == NXC_NONE ? NULL : &st->tensors[i];
}

/* "[30522, 384]" */
static void format_shape(const size_t *shape, size_t rank, char *buf,
                         size_t cap) {
    size_t used = 0;
    buf[0] = 0;
    for (size_t i = 0; i < rank && used < cap; i++) {
        int n =
            snprintf(buf + used, cap - used, "%s%zu", i ? ", " : "[", shape[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    if (used < cap) snprintf(buf + used, cap - used, rank ? "]" : "[]");
}

nxc_status nxc__safetensors_get_f32(const nxc__safetensors *st, nxc_str name,
                                    size_t rank, const size_t *shape,
                                    const uint8_t **data, nxc_error *err) {
    const nxc__tensor *t = nxc__safetensors_find(st, name);
    if (!t)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%.*s: expected a tensor %.*s, got none",
                          NXC_STR_ARG(st->name), NXC_STR_ARG(name));
    if (!nxc__str_eq(t->dtype, NXC_STR("F32")))
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%.*s: %.*s: expected dtype F32, got %.*s, which is "
                          "not supported",
                          NXC_STR_ARG(st->name), NXC_STR_ARG(name),
                          NXC_STR_ARG(t->dtype));
    bool same = t->rank == rank;
    for (size_t i = 0; same && i < rank; i++)
        same = t->shape[i] == shape[i];
    if (!same) {
        char want[64], got[64];
        format_shape(shape, rank, want, sizeof want);
        format_shape(t->shape, t->rank, got, sizeof got);
        return nxc__error(err, NXC_ERR_FORMAT,
                          "%.*s: %.*s: expected shape %s, got %s",
                          NXC_STR_ARG(st->name), NXC_STR_ARG(name), want, got);
    }
    *data = t->data;
    return NXC_OK;
}
