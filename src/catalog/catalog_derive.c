/*
 * What a finished catalog knows beside its operations:
 *
 *     resources    of each operation and its parents, by path or name
 *                  (resource.h); then the vocabulary, sorted; then the pairs
 *                  that stand on one path
 *     texts        the candidate text of each operation
 *     id slots     open addressing over ids and operationIds, at most half full
 *     path index   path_index.h, over everything that has a path
 *     n-gram       ngram.h, over candidate texts, summaries and descriptions
 *
 * Resources go through two passes: first operation and parent records hold
 * string numbers, then those are sorted into a vocabulary and replaced.
 * Every order is that of the input or of a sort, so equal input gives equal
 * bytes.
 *
 * Threading: one thread at a time. Cost: O(n log n) in resources, linear in
 * everything else.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "catalog/catalog_builder.h"
#include "catalog/path_index.h"
#include "catalog/resource.h"
#include "text/words.h"

/* Bytes of one description that go into the n-gram model. */
#define NGRAM_TEXT_MAX 1024

static nxc_str text_of(const nxc__catalog_builder *b, uint32_t string) {
    return nxc__pool_get(&b->strings, string);
}

/* ------------------------------------------------------------ resources */

static nxc_status name_resources(nxc__catalog_builder *b,
                                 nxc__catalog_derived *d, nxc_error *err) {
    for (uint32_t i = 0; i < b->n_ops; i++) {
        nxc__resource_words words;
        nxc__op_record *op = &nxc__builder_ops(b)[i];
        if (op->path)
            nxc__resource_of_path(text_of(b, op->path), &words);
        else
            nxc__resource_of_name(
                text_of(b, op->operation_id ? op->operation_id : op->id),
                &words);
        op->resource = nxc__pool_add(&b->strings, nxc__str(words.name));
        op->first_parent = (uint32_t)(d->parents.len / sizeof(uint32_t));
        op->n_parents = (uint8_t)words.n_parents;
        op->depth = (uint8_t)words.depth;
        for (uint32_t k = 0; k < words.n_parents; k++) {
            uint32_t parent =
                nxc__pool_add(&b->strings, nxc__str(words.parents[k]));
            nxc__buffer_append(&d->parents, &parent, sizeof parent);
        }
    }
    NXC_TRY(nxc__pool_status(&b->strings, err));
    return nxc__buffer_status(&d->parents, "catalog parents", err);
}

typedef struct named {
    nxc_str name;
    uint32_t string;
} named;

static int compare_named(const void *a, const void *b) {
    return nxc__str_compare(((const named *)a)->name, ((const named *)b)->name);
}

/* Put the distinct resources into names; mark[string] gets 1 for each. */
static size_t collect(const nxc__catalog_builder *b,
                      const nxc__catalog_derived *d, uint32_t *mark,
                      named *names) {
    size_t n = 0, n_parents = d->parents.len / sizeof(uint32_t);
    const uint32_t *parents = (const uint32_t *)(const void *)d->parents.data;
    for (size_t i = 0; i < b->n_ops + n_parents; i++) {
        uint32_t string = i < b->n_ops ? nxc__builder_ops(b)[i].resource
                                       : parents[i - b->n_ops];
        if (string == 0 || mark[string]) continue;
        mark[string] = 1;
        if (names) names[n] = (named){text_of(b, string), string};
        n++;
    }
    return n;
}

/* String numbers to numbers of the vocabulary. "" becomes 0: none. */
static nxc_status number_resources(nxc__catalog_builder *b,
                                   nxc__catalog_derived *d, nxc_error *err) {
    uint32_t fixed[2] = {nxc__pool_add(&b->strings, NXC_STR("none")),
                         nxc__pool_add(&b->strings, NXC_STR("unknown"))};
    NXC_TRY(nxc__pool_status(&b->strings, err));
    size_t n_strings = b->strings.n, bytes = n_strings * sizeof(uint32_t);
    uint32_t *map = nxc__alloc_zero(b->alloc, bytes);
    if (!map) return nxc__error_nomem(err, bytes);
    size_t n = collect(b, d, map, NULL);
    memset(map, 0, bytes);
    size_t names_bytes = (n + 1) * sizeof(named);
    named *names = nxc__alloc(b->alloc, names_bytes);
    if (!names) {
        nxc__free(b->alloc, map, bytes);
        return nxc__error_nomem(err, names_bytes);
    }
    collect(b, d, map, names);
    if (n) qsort(names, n, sizeof *names, compare_named);
    nxc__buffer_append(&d->resources, fixed, sizeof fixed);
    for (size_t i = 0; i < n; i++) {
        map[names[i].string] = (uint32_t)i + 2;
        nxc__buffer_append(&d->resources, &names[i].string, sizeof(uint32_t));
    }
    uint32_t *parents = (uint32_t *)(void *)d->parents.data;
    for (size_t i = 0; i < d->parents.len / sizeof(uint32_t); i++)
        parents[i] = map[parents[i]];
    for (uint32_t i = 0; i < b->n_ops; i++) {
        nxc__op_record *op = &nxc__builder_ops(b)[i];
        op->resource = map[op->resource];
    }
    nxc__free(b->alloc, names, names_bytes);
    nxc__free(b->alloc, map, bytes);
    return nxc__buffer_status(&d->resources, "catalog resources", err);
}

