/*
 * What a feature vector depends on, as hashes: docs/formats/cache-key.md.
 *
 * The layouts below are what that page states; numbers are little-endian. The
 * context takes of a call what identifies it to a feature that does not depend
 * on now: operation, method, resource and state, not its time, its concrete ids
 * or its response. So a new feature needs nothing here as long as it reads a
 * history through these.
 */
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/vectors.h"

#define MAGIC "nextcall vector 1"

/* What set v2 depends on behind the calls. */
typedef struct context_end {
    nxc__hash128 delta, statistics;
} context_end;
static_assert(sizeof(context_end) == 32, "docs/formats/cache-key.md");

typedef struct call_record {
    uint32_t operation, method, resource, state;
} call_record;
static_assert(sizeof(call_record) == 16, "docs/formats/cache-key.md");

nxc_status nxc__vectors_context(const nxc__vector_inputs *in, nxc__arena *arena,
                                nxc__hash128 *out, nxc_error *err) {
    const nxc__session *session = in->session;
    const uint8_t *states = in->entry->states;
    bool is_whole = nxc__feature_set_is_whole(in->set);
    size_t bytes = session->n * sizeof(call_record);
    call_record *records = nxc__arena_alloc(arena, bytes + sizeof(context_end));
    if (!records) return nxc__error_nomem(err, bytes);
    for (size_t i = 0; i < session->n; i++) {
        const nxc__call *c = &session->calls[i];
        uint32_t state =
            c->operation != NXC_NONE
                ? states[c->operation]
                : (uint32_t)nxc__workflow_state(c->method, c->path, c->name);
        records[i] = (call_record){c->operation, (uint32_t)c->method,
                                   c->resource, state};
    }
    if (is_whole) {
        context_end end = {nxc__hash_128(in->delta.ptr, in->delta.len),
                           in->statistics};
        memcpy(records + session->n, &end, sizeof end);
        bytes += sizeof end;
    }
    *out = nxc__hash_128(records, bytes);
    return NXC_OK;
}

nxc_status nxc__vectors_request(const nxc__vector_inputs *in, nxc__arena *arena,
                                nxc__hash128 *out, nxc_error *err) {
    nxc__hash128 *ids = nxc__arena_alloc_array(arena, in->n, sizeof *ids);
    if (!ids) return nxc__error_nomem(err, in->n * sizeof *ids);
    for (size_t i = 0; i < in->n; i++)
        ids[i] = in->entry->ids[in->candidates[i]];
    *out = nxc__hash_128(ids, in->n * sizeof *ids);
    return NXC_OK;
}

void nxc__vectors_candidates(const nxc_catalog *catalog, nxc__hash128 *out,
                             size_t n) {
    nxc_operation op;
    for (size_t i = 0; i < n; i++)
        if (nxc_catalog_get_operation(catalog, (uint32_t)i, &op))
            out[i] = nxc__hash_128(op.id.ptr, op.id.len);
}

static void append_text(nxc__buffer *b, const char *text) {
    nxc__buffer_append(b, text, strlen(text) + 1);
}
static void append_u64(nxc__buffer *b, uint64_t value) {
    nxc__buffer_append(b, &value, sizeof value);
}
static void append_double(nxc__buffer *b, double value) {
    nxc__buffer_append(b, &value, sizeof value);
}

static void append_features(nxc__buffer *b, const nxc__feature_set *set) {
    append_u64(b, set->n);
    for (size_t i = 0; i < set->n; i++) {
        append_text(b, set->rows[i].name);
        append_text(b, set->rows[i].depends_on);
    }
}
static void append_matrices(nxc__buffer *b) {
    for (int p = 0; p < NXC_N_PATTERNS; p++)
        for (int from = 0; from < NXC_N_STATES; from++)
            for (int to = 0; to < NXC_N_STATES; to++)
                append_double(b, nxc__workflow_entry((nxc__pattern)p,
                                                     (nxc__state)from,
                                                     (nxc__state)to));
}

nxc_status nxc__vectors_fingerprint(const nxc_engine *e,
                                    const nxc__entry *entry,
                                    const nxc__feature_set *set,
                                    nxc__hash128 *out, nxc_error *err) {
    const nxc__ngram *ngram = nxc__catalog_ngram(entry->catalog);
    nxc__buffer b;
    nxc__buffer_init(&b, e->alloc, (size_t)1 << 30);
    append_text(&b, MAGIC);
    append_text(&b, nxc_version());
    append_features(&b, set);
    append_text(&b, e->fingerprint);
    append_double(
        &b, nxc__config_real(e->cfg, NXC_OPT_pattern_confidence_threshold));
    append_u64(&b, nxc__config_list(e->cfg, NXC_OPT_workflow_patterns));
    append_u64(&b, nxc__catalog_version(entry->catalog));
    append_u64(&b, ngram && ngram->image ? ngram->hash : 0);
    append_matrices(&b);
    nxc__buffer_append(&b, entry->states, entry->n);
    nxc_status st = nxc__buffer_status(&b, "fingerprint", err);
    if (st == NXC_OK) *out = nxc__hash_128(b.data, b.len);
    nxc__buffer_release(&b);
    return st;
}
