/*
 * Reads LightGBM's text model format into a forest. The text is untrusted.
 *
 *     nxc__lightgbm_read:  first line -> header -> (tree block)* -> end marker
 *
 * Layout of a file: sections of key=value lines. The header ends at the first
 * "Tree=" line, a tree block at an empty line, the trees at "end of trees" (or,
 * in old files, at "feature importances:"); what follows is not read.
 *
 *     tree                          <- first line
 *     version=v4                    <- header
 *     max_feature_idx=10
 *     ...
 *     Tree=0                        <- block
 *     num_leaves=3
 *     split_feature=7 2             <- lists, one value per node or leaf
 *     ...
 *                                   <- empty line
 *     end of trees
 *
 * A section is first cut into fields (key -> rest of the line, line number),
 * then the known keys are read in an order of our own, so that the order in the
 * file does not matter; unknown keys are skipped, a second one is an error. A
 * list's count is compared with the bytes of its line before room is made for
 * it, so that no declared number costs more memory than the file has text.
 *
 * What LightGBM (src/io/tree.cpp, src/boosting/gbdt_model_text.cpp) does and we
 * do not: a) tree_sizes are byte offsets there and crash it where they are
 * wrong; here only their number counts; b) lists longer than needed are cut
 * there and refused here; c) child indexes are followed there and proved here
 * (forest.c). Numbers are rounded as the C library rounds (base/number.h).
 *
 * Threading: no state. Cost: one pass over the text, one look at each value.
 */
#include "ranker/lightgbm_read.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/str.h"

typedef struct field {
    nxc_str value;
    size_t line; /* 0: the section does not have it */
} field;

enum header_key {
    VERSION,
    NUM_CLASS,
    NUM_TREE_PER_ITERATION,
    MAX_FEATURE_IDX,
    AVERAGE_OUTPUT,
    FEATURE_NAMES,
    TREE_SIZES,
    N_HEADER_KEYS
};
#define KEY(literal) \
    { (literal), sizeof(literal) - 1 }
static const nxc_str header_keys[N_HEADER_KEYS] = {
    KEY("version"),
    KEY("num_class"),
    KEY("num_tree_per_iteration"),
    KEY("max_feature_idx"),
    KEY("average_output"),
    KEY("feature_names"),
    KEY("tree_sizes"),
};

enum tree_key {
    NUM_LEAVES,
    NUM_CAT,
    SPLIT_FEATURE,
    THRESHOLD,
    DECISION_TYPE,
    LEFT_CHILD,
    RIGHT_CHILD,
    LEAF_VALUE,
    CAT_BOUNDARIES,
    CAT_THRESHOLD,
    IS_LINEAR,
    LEAF_COUNT,
    INTERNAL_COUNT,
    SPLIT_GAIN,
    LEAF_CONST,
    NUM_FEATURES,
    LEAF_FEATURES,
    LEAF_COEFF,
    N_TREE_KEYS
};
static const nxc_str tree_keys[N_TREE_KEYS] = {
    KEY("num_leaves"),     KEY("num_cat"),       KEY("split_feature"),
    KEY("threshold"),      KEY("decision_type"), KEY("left_child"),
    KEY("right_child"),    KEY("leaf_value"),    KEY("cat_boundaries"),
    KEY("cat_threshold"),  KEY("is_linear"),     KEY("leaf_count"),
    KEY("internal_count"), KEY("split_gain"),    KEY("leaf_const"),
    KEY("num_features"),   KEY("leaf_features"), KEY("leaf_coeff"),
};

typedef struct reader {
    nxc_str name, text;
    size_t pos;  /* of the next line */
    size_t line; /* number of the line last read */
    nxc__forest *forest;
    nxc_error *err;
    /* the section at hand */
    const nxc_str *keys;
    size_t n_keys, first_line;
    field fields[N_TREE_KEYS];
    /* the tree at hand */
    nxc__forest_node *nodes;
    double *leaves;
    uint32_t *leaf_counts, *node_counts;
    float *gains;
    nxc__linear_leaf *linear;
    nxc__linear_term *terms;
    size_t n_terms;
    bool is_linear;
    size_t n_nodes, n_leaves, n_cat;
    uint32_t first_word, *words, *boundaries;
    size_t n_words;
} reader;
_Static_assert((int)N_HEADER_KEYS <= (int)N_TREE_KEYS, "fields hold both");

