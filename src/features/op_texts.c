/*
 * Two more texts of each operation, to be embedded beside the candidate text.
 *
 *     1  "create invoice of customer by customer"   method verb and path words
 *     2  "create invoice. Create an invoice"        operationId and sentence
 *
 * The sentence is the summary, or the first sentence of the description that
 * is no boilerplate: one that stands in at least four descriptions and in more
 * than a tenth of them (vendors like to begin each with the same note).
 */
#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"
#include "features/op_index.h"
#include "text/words.h"

enum { BOILERPLATE_MIN = 4, BOILERPLATE_SHARE = 10, MAX_SENTENCE = 240 };

typedef struct writer {
    nxc__op_index *index;
    nxc__strmap sentences; /* to the number of their counter */
    nxc__buffer counts;    /* uint32_t */
    nxc__buffer text;
} writer;

/* Cut the next sentence off *rest: up to ". ", "! ", "? " or a newline. */
static nxc_str next_sentence(nxc_str *rest) {
    size_t end = 0;
    for (; end < rest->len; end++) {
        char c = rest->ptr[end];
        if (c == '\n') break;
        if ((c == '.' || c == '!' || c == '?') &&
            (end + 1 == rest->len || nxc__is_space(rest->ptr[end + 1]))) {
            end++;
            break;
        }
    }
    nxc_str sentence = nxc__str_trim(nxc__str_slice(*rest, 0, end));
    if (end < rest->len) end++;
    *rest = nxc__str_slice(*rest, end, rest->len);
    return sentence;
}

static nxc_status count_sentences(writer *w, nxc_str description,
                                  nxc_error *err) {
    while (description.len) {
        nxc_str s = next_sentence(&description);
        uint32_t fresh = (uint32_t)(w->counts.len / sizeof(uint32_t)), at, n;
        if (s.len == 0) continue;
        NXC_TRY(nxc__strmap_add(&w->sentences, s, fresh, &at, err));
        if (at == fresh) nxc__buffer_extend(&w->counts, sizeof(uint32_t));
        NXC_TRY(nxc__buffer_status(&w->counts, "sentences", err));
        memcpy(&n, w->counts.data + at * sizeof n, sizeof n);
        n++;
        memcpy(w->counts.data + at * sizeof n, &n, sizeof n);
    }
    return NXC_OK;
}

static bool is_boilerplate(const writer *w, nxc_str sentence) {
    uint32_t at = nxc__strmap_find(&w->sentences, sentence), n;
    if (at == NXC_NONE) return false;
    memcpy(&n, w->counts.data + at * sizeof n, sizeof n);
    return n >= BOILERPLATE_MIN &&
           (size_t)n * BOILERPLATE_SHARE > w->index->n_ops;
}

/* Summary, else the description's first sentence of its own. */
static nxc_str sentence_of(const writer *w, const nxc_operation *op) {
    nxc_str rest = op->description, s = nxc__str_trim(op->summary);
    while (s.len == 0 && rest.len) {
        s = next_sentence(&rest);
        if (is_boilerplate(w, s)) s.len = 0;
    }
    if (s.len > MAX_SENTENCE) {
        s.len = MAX_SENTENCE;
        while (s.len && ((unsigned char)s.ptr[s.len] & 0xC0) == 0x80)
            s.len--;
    }
    return s;
}

static void append_words(nxc__buffer *b, nxc_str text) {
    for (nxc__word_iter it = nxc__words(text, true); nxc__word_next(&it);) {
        if (b->len) nxc__buffer_append_char(b, ' ');
        nxc__buffer_append_str(b, it.word);
    }
}

/* "/customers/{id}/invoices": customers by id invoices */
static void append_path(nxc__buffer *b, nxc_str path) {
    for (size_t i = 0; i < path.len;) {
        size_t end = nxc__str_find(path, '/', i);
        nxc_str s = nxc__str_slice(path, i, end);
        if (nxc__str_find(s, '{', 0) < s.len) append_words(b, NXC_STR("by"));
        append_words(b, s);
        i = end + 1;
    }
}

static nxc_status keep(writer *w, nxc_str *out, nxc_error *err) {
    NXC_TRY(nxc__buffer_status(&w->text, "operation text", err));
    *out = nxc__arena_copy(&w->index->arena, nxc__buffer_str(&w->text));
    w->text.len = 0;
    return out->ptr ? NXC_OK : nxc__error_nomem(err, w->text.len);
}

static nxc_status write_texts(writer *w, uint32_t i, nxc_str *path,
                              nxc_str *name, nxc_error *err) {
    nxc_operation op;
    if (!nxc_catalog_get_operation(w->index->catalog, i, &op))
        NXC_UNREACHABLE("i is below the number of operations");
    append_words(&w->text, nxc__str(nxc__method_verb(op.method)));
    if (op.path.len)
        append_path(&w->text, op.path);
    else
        append_words(&w->text, op.operation_id.len ? op.operation_id : op.id);
    NXC_TRY(keep(w, path, err));
    append_words(&w->text, op.operation_id.len ? op.operation_id : NXC_STR(""));
    nxc_str sentence = sentence_of(w, &op);
    if (w->text.len == 0 && sentence.len == 0) append_path(&w->text, op.path);
    if (w->text.len && sentence.len) nxc__buffer_append_z(&w->text, ". ");
    nxc__buffer_append_str(&w->text, sentence);
    return keep(w, name, err);
}

static nxc_status write_all(writer *w, nxc_error *err) {
    nxc__op_index *index = w->index;
    nxc_str *path = nxc__arena_alloc_array(&index->arena, index->n_ops + 1,
                                           2 * sizeof *path);
    if (!path) return nxc__error_nomem(err, index->n_ops);
    nxc_str *name = path + index->n_ops;
    nxc_operation op;
    for (uint32_t i = 0; nxc_catalog_get_operation(index->catalog, i, &op); i++)
        NXC_TRY(count_sentences(w, op.description, err));
    for (uint32_t i = 0; i < index->n_ops; i++)
        NXC_TRY(write_texts(w, i, &path[i], &name[i], err));
    index->texts[1] = path;
    index->texts[2] = name;
    return NXC_OK;
}

nxc_status nxc__op_texts(nxc__op_index *index, nxc_error *err) {
    writer w = {.index = index};
    nxc__strmap_init(&w.sentences, index->alloc);
    nxc__buffer_init(&w.counts, index->alloc, SIZE_MAX / 2);
    nxc__buffer_init(&w.text, index->alloc, (size_t)1 << 24);
    nxc_status st = write_all(&w, err);
    nxc__strmap_release(&w.sentences);
    nxc__buffer_release(&w.counts);
    nxc__buffer_release(&w.text);
    return st;
}