static int compare_related(const void *a, const void *b) {
    const nxc__related_record *x = a, *y = b;
    if (x->low != y->low) return x->low < y->low ? -1 : 1;
    return (x->high > y->high) - (x->high < y->high);
}

/* All pairs of resources that stand on one path. */
static nxc_status relate_resources(const nxc__catalog_builder *b,
                                   nxc__catalog_derived *d, nxc_error *err) {
    for (uint32_t i = 0; i < b->n_ops; i++) {
        const nxc__op_record *op = &nxc__builder_ops(b)[i];
        uint32_t chain[NXC_RESOURCE_MAX_PARENTS + 1];
        const uint32_t *parents =
            (const uint32_t *)(const void *)d->parents.data;
        size_t n = op->n_parents;
        if (n) memcpy(chain, parents + op->first_parent, n * sizeof *chain);
        if (op->resource != NXC_RESOURCE_NONE) chain[n++] = op->resource;
        for (size_t x = 0; x < n; x++) {
            for (size_t y = x + 1; y < n; y++) {
                nxc__related_record r = {chain[x], chain[y]};
                if (r.low > r.high) r = (nxc__related_record){r.high, r.low};
                if (r.low != r.high)
                    nxc__buffer_append(&d->related, &r, sizeof r);
            }
        }
    }
    NXC_TRY(nxc__buffer_status(&d->related, "catalog relations", err));
    nxc__related_record *r = (nxc__related_record *)(void *)d->related.data;
    size_t n = d->related.len / sizeof *r, kept = 0;
    if (n) qsort(r, n, sizeof *r, compare_related);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_related(&r[kept - 1], &r[i]) != 0)
            r[kept++] = r[i];
    d->related.len = kept * sizeof *r;
    return NXC_OK;
}

/* ---------------------------------------------------------------- texts */

static void append_word(nxc__buffer *out, size_t start, nxc_str word) {
    if (word.len == 0) return;
    if (out->len > start) nxc__buffer_append_char(out, ' ');
    nxc__buffer_append_str(out, word);
}

/* "find bus" for "Buses.findBus". */
static void append_name_words(nxc__buffer *out, size_t start, nxc_str name) {
    for (nxc__word_iter it = nxc__words(name, true); nxc__word_next(&it);)
        append_word(out, start, it.word);
}

void nxc__candidate_text(const nxc__catalog_builder *b,
                         const nxc__op_record *op, nxc_str resource,
                         nxc__buffer *out) {
    size_t start = out->len;
    nxc_str about = nxc__str_trim(text_of(b, op->summary));
    nxc_str name = text_of(b, op->operation_id ? op->operation_id : op->id);
    if (about.len == 0) about = nxc__str_trim(text_of(b, op->description));
    if (op->method == NXC_METHOD_NONE) {
        append_name_words(out, start, name);
        append_word(out, start, about);
        return;
    }
    append_word(out, start, nxc__str(nxc__method_verb((nxc_method)op->method)));
    size_t at = out->len;
    append_word(out, start, resource);
    for (; at < out->len; at++)
        if (out->data[at] == '_') out->data[at] = ' ';
    if (about.len) {
        append_word(out, start, about);
    } else if (op->path) {
        append_word(out, start, NXC_STR("from"));
        append_word(out, start, text_of(b, op->path));
    } else {
        append_name_words(out, start, name);
    }
}

static nxc_status write_texts(nxc__catalog_builder *b,
                              const nxc__catalog_derived *d, nxc_error *err) {
    const uint32_t *vocabulary =
        (const uint32_t *)(const void *)d->resources.data;
    for (uint32_t i = 0; i < b->n_ops; i++) {
        nxc__op_record *op = &nxc__builder_ops(b)[i];
        nxc_str resource = {"", 0};
        if (op->resource != NXC_RESOURCE_NONE)
            resource = text_of(b, vocabulary[op->resource]);
        b->scratch.len = 0;
        nxc__candidate_text(b, op, resource, &b->scratch);
        op->text = nxc__pool_add(&b->strings, nxc__buffer_str(&b->scratch));
    }
    NXC_TRY(nxc__buffer_status(&b->scratch, "catalog text", err));
    return nxc__pool_status(&b->strings, err);
}

/* ---------------------------------------------------------------- index */

