/*
 * Building a catalog: operations in, one block of bytes out.
 *
 *     new -> (add | add_base_path)* -> finish        finish frees the builder
 *                                   \-> free         without a catalog
 *
 * While it grows, an operation is already the record of the image (72 bytes of
 * string numbers and counts, catalog_format.h), its fields are records behind
 * one another, and every string stands once in a pool. finish then derives what
 * needs all operations (catalog_derive.c) and copies the parts behind a header:
 *
 *     header | section table | strings | operations | fields | ... | n-gram
 *
 * The new image is opened by the same code as one from a file, so whatever the
 * builder would get wrong is found here and not by a reader.
 *
 * Threading: one thread at a time. Cost: a few hash lookups an operation; at
 * finish the parts exist twice for a moment.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/config.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "catalog/catalog_builder.h"

#define MAX_RECORD_BYTES ((size_t)UINT32_MAX)
#define MAX_FIELD_BYTES ((size_t)256 << 20)

nxc_status nxc__catalog_builder_new(nxc_str name, const nxc_config *cfg,
                                    const nxc_allocator *alloc,
                                    nxc__catalog_builder **out,
                                    nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    nxc__catalog_builder *b = nxc__alloc_zero(alloc, sizeof *b);
    if (!b) return nxc__error_nomem(err, sizeof *b);
    b->alloc = alloc;
    b->max_ops = nxc__config_int(cfg, NXC_OPT_max_operations);
    nxc__pool_init(&b->strings, alloc);
    nxc__buffer_init(&b->ops, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&b->fields, alloc, MAX_FIELD_BYTES);
    nxc__buffer_init(&b->id_uses, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&b->base_paths, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&b->scratch, alloc, MAX_RECORD_BYTES);
    b->name = nxc__pool_add(&b->strings, name);
    nxc_status st = nxc__pool_status(&b->strings, err);
    if (st != NXC_OK) {
        nxc__catalog_builder_free(b);
        return st;
    }
    *out = b;
    return NXC_OK;
}

void nxc__catalog_builder_free(nxc__catalog_builder *b) {
    if (!b) return;
    nxc__pool_release(&b->strings);
    nxc__buffer_release(&b->ops);
    nxc__buffer_release(&b->fields);
    nxc__buffer_release(&b->id_uses);
    nxc__buffer_release(&b->base_paths);
    nxc__buffer_release(&b->scratch);
    nxc__free(b->alloc, b, sizeof *b);
}

static nxc_status builder_status(const nxc__catalog_builder *b,
                                 nxc_error *err) {
    NXC_TRY(nxc__pool_status(&b->strings, err));
    NXC_TRY(nxc__buffer_status(&b->ops, "catalog operations", err));
    NXC_TRY(nxc__buffer_status(&b->fields, "catalog fields", err));
    NXC_TRY(nxc__buffer_status(&b->id_uses, "catalog ids", err));
    NXC_TRY(nxc__buffer_status(&b->base_paths, "catalog base paths", err));
    return nxc__buffer_status(&b->scratch, "catalog text", err);
}

/* ------------------------------------------------------------------ ids */

/* The counter of a string; NULL out of memory. */
static uint32_t *uses_of(nxc__catalog_builder *b, uint32_t string) {
    size_t need = ((size_t)string + 1) * sizeof(uint32_t);
    if (b->id_uses.len < need &&
        !nxc__buffer_extend(&b->id_uses, need - b->id_uses.len))
        return NULL;
    return (uint32_t *)(void *)b->id_uses.data + string;
}

/* scratch holds the wanted id. A taken one gets the first free " (2)", ...; the
 * counter remembers where the search for it ended. */
static uint32_t unique_id(nxc__catalog_builder *b) {
    size_t base = b->scratch.len;
    uint32_t wanted = nxc__pool_add(&b->strings, nxc__buffer_str(&b->scratch));
    uint32_t *uses = uses_of(b, wanted);
    if (!uses) return 0;
    uint32_t n = ++*uses, string = wanted;
    if (n == 1) return string;
    b->n_duplicate_ids++;
    for (;; n++) {
        b->scratch.len = base;
        nxc__buffer_printf(&b->scratch, " (%u)", (unsigned)n);
        string = nxc__pool_add(&b->strings, nxc__buffer_str(&b->scratch));
        uses = uses_of(b, string);
        if (!uses || string == 0) return 0;
        if (++*uses == 1) break;
    }
    *uses_of(b, wanted) = n;
    return string;
}

