/*
 * Reading a catalog: one block of bytes, checked once, then read in place.
 *
 *     open_owned | open_borrowed -> accessors -> nxc_catalog_free
 *
 *     image                      0       header, section table
 *                                        sections (catalog_format.h)
 *     embeddings (optional)      size    header, (n_operations, 384) float32
 *
 * open checks the header, the checksum, that the sections lie behind one
 * another inside the image, and then every number in them against the table it
 * points into; afterwards no accessor checks anything but its own arguments.
 * A string number is good if it is below n_strings, because the offsets were
 * seen to ascend. A free slot in the id table is made sure of, so a probe ends.
 *
 * Threading: immutable after open. Cost of open: one pass over the bytes and no
 * allocation but the handle; of a lookup by id: one hash, about one probe.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "catalog/catalog_handle.h"
#include "catalog/resource.h"

/* ----------------------------------------------------------- validation */

static nxc_status damaged(nxc_error *err, const char *what, uint64_t i) {
    return nxc__error(err, NXC_ERR_FORMAT,
                      "%s %llu: expected values of a catalog, got others", what,
                      (unsigned long long)i);
}

static nxc_status check_header(const uint8_t *bytes, size_t size,
                               nxc__catalog_header *h, nxc_error *err) {
    if (size < sizeof *h)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "header: expected %zu bytes, got %zu", sizeof *h,
                          size);
    memcpy(h, bytes, sizeof *h);
    if (memcmp(h->magic, NXC_CATALOG_MAGIC, sizeof h->magic) != 0)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "header: expected a compiled catalog, got other "
                          "bytes");
    if (h->version != NXC_CATALOG_VERSION)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "header: expected version %u, got %u",
                          NXC_CATALOG_VERSION, h->version);
    size_t least = sizeof *h + NXC_N_SECTIONS * sizeof(nxc__section_record);
    if (h->n_sections != NXC_N_SECTIONS)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "header: expected %d sections, got %u",
                          (int)NXC_N_SECTIONS, h->n_sections);
    if (h->size < least || h->size > size)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "header: expected an image of at most %zu bytes, "
                          "got %llu",
                          size, (unsigned long long)h->size);
    uint64_t checksum =
        nxc__hash64(bytes + NXC_CATALOG_CHECKED_FROM,
                    (size_t)h->size - NXC_CATALOG_CHECKED_FROM, 0);
    if (checksum != h->checksum)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "header: expected checksum %016llx, got %016llx",
                          (unsigned long long)h->checksum,
                          (unsigned long long)checksum);
    if (h->format[sizeof h->format - 1] ||
        h->source_sha256[sizeof h->source_sha256 - 1])
        return damaged(err, "header text", 0);
    return NXC_OK;
}

/* Bytes of one row of each kind. */
static const size_t row_size[NXC_N_SECTIONS] = {sizeof(uint32_t),
                                                1,
                                                sizeof(nxc__op_record),
                                                sizeof(nxc__field_record),
                                                sizeof(uint32_t),
                                                sizeof(uint32_t),
                                                sizeof(nxc__related_record),
                                                sizeof(nxc__id_slot),
                                                1,
                                                1};

static nxc_status check_sections(nxc_catalog *c, nxc_error *err) {
    uint64_t end = sizeof(nxc__catalog_header) +
                   NXC_N_SECTIONS * sizeof(nxc__section_record);
    for (uint32_t i = 0; i < NXC_N_SECTIONS; i++) {
        nxc__section_record s;
        memcpy(&s, c->image + sizeof(nxc__catalog_header) + i * sizeof s,
               sizeof s);
        if (s.kind != i + 1 || s.offset % NXC_CATALOG_ALIGN || s.offset < end ||
            s.offset > c->size || s.length > c->size - s.offset ||
            s.length % row_size[i] || s.length / row_size[i] >= UINT32_MAX)
            return damaged(err, "section", i + 1);
        end = s.offset + s.length;
        c->section[i] = c->image + s.offset;
        c->n[i] = (size_t)s.length / row_size[i];
    }
    return NXC_OK;
}