/* Puts "<name>:<line>: " before a message that does not say where. */
static nxc_status at_line(reader *r, size_t line, nxc_status st) {
    if (st == NXC_OK || st == NXC_ERR_NOMEM) return st;
    return nxc__error_prefix(r->err, st, "%.*s:%zu", NXC_STR_ARG(r->name),
                             line);
}
#define FAIL_AT(r, line, code, ...) \
    at_line(r, line, nxc__error((r)->err, code, __VA_ARGS__))

/* ----------------------------------------------------- lines and fields */

static bool at_end(const reader *r) { return r->pos >= r->text.len; }

/* The next line without its end; the text may lack the last one. */
static nxc_str peek_line(const reader *r, size_t *next) {
    size_t end = nxc__str_find(r->text, '\n', r->pos);
    *next = end < r->text.len ? end + 1 : end;
    if (end > r->pos && r->text.ptr[end - 1] == '\r') end--;
    return nxc__str_slice(r->text, r->pos, end);
}
static nxc_str read_line(reader *r) {
    size_t next;
    nxc_str line = peek_line(r, &next);
    r->pos = next;
    r->line++;
    return line;
}

static nxc_status add_field(reader *r, nxc_str line) {
    size_t eq = nxc__str_find(line, '=', 0);
    nxc_str key = nxc__str_slice(line, 0, eq);
    for (size_t i = 0; i < r->n_keys; i++) {
        if (!nxc__str_eq(key, r->keys[i])) continue;
        if (r->fields[i].line)
            return FAIL_AT(r, r->line, NXC_ERR_PARSE,
                           "expected one %s, got a second", r->keys[i].ptr);
        r->fields[i].line = r->line;
        if (eq < line.len)
            r->fields[i].value = nxc__str_slice(line, eq + 1, line.len);
    }
    return NXC_OK;
}

static void begin_section(reader *r, const nxc_str *keys, size_t n_keys) {
    memset(r->fields, 0, sizeof r->fields);
    r->keys = keys;
    r->n_keys = n_keys;
    r->first_line = r->line;
}

/* Where a field that the section has stands. */
static size_t line_of(const reader *r, size_t key) {
    return r->fields[key].line;
}

static nxc_status need_field(reader *r, size_t key) {
    if (r->fields[key].line) return NXC_OK;
    return FAIL_AT(r, r->first_line, NXC_ERR_PARSE, "expected %s, got none",
                   r->keys[key].ptr);
}

/* A single integer. */
static nxc_status read_int(reader *r, size_t key, int64_t *out) {
    NXC_TRY(need_field(r, key));
    nxc_str value = nxc__str_trim(r->fields[key].value);
    if (nxc__parse_int(value, INT64_MIN, INT64_MAX, out)) return NXC_OK;
    return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                   "expected an integer as %s, got \"%.*s\"", r->keys[key].ptr,
                   NXC_STR_ARG(value));
}

/* The next value of a list; empty at its end. */
static nxc_str next_value(nxc_str list, size_t *pos) {
    while (*pos < list.len && list.ptr[*pos] == ' ')
        ++*pos;
    size_t from = *pos, to = from;
    while (to < list.len && list.ptr[to] != ' ')
        to++;
    *pos = to;
    return nxc__str_slice(list, from, to);
}
static size_t count_values(nxc_str list) {
    size_t n = 0, pos = 0;
    while (next_value(list, &pos).len)
        n++;
    return n;
}

typedef nxc_status (*put_value)(reader *r, size_t key, size_t i, nxc_str value);