static uint32_t id_of(nxc__catalog_builder *b, const nxc__operation_input *op) {
    const char *method = nxc_method_name(op->method);
    b->scratch.len = 0;
    if (op->id.len) {
        nxc__buffer_append_str(&b->scratch, op->id);
    } else if (op->path.len) {
        nxc__buffer_append_z(&b->scratch, *method ? method : "OTHER");
        nxc__buffer_append_char(&b->scratch, ' ');
        nxc__buffer_append_str(&b->scratch, op->path);
    } else {
        nxc__buffer_append_str(&b->scratch, op->operation_id);
    }
    if (b->scratch.len == 0) nxc__buffer_append_z(&b->scratch, "unnamed");
    return unique_id(b);
}

/* ------------------------------------------------------------------ add */

/* Fields in the order of their kinds, as the record counts them. */
static void add_fields(nxc__catalog_builder *b, const nxc__operation_input *op,
                       nxc__op_record *rec) {
    rec->first_field = (uint32_t)(b->fields.len / sizeof(nxc__field_record));
    for (unsigned kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < op->n_fields; i++) {
            const nxc__field_input *in = &op->fields[i];
            if ((unsigned)in->kind != kind) continue;
            nxc__field_record f = {nxc__pool_add(&b->strings, in->name),
                                   nxc__pool_add(&b->strings, in->in),
                                   nxc__pool_add(&b->strings, in->type),
                                   in->required};
            nxc__buffer_append(&b->fields, &f, sizeof f);
            rec->n_fields[kind]++;
        }
    }
}

nxc_status nxc__catalog_builder_add(nxc__catalog_builder *b,
                                    const nxc__operation_input *op,
                                    nxc_error *err) {
    if (b->n_ops >= b->max_ops)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "operations: expected at most %zu "
                          "(max_operations), got more",
                          b->max_ops);
    nxc__string_pool *s = &b->strings;
    nxc__op_record rec;
    memset(&rec, 0, sizeof rec);
    rec.id = id_of(b, op);
    rec.path = nxc__pool_add(s, op->path);
    rec.operation_id = nxc__pool_add(s, op->operation_id);
    rec.summary = nxc__pool_add(s, op->summary);
    rec.description = nxc__pool_add(s, op->description);
    rec.tags = nxc__pool_add(s, op->tags);
    rec.body_schema = nxc__pool_add(s, op->body_schema);
    rec.returns_schema = nxc__pool_add(s, op->returns_schema);
    rec.method = (uint8_t)op->method;
    rec.flags = op->flags;
    nxc__risk_input risk = {
        op->method, op->path, op->operation_id.len ? op->operation_id : op->id,
        op->summary.len ? op->summary : op->description, op->hints};
    rec.risk = (uint8_t)nxc__risk_of(&risk);
    add_fields(b, op, &rec);
    nxc__buffer_append(&b->ops, &rec, sizeof rec);
    NXC_TRY(builder_status(b, err));
    b->n_ops++;
    if (op->flags & NXC_OP_WEBHOOK) b->n_webhooks++;
    return NXC_OK;
}

nxc_status nxc__catalog_builder_add_base_path(nxc__catalog_builder *b,
                                              nxc_str path, nxc_error *err) {
    while (path.len && path.ptr[path.len - 1] == '/')
        path.len--;
    if (path.len == 0) return NXC_OK;
    uint32_t string = nxc__pool_add(&b->strings, path);
    const uint32_t *known = (const uint32_t *)(const void *)b->base_paths.data;
    size_t n = b->base_paths.len / sizeof string;
    for (size_t i = 0; i < n; i++)
        if (known[i] == string) return builder_status(b, err);
    if (n < NXC_CATALOG_MAX_BASE_PATHS)
        nxc__buffer_append(&b->base_paths, &string, sizeof string);
    return builder_status(b, err);
}