static nxc_status check_strings(nxc_catalog *c, nxc_error *err) {
    const uint32_t *offsets = SECTION(c, STRING_OFFSETS);
    size_t n = COUNT(c, STRING_OFFSETS), n_bytes = COUNT(c, STRING_BYTES);
    if (n < 2 || offsets[0] != 0 || offsets[1] != 0 ||
        offsets[n - 1] != n_bytes)
        return damaged(err, "string", 0);
    for (size_t i = 1; i < n; i++)
        if (offsets[i] < offsets[i - 1]) return damaged(err, "string", i);
    c->n_strings = (uint32_t)(n - 1);
    if (c->header.name >= c->n_strings) return damaged(err, "header name", 0);
    return NXC_OK;
}

static nxc_status check_resources(const nxc_catalog *c, nxc_error *err) {
    const uint32_t *strings = SECTION(c, RESOURCES);
    size_t n = COUNT(c, RESOURCES);
    if (n < 2) return damaged(err, "resource", 0);
    for (size_t i = 0; i < n; i++) {
        if (strings[i] >= c->n_strings) return damaged(err, "resource", i);
        if (i > 2 && nxc__str_compare(nxc__catalog_string(c, strings[i - 1]),
                                      nxc__catalog_string(c, strings[i])) >= 0)
            return damaged(err, "resource", i);
    }
    if (!nxc__str_eq(nxc__catalog_string(c, strings[0]), NXC_STR("none")) ||
        !nxc__str_eq(nxc__catalog_string(c, strings[1]), NXC_STR("unknown")))
        return damaged(err, "resource", 0);
    const uint32_t *parents = SECTION(c, PARENTS);
    for (size_t i = 0; i < COUNT(c, PARENTS); i++)
        if (parents[i] < 2 || parents[i] >= n) return damaged(err, "parent", i);
    const nxc__related_record *r = SECTION(c, RELATED);
    for (size_t i = 0; i < COUNT(c, RELATED); i++)
        if (r[i].low < 2 || r[i].low >= r[i].high || r[i].high >= n ||
            (i && (r[i].low < r[i - 1].low ||
                   (r[i].low == r[i - 1].low && r[i].high <= r[i - 1].high))))
            return damaged(err, "relation", i);
    return NXC_OK;
}

static bool is_sound_op(const nxc_catalog *c, const nxc__op_record *op) {
    const uint32_t strings[] = {
        op->id,      op->path,        op->operation_id,
        op->summary, op->description, op->tags,
        op->text,    op->body_schema, op->returns_schema};
    uint32_t top = 0;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        top = strings[i] > top ? strings[i] : top;
    uint64_t n_fields = op->first_field;
    for (size_t i = 0; i < 4; i++)
        n_fields += op->n_fields[i];
    uint32_t flags = NXC_OP_DEPRECATED | NXC_OP_WEBHOOK | NXC_OP_BODY_REQUIRED;
    return top < c->n_strings && op->id != 0 &&
           op->resource < COUNT(c, RESOURCES) &&
           op->resource != NXC_RESOURCE_UNKNOWN &&
           (uint64_t)op->first_parent + op->n_parents <= COUNT(c, PARENTS) &&
           n_fields <= COUNT(c, FIELDS) && op->method <= NXC_METHOD_OTHER &&
           op->risk <= NXC_RISK_MONEY && (op->flags & ~flags) == 0;
}

static nxc_status check_operations(const nxc_catalog *c, nxc_error *err) {
    const nxc__op_record *ops = SECTION(c, OPERATIONS);
    size_t n = COUNT(c, OPERATIONS), n_webhooks = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_sound_op(c, &ops[i])) return damaged(err, "operation", i);
        n_webhooks += (ops[i].flags & NXC_OP_WEBHOOK) != 0;
    }
    if (n != c->header.n_operations || n_webhooks != c->header.n_webhooks)
        return damaged(err, "header counts", 0);
    const nxc__field_record *fields = SECTION(c, FIELDS);
    for (size_t i = 0; i < COUNT(c, FIELDS); i++)
        if (fields[i].name >= c->n_strings || fields[i].in >= c->n_strings ||
            fields[i].type >= c->n_strings || fields[i].required > 1)
            return damaged(err, "field", i);
    const nxc__id_slot *slots = SECTION(c, ID_SLOTS);
    size_t n_slots = COUNT(c, ID_SLOTS), n_used = 0;
    if (n_slots == 0 || (n_slots & (n_slots - 1)))
        return damaged(err, "id slot", 0);
    for (size_t i = 0; i < n_slots; i++) {
        if (slots[i].op_one > n) return damaged(err, "id slot", i);
        n_used += slots[i].op_one != 0;
    }
    return n_used <= n_slots / 2 ? NXC_OK : damaged(err, "id slot", n_slots);
}