/* Hand each of exactly n values to put. */
static nxc_status read_list(reader *r, size_t key, size_t n, put_value put) {
    NXC_TRY(need_field(r, key));
    nxc_str list = r->fields[key].value;
    size_t pos = 0, i = 0;
    nxc_str v;
    while ((v = next_value(list, &pos)).len && i < n) {
        NXC_TRY(put(r, key, i, v));
        i++;
    }
    if (i == n && v.len == 0) return NXC_OK;
    return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                   "expected %zu values in %s, got %zu", n, r->keys[key].ptr,
                   i < n ? i : count_values(list));
}

/* Whether n values can stand in a list at all, before room is made for them. */
static nxc_status need_bytes(reader *r, size_t key, size_t n) {
    NXC_TRY(need_field(r, key));
    size_t most = (r->fields[key].value.len + 1) / 2;
    if (n <= most) return NXC_OK;
    return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                   "expected %zu values in %s, got a line for at most %zu", n,
                   r->keys[key].ptr, most);
}

static nxc_status list_int(reader *r, size_t key, size_t i, nxc_str value,
                           int64_t min, int64_t max, int64_t *out) {
    if (nxc__parse_int(value, min, max, out)) return NXC_OK;
    return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                   "expected %s[%zu] in [%lld, %lld], got \"%.*s\"",
                   r->keys[key].ptr, i, (long long)min, (long long)max,
                   NXC_STR_ARG(value));
}

/* ----------------------------------------------------------------- tree */

static nxc_status put_decision(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v;
    NXC_TRY(list_int(r, key, i, value, 0, NXC_MISSING_NAN + 3, &v));
    r->nodes[i].decision = (uint8_t)v;
    return NXC_OK;
}
static nxc_status put_feature(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v;
    NXC_TRY(
        list_int(r, key, i, value, 0, (int64_t)r->forest->n_features - 1, &v));
    r->nodes[i].feature = (uint16_t)v;
    return NXC_OK;
}
/* The range is proved by nxc__forest_check_tree. */
static nxc_status put_left(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v;
    NXC_TRY(list_int(r, key, i, value, INT32_MIN, INT32_MAX, &v));
    r->nodes[i].left = (int32_t)v;
    return NXC_OK;
}
static nxc_status put_right(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v;
    NXC_TRY(list_int(r, key, i, value, INT32_MIN, INT32_MAX, &v));
    r->nodes[i].right = (int32_t)v;
    return NXC_OK;
}
static nxc_status put_boundary(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v, min = i ? (int64_t)r->boundaries[i - 1] : 0;
    NXC_TRY(list_int(r, key, i, value, min, i ? (int64_t)r->n_words : 0, &v));
    r->boundaries[i] = (uint32_t)v;
    return NXC_OK;
}
static nxc_status put_word(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v;
    NXC_TRY(list_int(r, key, i, value, 0, UINT32_MAX, &v));
    r->words[i] = (uint32_t)v;
    return NXC_OK;
}
static nxc_status list_finite(reader *r, size_t key, size_t i, nxc_str value,
                              double *out) {
    if (nxc__parse_double(value, out) && isfinite(*out)) return NXC_OK;
    return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                   "expected a finite number as %s[%zu], got \"%.*s\"",
                   r->keys[key].ptr, i, NXC_STR_ARG(value));
}
static nxc_status put_leaf(reader *r, size_t key, size_t i, nxc_str value) {
    return list_finite(r, key, i, value, &r->leaves[i]);
}
static nxc_status put_constant(reader *r, size_t key, size_t i, nxc_str value) {
    return list_finite(r, key, i, value, &r->linear[i].constant);
}
static nxc_status put_n_terms(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v, most = (int64_t)r->forest->n_features;
    NXC_TRY(list_int(r, key, i, value, 0, most, &v));
    r->linear[i].n_terms = (uint32_t)v;
    r->n_terms += (size_t)v; /* at most 4,096 of 2^20 leaves */
    return NXC_OK;
}
static nxc_status put_term_feature(reader *r, size_t key, size_t i,
                                   nxc_str value) {
    int64_t v, last = (int64_t)r->forest->n_features - 1;
    NXC_TRY(list_int(r, key, i, value, 0, last, &v));
    r->terms[i].feature = (uint32_t)v;
    return NXC_OK;
}
static nxc_status put_coefficient(reader *r, size_t key, size_t i,
                                  nxc_str value) {
    return list_finite(r, key, i, value, &r->terms[i].coefficient);
}