void nxc__catalog_builder_set_unresolved(nxc__catalog_builder *b, size_t n) {
    b->n_unresolved = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* --------------------------------------------------------------- finish */

static void derived_init(nxc__catalog_derived *d, const nxc_allocator *alloc) {
    nxc__buffer_init(&d->parents, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&d->resources, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&d->related, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&d->id_slots, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&d->path_index, alloc, MAX_RECORD_BYTES);
    nxc__buffer_init(&d->ngram, alloc, MAX_RECORD_BYTES);
}
static void derived_release(nxc__catalog_derived *d) {
    nxc__buffer_release(&d->parents);
    nxc__buffer_release(&d->resources);
    nxc__buffer_release(&d->related);
    nxc__buffer_release(&d->id_slots);
    nxc__buffer_release(&d->path_index);
    nxc__buffer_release(&d->ngram);
}

static size_t align_up(size_t n) {
    return (n + NXC_CATALOG_ALIGN - 1) & ~(size_t)(NXC_CATALOG_ALIGN - 1);
}

static void fill_header(const nxc__catalog_builder *b, const char *format,
                        const char *source_sha256, size_t size,
                        uint8_t *image) {
    nxc__catalog_header h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, NXC_CATALOG_MAGIC, sizeof h.magic);
    h.version = NXC_CATALOG_VERSION;
    h.n_sections = NXC_N_SECTIONS;
    h.size = size;
    h.n_operations = b->n_ops;
    h.n_webhooks = b->n_webhooks;
    h.name = b->name;
    h.n_duplicate_ids = b->n_duplicate_ids;
    h.n_unresolved = b->n_unresolved;
    snprintf(h.format, sizeof h.format, "%s", format);
    snprintf(h.source_sha256, sizeof h.source_sha256, "%s", source_sha256);
    memcpy(image, &h, sizeof h);
    h.checksum = nxc__hash64(image + NXC_CATALOG_CHECKED_FROM,
                             size - NXC_CATALOG_CHECKED_FROM, 0);
    memcpy(image, &h, sizeof h);
}

/* Copy the parts into one block. */
static nxc_status assemble(const nxc__catalog_builder *b,
                           const nxc__catalog_derived *d, const char *format,
                           const char *source_sha256, uint8_t **out,
                           size_t *out_size, nxc_error *err) {
    const nxc__buffer *parts[NXC_N_SECTIONS] = {
        &b->strings.offsets, &b->strings.bytes, &b->ops,     &b->fields,
        &d->parents,         &d->resources,     &d->related, &d->id_slots,
        &d->path_index,      &d->ngram};
    nxc__section_record table[NXC_N_SECTIONS];
    size_t size = align_up(sizeof(nxc__catalog_header) + sizeof table);
    for (uint32_t i = 0; i < NXC_N_SECTIONS; i++) {
        table[i] = (nxc__section_record){i + 1, 0, size, parts[i]->len};
        size = align_up(size + parts[i]->len);
    }
    uint8_t *image = nxc__alloc_zero(b->alloc, size);
    if (!image) return nxc__error_nomem(err, size);
    memcpy(image + sizeof(nxc__catalog_header), table, sizeof table);
    for (size_t i = 0; i < NXC_N_SECTIONS; i++)
        if (parts[i]->len)
            memcpy(image + table[i].offset, parts[i]->data, parts[i]->len);
    fill_header(b, format, source_sha256, size, image);
    *out = image;
    *out_size = size;
    return NXC_OK;
}

nxc_status nxc__catalog_builder_finish(nxc__catalog_builder *b,
                                       const char *format,
                                       const char *source_sha256,
                                       nxc_catalog **out, nxc_error *err) {
    nxc__catalog_derived d;
    derived_init(&d, b->alloc);
    uint8_t *image = NULL;
    size_t size = 0;
    nxc_status st = nxc__catalog_derive(b, &d, err);
    if (st == NXC_OK) st = builder_status(b, err);
    if (st == NXC_OK)
        st = assemble(b, &d, format, source_sha256, &image, &size, err);
    derived_release(&d);
    if (st != NXC_OK) return st;
    st = nxc__catalog_open_owned(image, size, size, b->alloc, out, err);
    if (st != NXC_OK) {
        nxc__free(b->alloc, image, size);
        return nxc__error_prefix(err, st, "catalog that was just built");
    }
    nxc__catalog_builder_free(b);
    return NXC_OK;
}