/* Behind the image: nothing, or embeddings for every operation. */
static nxc_status check_embeddings(nxc_catalog *c, size_t size,
                                   nxc_error *err) {
    nxc__embeddings_header h;
    size_t left = size - c->size, n = COUNT(c, OPERATIONS), bytes;
    if (left == 0) return NXC_OK;
    if (left < sizeof h) return damaged(err, "embeddings", 0);
    memcpy(&h, c->image + c->size, sizeof h);
    if (memcmp(h.magic, NXC_EMBEDDINGS_MAGIC, sizeof h.magic) != 0 ||
        h.dim != NXC_EMBEDDINGS_DIM || h.n != n ||
        h.fingerprint[sizeof h.fingerprint - 1] ||
        !nxc__mul(n, NXC_EMBEDDINGS_DIM * sizeof(float), &bytes) ||
        left - sizeof h != bytes)
        return damaged(err, "embeddings", 0);
    size_t from = offsetof(nxc__embeddings_header, fingerprint);
    const uint8_t *at = c->image + c->size;
    if (nxc__hash64(at + from, left - from, 0) != h.checksum)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "embeddings: expected another checksum, got %016llx",
                          (unsigned long long)h.checksum);
    const uint32_t *bits = (const uint32_t *)(const void *)(at + sizeof h);
    uint32_t n_odd = 0;
    for (size_t i = 0; i < n * NXC_EMBEDDINGS_DIM; i++)
        n_odd += (bits[i] & 0x7F800000u) == 0x7F800000u;
    if (n_odd)
        return nxc__error(err, NXC_ERR_FORMAT,
                          "embeddings: expected finite numbers, got %u others",
                          n_odd);
    c->embeddings = (const float *)(const void *)bits;
    memcpy(c->fingerprint, h.fingerprint, sizeof c->fingerprint);
    return NXC_OK;
}

static nxc_status attach(nxc_catalog *c, const uint8_t *bytes, size_t size,
                         nxc_error *err) {
    if ((uintptr_t)bytes % 8 != 0)
        return nxc__error(err, NXC_ERR_INVALID,
                          "catalog: expected bytes at a multiple of 8, got "
                          "another address");
    NXC_TRY(check_header(bytes, size, &c->header, err));
    c->image = bytes;
    c->size = (size_t)c->header.size;
    NXC_TRY(check_sections(c, err));
    NXC_TRY(check_strings(c, err));
    NXC_TRY(check_resources(c, err));
    NXC_TRY(check_operations(c, err));
    NXC_TRY(nxc__path_index_open(&c->paths, SECTION(c, PATH_INDEX),
                                 COUNT(c, PATH_INDEX), COUNT(c, OPERATIONS),
                                 err));
    if (COUNT(c, NGRAM))
        NXC_TRY(nxc__ngram_open(&c->ngram, SECTION(c, NGRAM), COUNT(c, NGRAM),
                                err));
    return check_embeddings(c, size, err);
}

nxc_status nxc__catalog_open_borrowed(const uint8_t *bytes, size_t size,
                                      const nxc_allocator *alloc,
                                      nxc_catalog **out, nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc_catalog *c = nxc__alloc_zero(alloc, sizeof *c);
    if (!c) return nxc__error_nomem(err, sizeof *c);
    c->alloc = alloc;
    nxc_status st = attach(c, bytes, size, err);
    if (st != NXC_OK) {
        nxc__free(alloc, c, sizeof *c);
        return st;
    }
    *out = c;
    return NXC_OK;
}

nxc_status nxc__catalog_open_owned(uint8_t *block, size_t block_size,
                                   size_t size, const nxc_allocator *alloc,
                                   nxc_catalog **out, nxc_error *err) {
    NXC_TRY(nxc__catalog_open_borrowed(block, size, alloc, out, err));
    (*out)->owned = block;
    (*out)->owned_size = block_size;
    return NXC_OK;
}