static nxc_status put_count(reader *r, size_t key, size_t i, nxc_str value) {
    int64_t v;
    NXC_TRY(list_int(r, key, i, value, 0, INT32_MAX, &v));
    (key == LEAF_COUNT ? r->leaf_counts : r->node_counts)[i] = (uint32_t)v;
    return NXC_OK;
}
static nxc_status put_gain(reader *r, size_t key, size_t i, nxc_str value) {
    double v;
    if (!nxc__parse_double(value, &v) || isnan(v))
        return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                       "expected a number as split_gain[%zu], got \"%.*s\"", i,
                       NXC_STR_ARG(value));
    r->gains[i] = (float)v; /* as LightGBM keeps it */
    return NXC_OK;
}

/* After decision_type and cat_boundaries: the threshold of a categorical node
 * is the number of its set. */
static nxc_status put_threshold(reader *r, size_t key, size_t i,
                                nxc_str value) {
    nxc__forest_node *node = &r->nodes[i];
    double v;
    if (!nxc__parse_double(value, &v) || isnan(v))
        return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                       "expected a number as threshold[%zu], got \"%.*s\"", i,
                       NXC_STR_ARG(value));
    if (!(node->decision & NXC_DECISION_CATEGORICAL)) {
        node->split.threshold = v;
        return NXC_OK;
    }
    if (!(v >= 0 && v < (double)r->n_cat && floor(v) == v))
        return FAIL_AT(r, line_of(r, key), NXC_ERR_PARSE,
                       "expected threshold[%zu] of a categorical split as one "
                       "of %zu sets, got \"%.*s\"",
                       i, r->n_cat, NXC_STR_ARG(value));
    size_t set = (size_t)v;
    node->split.set.first_word = r->first_word + r->boundaries[set];
    node->split.set.n_words = r->boundaries[set + 1] - r->boundaries[set];
    return NXC_OK;
}

static nxc_status read_counts(reader *r) {
    int64_t v;
    NXC_TRY(read_int(r, NUM_LEAVES, &v));
    if (v < 1)
        return FAIL_AT(r, line_of(r, NUM_LEAVES), NXC_ERR_PARSE,
                       "expected num_leaves > 0, got %lld", (long long)v);
    r->n_leaves = (size_t)v;
    r->n_nodes = r->n_leaves - 1;
    NXC_TRY(read_int(r, NUM_CAT, &v));
    if (v < 0 || (uint64_t)v > r->n_nodes)
        return FAIL_AT(r, line_of(r, NUM_CAT), NXC_ERR_PARSE,
                       "expected num_cat in [0, %zu], got %lld", r->n_nodes,
                       (long long)v);
    r->n_cat = (size_t)v;
    v = 0;
    if (r->fields[IS_LINEAR].line) NXC_TRY(read_int(r, IS_LINEAR, &v));
    r->is_linear = v == 1;
    if (v == 0 || v == 1) return NXC_OK;
    return FAIL_AT(r, line_of(r, IS_LINEAR), NXC_ERR_PARSE,
                   "expected is_linear 0 or 1, got %lld", (long long)v);
}