static void place(const nxc__catalog_builder *b, nxc__id_slot *slots,
                  size_t n_slots, uint32_t string, uint32_t op) {
    nxc_str key = text_of(b, string);
    uint32_t hash = (uint32_t)nxc__hash64(key.ptr, key.len, NXC_ID_SEED);
    size_t mask = n_slots - 1, i = hash & mask;
    for (; slots[i].op_one; i = (i + 1) & mask) {
        const nxc__op_record *other = &nxc__builder_ops(b)[slots[i].op_one - 1];
        if (slots[i].hash == hash &&
            (other->id == string || other->operation_id == string))
            return; /* the first one of a name keeps it */
    }
    slots[i] = (nxc__id_slot){hash, op + 1};
}

static nxc_status index_ids(const nxc__catalog_builder *b,
                            nxc__catalog_derived *d, nxc_error *err) {
    size_t n_slots = 4;
    while (n_slots < (size_t)b->n_ops * 4)
        n_slots *= 2;
    nxc__id_slot *slots =
        nxc__buffer_extend(&d->id_slots, n_slots * sizeof *slots);
    if (!slots) return nxc__buffer_status(&d->id_slots, "catalog ids", err);
    for (uint32_t i = 0; i < b->n_ops; i++)
        place(b, slots, n_slots, nxc__builder_ops(b)[i].id, i);
    for (uint32_t i = 0; i < b->n_ops; i++)
        if (nxc__builder_ops(b)[i].operation_id)
            place(b, slots, n_slots, nxc__builder_ops(b)[i].operation_id, i);
    return NXC_OK;
}

/* The views that path_index.h takes, in two arrays of the caller. */
static nxc_status write_path_index(const nxc__catalog_builder *b,
                                   nxc__path_template *templates, nxc_str *base,
                                   nxc__buffer *out, nxc_error *err) {
    size_t n = 0, n_base = b->base_paths.len / sizeof(uint32_t);
    for (uint32_t i = 0; i < b->n_ops; i++) {
        const nxc__op_record *op = &nxc__builder_ops(b)[i];
        if (op->path && !(op->flags & NXC_OP_WEBHOOK))
            templates[n++] = (nxc__path_template){(nxc_method)op->method,
                                                  text_of(b, op->path), i};
    }
    const uint32_t *strings =
        (const uint32_t *)(const void *)b->base_paths.data;
    for (size_t i = 0; i < n_base; i++)
        base[i] = text_of(b, strings[i]);
    return nxc__path_index_write(templates, n, base, n_base, b->alloc, out,
                                 err);
}

static nxc_status index_paths(const nxc__catalog_builder *b,
                              nxc__catalog_derived *d, nxc_error *err) {
    size_t bytes = ((size_t)b->n_ops + 1) * sizeof(nxc__path_template);
    size_t base_bytes = b->base_paths.len / sizeof(uint32_t) * sizeof(nxc_str);
    nxc__path_template *templates = nxc__alloc(b->alloc, bytes);
    nxc_str *base = nxc__alloc(b->alloc, base_bytes);
    nxc_status st =
        templates && base
            ? write_path_index(b, templates, base, &d->path_index, err)
            : nxc__error_nomem(err, bytes + base_bytes);
    nxc__free(b->alloc, templates, bytes);
    nxc__free(b->alloc, base, base_bytes);
    return st;
}

/* --------------------------------------------------------------- n-gram */

static nxc_str clipped(nxc_str s) {
    size_t n = s.len;
    if (n > NGRAM_TEXT_MAX) {
        n = NGRAM_TEXT_MAX;
        while (n && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
            n--;
    }
    return nxc__str_trim(nxc__str_slice(s, 0, n));
}

static nxc_status train_ngram(const nxc__catalog_builder *b,
                              nxc__catalog_derived *d, nxc_error *err) {
    if (b->n_ops == 0) return NXC_OK;
    nxc__ngram_builder *model;
    NXC_TRY(nxc__ngram_builder_new(b->alloc, &model, err));
    nxc_status st = NXC_OK;
    for (uint32_t i = 0; i < b->n_ops; i++) {
        const nxc__op_record *op = &nxc__builder_ops(b)[i];
        const uint32_t strings[] = {op->text, op->summary, op->description};
        for (size_t k = 0; k < 3; k++) {
            nxc_str text = clipped(text_of(b, strings[k]));
            if (text.len)
                NXC_TRY_OR(done, st, nxc__ngram_add(model, text, err));
        }
    }
    st = nxc__ngram_finish(model, &d->ngram, err);
done:
    nxc__ngram_builder_free(model);
    return st;
}

nxc_status nxc__catalog_derive(nxc__catalog_builder *b, nxc__catalog_derived *d,
                               nxc_error *err) {
    NXC_TRY(name_resources(b, d, err));
    NXC_TRY(number_resources(b, d, err));
    NXC_TRY(relate_resources(b, d, err));
    NXC_TRY(write_texts(b, d, err));
    NXC_TRY(index_ids(b, d, err));
    NXC_TRY(index_paths(b, d, err));
    return train_ngram(b, d, err);
}