void nxc_catalog_free(nxc_catalog *c) {
    if (!c) return;
    nxc__free(c->alloc, c->owned, c->owned_size);
    nxc__file_unmap(&c->mapping);
    nxc__free(c->alloc, c, sizeof *c);
}

/* ------------------------------------------------------------ accessors */

const char *nxc_method_name(nxc_method method) {
    static const char *const names[] = {"",       "GET",   "POST", "PUT",
                                        "DELETE", "PATCH", "HEAD", "OPTIONS",
                                        "TRACE",  ""};
    return (unsigned)method < sizeof names / sizeof *names
               ? names[(unsigned)method]
               : "";
}

static const nxc__op_record *op_of(const nxc_catalog *c, uint32_t op) {
    NXC_ASSERT(op < COUNT(c, OPERATIONS));
    return (const nxc__op_record *)SECTION(c, OPERATIONS) + op;
}

nxc_str nxc__catalog_name(const nxc_catalog *c) {
    return nxc__catalog_string(c, c->header.name);
}
const char *nxc__catalog_source_sha256(const nxc_catalog *c) {
    return c->header.source_sha256;
}
uint64_t nxc__catalog_version(const nxc_catalog *c) {
    return c->header.checksum;
}
const nxc__ngram *nxc__catalog_ngram(const nxc_catalog *c) { return &c->ngram; }
nxc_method nxc__catalog_method(const nxc_catalog *c, uint32_t op) {
    return (nxc_method)op_of(c, op)->method;
}
uint32_t nxc__catalog_flags(const nxc_catalog *c, uint32_t op) {
    return op_of(c, op)->flags;
}
nxc_risk nxc__catalog_risk(const nxc_catalog *c, uint32_t op) {
    return (nxc_risk)op_of(c, op)->risk;
}
nxc_str nxc__catalog_text(const nxc_catalog *c, uint32_t op) {
    return nxc__catalog_string(c, op_of(c, op)->text);
}

size_t nxc_catalog_n_operations(const nxc_catalog *c) {
    return COUNT(c, OPERATIONS);
}

bool nxc_catalog_get_operation(const nxc_catalog *c, uint32_t i,
                               nxc_operation *out) {
    if (i >= COUNT(c, OPERATIONS)) return false;
    const nxc__op_record *op = op_of(c, i);
    *out = (nxc_operation){
        .id = nxc__catalog_string(c, op->id),
        .method = (nxc_method)op->method,
        .path = nxc__catalog_string(c, op->path),
        .operation_id = nxc__catalog_string(c, op->operation_id),
        .summary = nxc__catalog_string(c, op->summary),
        .description = nxc__catalog_string(c, op->description),
        .tags = nxc__catalog_string(c, op->tags),
        .text = nxc__catalog_string(c, op->text),
        .resource = nxc__catalog_resource_name(c, op->resource),
        .body_schema = nxc__catalog_string(c, op->body_schema),
        .returns_schema = nxc__catalog_string(c, op->returns_schema),
        .depth = op->depth,
        .flags = op->flags,
        .n_parameters = op->n_fields[NXC_FIELD_PARAMETER],
        .n_body = op->n_fields[NXC_FIELD_BODY],
        .n_returns = op->n_fields[NXC_FIELD_RETURNS],
        .n_scopes = op->n_fields[NXC_FIELD_SCOPE],
        .risk = (nxc_risk)op->risk,
    };
    return true;
}

bool nxc_catalog_get_field(const nxc_catalog *c, uint32_t op,
                           nxc_field_kind kind, uint32_t i, nxc_field *out) {
    if (op >= COUNT(c, OPERATIONS) || (unsigned)kind > NXC_FIELD_SCOPE)
        return false;
    const nxc__op_record *rec = op_of(c, op);
    if (i >= rec->n_fields[(unsigned)kind]) return false;
    size_t at = rec->first_field + (size_t)i;
    for (unsigned k = 0; k < (unsigned)kind; k++)
        at += rec->n_fields[k];
    const nxc__field_record *f =
        (const nxc__field_record *)SECTION(c, FIELDS) + at;
    *out = (nxc_field){nxc__catalog_string(c, f->name),
                       nxc__catalog_string(c, f->in),
                       nxc__catalog_string(c, f->type), f->required != 0};
    return true;
}