static nxc_status read_sets(reader *r, uint32_t **boundaries) {
    const nxc_allocator *a = r->forest->alloc;
    NXC_TRY(need_bytes(r, CAT_BOUNDARIES, r->n_cat + 1));
    NXC_TRY(need_field(r, CAT_THRESHOLD));
    r->n_words = count_values(r->fields[CAT_THRESHOLD].value);
    NXC_TRY(at_line(r, line_of(r, CAT_THRESHOLD),
                    nxc__forest_add_words(r->forest, r->n_words, &r->first_word,
                                          &r->words, r->err)));
    NXC_TRY(read_list(r, CAT_THRESHOLD, r->n_words, put_word));
    size_t bytes = (r->n_cat + 1) * sizeof **boundaries;
    *boundaries = r->boundaries = nxc__alloc(a, bytes);
    if (!r->boundaries) return nxc__error_nomem(r->err, bytes);
    NXC_TRY(read_list(r, CAT_BOUNDARIES, r->n_cat + 1, put_boundary));
    if (r->boundaries[r->n_cat] == r->n_words) return NXC_OK;
    return FAIL_AT(r, line_of(r, CAT_BOUNDARIES), NXC_ERR_PARSE,
                   "expected cat_boundaries to end at %zu words, got %u",
                   r->n_words, r->boundaries[r->n_cat]);
}

static nxc_status read_nodes(reader *r) {
    nxc_status st = NXC_OK;
    uint32_t *boundaries = NULL;
    if (r->fields[DECISION_TYPE].line) /* absent: all 0, as LightGBM has it */
        NXC_TRY(read_list(r, DECISION_TYPE, r->n_nodes, put_decision));
    NXC_TRY(read_list(r, SPLIT_FEATURE, r->n_nodes, put_feature));
    NXC_TRY(read_list(r, LEFT_CHILD, r->n_nodes, put_left));
    NXC_TRY(read_list(r, RIGHT_CHILD, r->n_nodes, put_right));
    if (r->n_cat) st = read_sets(r, &boundaries);
    if (st == NXC_OK) st = read_list(r, THRESHOLD, r->n_nodes, put_threshold);
    nxc__free(r->forest->alloc, boundaries,
              (r->n_cat + 1) * sizeof *boundaries);
    r->boundaries = NULL;
    NXC_TRY(st);
    return at_line(r, line_of(r, LEFT_CHILD),
                   nxc__forest_check_tree(r->forest, r->err));
}

/* A linear tree's leaves: their constants, then the terms of one leaf after
 * the other. */
static nxc_status read_linear(reader *r) {
    uint32_t first;
    if (!r->is_linear) return NXC_OK;
    NXC_TRY(need_bytes(r, LEAF_CONST, r->n_leaves));
    NXC_TRY(nxc__forest_add_linear(r->forest, &r->linear, r->err));
    NXC_TRY(read_list(r, LEAF_CONST, r->n_leaves, put_constant));
    r->n_terms = 0;
    NXC_TRY(read_list(r, NUM_FEATURES, r->n_leaves, put_n_terms));
    NXC_TRY(need_bytes(r, LEAF_FEATURES, r->n_terms));
    NXC_TRY(need_bytes(r, LEAF_COEFF, r->n_terms));
    NXC_TRY(at_line(r, line_of(r, LEAF_FEATURES),
                    nxc__forest_add_terms(r->forest, r->n_terms, &first,
                                          &r->terms, r->err)));
    NXC_TRY(read_list(r, LEAF_FEATURES, r->n_terms, put_term_feature));
    NXC_TRY(read_list(r, LEAF_COEFF, r->n_terms, put_coefficient));
    for (size_t i = 0; i < r->n_leaves; i++) {
        r->linear[i].first_term = first;
        first += r->linear[i].n_terms;
    }
    return NXC_OK;
}

/* What only explanations and importances need, and old files may lack. */
static nxc_status read_training(reader *r) {
    nxc__forest *f = r->forest;
    NXC_TRY(nxc__forest_add_training(f, &r->leaf_counts, &r->node_counts,
                                     &r->gains, r->err));
    if (r->n_nodes == 0) return NXC_OK;
    if (r->fields[LEAF_COUNT].line && r->fields[INTERNAL_COUNT].line) {
        NXC_TRY(read_list(r, LEAF_COUNT, r->n_leaves, put_count));
        NXC_TRY(read_list(r, INTERNAL_COUNT, r->n_nodes, put_count));
    } else {
        f->lacks_counts = true;
    }
    if (r->fields[SPLIT_GAIN].line)
        return read_list(r, SPLIT_GAIN, r->n_nodes, put_gain);
    f->lacks_gains = true;
    return NXC_OK;
}