/* ------------------------------------------------------------ resources */

size_t nxc__catalog_n_resources(const nxc_catalog *c) {
    return COUNT(c, RESOURCES);
}
nxc_str nxc__catalog_resource_name(const nxc_catalog *c, uint32_t resource) {
    NXC_ASSERT(resource < COUNT(c, RESOURCES));
    const uint32_t *strings = SECTION(c, RESOURCES);
    return nxc__catalog_string(c, strings[resource]);
}
uint32_t nxc__catalog_resource(const nxc_catalog *c, uint32_t op) {
    return op_of(c, op)->resource;
}
const uint32_t *nxc__catalog_parents(const nxc_catalog *c, uint32_t op,
                                     size_t *n) {
    const nxc__op_record *rec = op_of(c, op);
    *n = rec->n_parents;
    return (const uint32_t *)SECTION(c, PARENTS) + rec->first_parent;
}

uint32_t nxc__catalog_find_resource(const nxc_catalog *c, nxc_str name) {
    char folded[NXC_WORD_MAX];
    nxc_str key = nxc__resource_fold(name, folded);
    uint32_t low = 2, high = (uint32_t)COUNT(c, RESOURCES);
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = nxc__str_compare(nxc__catalog_resource_name(c, mid), key);
        if (order == 0) return mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NXC_RESOURCE_UNKNOWN;
}

bool nxc__catalog_resources_related(const nxc_catalog *c, uint32_t a,
                                    uint32_t b) {
    const nxc__related_record *r = SECTION(c, RELATED);
    uint32_t from = a < b ? a : b, to = a < b ? b : a;
    size_t low = 0, high = COUNT(c, RELATED);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r[mid].low == from && r[mid].high == to) return true;
        if (r[mid].low < from || (r[mid].low == from && r[mid].high < to))
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* -------------------------------------------------------------- finding */

uint32_t nxc__catalog_match(const nxc_catalog *c, nxc_method method,
                            nxc_str path) {
    return nxc__path_index_match(&c->paths, method, path);
}

uint32_t nxc__catalog_find_id(const nxc_catalog *c, nxc_str id) {
    if (id.len == 0) return NXC_NONE;
    const nxc__id_slot *slots = SECTION(c, ID_SLOTS);
    size_t mask = COUNT(c, ID_SLOTS) - 1;
    uint32_t hash = (uint32_t)nxc__hash64(id.ptr, id.len, NXC_ID_SEED);
    for (size_t i = hash & mask; slots[i].op_one; i = (i + 1) & mask) {
        if (slots[i].hash != hash) continue;
        uint32_t op = slots[i].op_one - 1;
        if (nxc__str_eq(nxc__catalog_string(c, op_of(c, op)->id), id) ||
            nxc__str_eq(nxc__catalog_string(c, op_of(c, op)->operation_id), id))
            return op;
    }
    return NXC_NONE;
}

uint32_t nxc_catalog_find(const nxc_catalog *c, nxc_str key) {
    uint32_t op = nxc__catalog_find_id(c, key);
    if (op != NXC_NONE) return op;
    key = nxc__str_trim(key);
    size_t space = 0;
    while (space < key.len && !nxc__is_space(key.ptr[space]))
        space++;
    if (space == key.len) return NXC_NONE;
    nxc_str name = nxc__str_slice(key, 0, space);
    nxc_str path = nxc__str_trim(nxc__str_slice(key, space, key.len));
    for (int m = NXC_METHOD_GET; m <= NXC_METHOD_TRACE; m++)
        if (nxc__str_ieq(name, nxc__str(nxc_method_name((nxc_method)m))))
            return nxc__catalog_match(c, (nxc_method)m, path);
    return NXC_NONE;
}

const float *nxc__catalog_embeddings(const nxc_catalog *c,
                                     const char *encoder_fingerprint) {
    if (!c->embeddings || !encoder_fingerprint ||
        strcmp(c->fingerprint, encoder_fingerprint) != 0)
        return NULL;
    return c->embeddings;
}

const uint8_t *nxc__catalog_image(const nxc_catalog *c, size_t *size) {
    *size = c->size;
    return c->image;
}
const nxc__catalog_header *nxc__catalog_header_of(const nxc_catalog *c) {
    return &c->header;
}