/* The "Tree=" line has been read. */
static nxc_status read_tree(reader *r) {
    begin_section(r, tree_keys, N_TREE_KEYS);
    while (!at_end(r)) {
        nxc_str line = read_line(r);
        if (line.len == 0) break;
        NXC_TRY(add_field(r, line));
    }
    NXC_TRY(read_counts(r));
    NXC_TRY(need_bytes(r, LEAF_VALUE, r->n_leaves));
    if (r->n_nodes) NXC_TRY(need_bytes(r, SPLIT_FEATURE, r->n_nodes));
    NXC_TRY(at_line(r, line_of(r, NUM_LEAVES),
                    nxc__forest_add_tree(r->forest, r->n_leaves, &r->nodes,
                                         &r->leaves, r->err)));
    NXC_TRY(read_list(r, LEAF_VALUE, r->n_leaves, put_leaf));
    NXC_TRY(read_training(r));
    NXC_TRY(read_linear(r));
    return r->n_nodes ? read_nodes(r) : NXC_OK;
}

/* --------------------------------------------------------------- header */

static nxc_status put_name(reader *r, size_t key, size_t i, nxc_str value) {
    (void)key;
    nxc__forest *f = r->forest;
    int64_t number = -1;
    nxc_str copy = nxc__arena_copy(&f->names, value);
    if (!copy.ptr) return nxc__error_nomem(r->err, value.len);
    f->feature_names[i] = copy.ptr;
    nxc_str prefix = NXC_STR("Column_");
    if (!nxc__str_starts(value, prefix) ||
        !nxc__parse_int(nxc__str_slice(value, prefix.len, value.len), 0,
                        INT32_MAX, &number) ||
        (size_t)number != i)
        f->has_own_names = true;
    return NXC_OK;
}

static nxc_status read_names(reader *r) {
    nxc__forest *f = r->forest;
    int64_t v;
    NXC_TRY(read_int(r, MAX_FEATURE_IDX, &v));
    if (v < 0)
        return FAIL_AT(r, line_of(r, MAX_FEATURE_IDX), NXC_ERR_PARSE,
                       "expected max_feature_idx >= 0, got %lld", (long long)v);
    if ((uint64_t)v >= f->limits.max_features)
        return FAIL_AT(r, line_of(r, MAX_FEATURE_IDX), NXC_ERR_LIMIT,
                       "expected at most %zu features, got max_feature_idx "
                       "%lld",
                       f->limits.max_features, (long long)v);
    f->n_features = (size_t)v + 1;
    NXC_TRY(need_bytes(r, FEATURE_NAMES, f->n_features));
    f->feature_names = nxc__arena_alloc_array(&f->names, f->n_features,
                                              sizeof *f->feature_names);
    if (!f->feature_names)
        return nxc__error_nomem(r->err, f->n_features * sizeof(char *));
    return read_list(r, FEATURE_NAMES, f->n_features, put_name);
}

static nxc_status check_version(reader *r) {
    NXC_TRY(need_field(r, VERSION));
    nxc_str v = nxc__str_trim(r->fields[VERSION].value);
    if (nxc__str_eq(v, NXC_STR("v2")) || nxc__str_eq(v, NXC_STR("v3")) ||
        nxc__str_eq(v, NXC_STR("v4")))
        return NXC_OK;
    return FAIL_AT(r, line_of(r, VERSION), NXC_ERR_UNSUPPORTED,
                   "expected version v2, v3 or v4, got \"%.*s\"",
                   NXC_STR_ARG(v));
}

/* One score per row: a model with several trees per iteration (multiclass)
 * gives several. */
static nxc_status need_one(reader *r, size_t key) {
    int64_t v;
    NXC_TRY(read_int(r, key, &v));
    if (v == 1) return NXC_OK;
    return FAIL_AT(r, line_of(r, key), NXC_ERR_UNSUPPORTED,
                   "expected %s 1, got %lld: a model of several outputs cannot "
                   "rank",
                   r->keys[key].ptr, (long long)v);
}

/* The trees end; the second is how old files say it. */
static bool is_end(nxc_str line) {
    return nxc__str_eq(line, NXC_STR("end of trees")) ||
           nxc__str_eq(line, NXC_STR("feature importances:"));
}

/* *n_trees gets the number of tree_sizes, or SIZE_MAX without. */
static nxc_status read_header(reader *r, size_t *n_trees, size_t *sizes_line) {
    nxc_str first = read_line(r);
    if (!nxc__str_eq(nxc__str_trim(first), NXC_STR("tree")))
        return FAIL_AT(r, r->line, NXC_ERR_PARSE,
                       "expected \"tree\" as the first line of a LightGBM "
                       "model, got \"%.*s\"",
                       NXC_STR_ARG(first));
    begin_section(r, header_keys, N_HEADER_KEYS);
    while (!at_end(r)) {
        size_t next;
        nxc_str line = peek_line(r, &next);
        if (nxc__str_starts(line, NXC_STR("Tree=")) || is_end(line)) break;
        NXC_TRY(add_field(r, read_line(r)));
    }
    NXC_TRY(check_version(r));
    NXC_TRY(need_one(r, NUM_CLASS));
    if (r->fields[NUM_TREE_PER_ITERATION].line)
        NXC_TRY(need_one(r, NUM_TREE_PER_ITERATION));
    NXC_TRY(read_names(r));
    r->forest->is_average = r->fields[AVERAGE_OUTPUT].line != 0;
    *sizes_line = r->fields[TREE_SIZES].line;
    *n_trees =
        *sizes_line ? count_values(r->fields[TREE_SIZES].value) : SIZE_MAX;
    return NXC_OK;
}

/* ---------------------------------------------------------------- whole */

static nxc_status read_trees(reader *r, size_t *n_trees) {
    for (*n_trees = 0;;) {
        if (at_end(r))
            return FAIL_AT(r, r->line, NXC_ERR_PARSE,
                           "expected \"end of trees\", got the end of the file "
                           "after %zu trees",
                           *n_trees);
        nxc_str line = read_line(r);
        if (nxc__str_starts(line, NXC_STR("Tree="))) {
            NXC_TRY(read_tree(r));
            ++*n_trees;
        } else if (is_end(line)) {
            return NXC_OK;
        } else if (line.len) {
            return FAIL_AT(r, r->line, NXC_ERR_PARSE,
                           "expected \"Tree=\" or \"end of trees\", got "
                           "\"%.*s\"",
                           NXC_STR_ARG(line));
        }
    }
}

static nxc_status read_model(reader *r) {
    size_t declared, sizes_line, n;
    NXC_TRY(read_header(r, &declared, &sizes_line));
    NXC_TRY(read_trees(r, &n));
    if (declared != SIZE_MAX && declared != n)
        return FAIL_AT(r, sizes_line, NXC_ERR_PARSE,
                       "expected %zu trees by tree_sizes, got %zu", declared,
                       n);
    if (n == 0)
        return FAIL_AT(r, r->line, NXC_ERR_PARSE,
                       "expected a tree, got \"end of trees\"");
    nxc__forest_seal(r->forest);
    return NXC_OK;
}

nxc_status nxc__lightgbm_read(nxc_str name, nxc_str text,
                              const nxc__forest_limits *limits,
                              const nxc_allocator *alloc, nxc__forest **out,
                              nxc_error *err) {
    reader r;
    memset(&r, 0, sizeof r);
    r.name = name;
    r.text = text;
    r.err = err;
    NXC_TRY(nxc__forest_new(alloc, limits, &r.forest, err));
    nxc_status st = read_model(&r);
    if (st != NXC_OK) {
        nxc__forest_free(r.forest);
        return st;
    }
    *out = r.forest;
    return NXC_OK;
}
