/*
 * Decision points and their rows, from being read to being trained on.
 *
 *     points   | p0 | p1 | ...   as they were added
 *     split    keys are put into an order by a hash of the seed; whole keys go
 *              to the other side until that has its share of points
 *     reserve  | rows of training    | of validation       | held back      |
 *     set_rows   each point to its place, on any thread
 *     assemble   points in the order of their rows; what was not set closes up
 *
 * One matrix with the sides one after the other is what LightGBM takes without
 * a copy of ours, and rows are in memory once.
 *
 * Threading: set_rows of different points on any thread, the rest on one.
 */
#include "train/train_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/strmap.h"

const char *const nxc__split_names[NXC_N_SPLITS] = {"session", "group",
                                                    "catalog", "vendor"};
static const char *const side_names[NXC_N_SIDES] = {"training", "validation",
                                                    "held back"};

void nxc__train_data_init(nxc__train_data *d, const char *const *names,
                          size_t n_columns, const nxc_allocator *alloc) {
    memset(d, 0, sizeof *d);
    d->alloc = nxc__allocator_or_default(alloc);
    d->names = names;
    d->n_columns = n_columns;
    nxc__buffer_init(&d->buffer, d->alloc, SIZE_MAX / 2);
}

static size_t row_bytes(const nxc__train_data *d, size_t n) {
    return n * d->n_columns * sizeof(float);
}

void nxc__train_data_release(nxc__train_data *d) {
    if (!d->alloc) return;
    nxc__free(d->alloc, d->rows, row_bytes(d, d->room));
    nxc__buffer_release(&d->buffer);
    memset(d, 0, sizeof *d);
}

nxc_status nxc__train_data_add(nxc__train_data *d, nxc_str session,
                               nxc_str group, nxc_str catalog, nxc_error *err) {
    nxc__train_point p = {
        .session = session, .group = group, .catalog = catalog};
    nxc__buffer_append(&d->buffer, &p, sizeof p);
    NXC_TRY(nxc__buffer_status(&d->buffer, "decision points", err));
    d->points = (nxc__train_point *)(void *)d->buffer.data;
    d->n_points++;
    return NXC_OK;
}

/* ------------------------------------------------------------------ split */

/* A key and where it goes. */
typedef struct key {
    nxc_str text;
    uint64_t order; /* by the seed */
    size_t n;       /* points */
    nxc__side side;
} key;

nxc_str nxc__train_point_key(const nxc__train_point *p, nxc__split_by by) {
    switch (by) {
    case NXC_SPLIT_SESSION:
        return p->session;
    case NXC_SPLIT_GROUP:
        return p->group;
    case NXC_SPLIT_CATALOG:
        return p->catalog;
    case NXC_SPLIT_VENDOR:
        break;
    case NXC_N_SPLITS:
        NXC_UNREACHABLE("the number of the others");
    }
    return nxc__str_slice(p->catalog, 0, nxc__str_find(p->catalog, '~', 0));
}

static int compare_keys(const void *a, const void *b) {
    const key *x = a, *y = b;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return nxc__str_compare(x->text, y->text);
}

/* Keys of the points of a side, in the order of the seed. */
typedef struct key_list {
    nxc__buffer buffer;
    nxc__strmap map; /* text -> index; valid until they are sorted */
    key *items;
    size_t n, n_points;
} key_list;

static void key_list_release(key_list *l) {
    nxc__buffer_release(&l->buffer);
    nxc__strmap_release(&l->map);
}

static nxc_status collect_keys(const nxc__train_data *d, nxc__split_by by,
                               nxc__side from, uint64_t seed, key_list *l,
                               nxc_error *err) {
    nxc__buffer_init(&l->buffer, d->alloc, SIZE_MAX / 2);
    nxc__strmap_init(&l->map, d->alloc);
    for (size_t i = 0; i < d->n_points; i++) {
        uint32_t at;
        if (d->points[i].side != from) continue;
        key k = {.text = nxc__train_point_key(&d->points[i], by), .side = from};
        k.order = nxc__hash64(k.text.ptr, k.text.len, seed);
        NXC_TRY(nxc__strmap_add(&l->map, k.text, (uint32_t)l->n, &at, err));
        if (at == l->n) {
            nxc__buffer_append(&l->buffer, &k, sizeof k);
            NXC_TRY(nxc__buffer_status(&l->buffer, "keys of the split", err));
            l->items = (key *)(void *)l->buffer.data;
            l->n++;
        }
        l->items[at].n++;
        l->n_points++;
    }
    return NXC_OK;
}

static nxc_status assign_keys(key_list *l, nxc__split_by by, double fraction,
                              nxc__side to, nxc_error *err) {
    if (l->n < 2)
        return nxc__error(err, NXC_ERR_INVALID,
                          "split: expected decision points of at least two "
                          "%ss, got %zu",
                          nxc__split_names[by], l->n);
    qsort(l->items, l->n, sizeof *l->items, compare_keys);
    double want = fraction * (double)l->n_points;
    size_t moved = 0;
    for (size_t i = 0; i + 1 < l->n; i++) {
        if (i && (double)moved + (double)l->items[i].n / 2 > want) continue;
        l->items[i].side = to;
        moved += l->items[i].n;
    }
    return NXC_OK;
}

/* No session on two sides, whatever was split by. */
static nxc_status check_sessions(const nxc__train_data *d, nxc__split_by by,
                                 nxc_error *err) {
    nxc__strmap map;
    nxc_status st = NXC_OK;
    nxc__strmap_init(&map, d->alloc);
    for (size_t i = 0; st == NXC_OK && i < d->n_points; i++) {
        uint32_t at;
        const nxc__train_point *p = &d->points[i];
        st = nxc__strmap_add(&map, p->session, (uint32_t)i, &at, err);
        if (st == NXC_OK && d->points[at].side != p->side)
            st =
                nxc__error(err, NXC_ERR_INVALID,
                           "split by %s: expected session %.*s on one side, "
                           "got it in %s and %s",
                           nxc__split_names[by], NXC_STR_ARG(p->session),
                           side_names[d->points[at].side], side_names[p->side]);
    }
    nxc__strmap_release(&map);
    return st;
}

static nxc_status split(nxc__train_data *d, nxc__split_by by, double fraction,
                        nxc__side from, nxc__side to, uint64_t seed,
                        key_list *l, nxc_error *err) {
    NXC_TRY(collect_keys(d, by, from, seed, l, err));
    NXC_TRY(assign_keys(l, by, fraction, to, err));
    nxc__strmap_release(&l->map); /* of the order before the sort */
    nxc__strmap_init(&l->map, d->alloc);
    for (size_t i = 0; i < l->n; i++)
        NXC_TRY(
            nxc__strmap_add(&l->map, l->items[i].text, (uint32_t)i, NULL, err));
    for (size_t i = 0; i < d->n_points; i++) {
        nxc__train_point *p = &d->points[i];
        if (p->side == from)
            p->side =
                l->items[nxc__strmap_find(&l->map, nxc__train_point_key(p, by))]
                    .side;
    }
    return check_sessions(d, by, err);
}

nxc_status nxc__train_data_split(nxc__train_data *d, nxc__split_by by,
                                 double fraction, nxc__side from, nxc__side to,
                                 uint64_t seed, nxc_error *err) {
    key_list l;
    memset(&l, 0, sizeof l);
    nxc_status st = split(d, by, fraction, from, to, seed, &l, err);
    key_list_release(&l);
    return st;
}

/* ------------------------------------------------------------------- rows */

void nxc__train_data_set_size(nxc__train_data *d, size_t i, size_t n) {
    d->points[i].n = (uint32_t)n;
}

nxc_status nxc__train_data_reserve(nxc__train_data *d, nxc_error *err) {
    size_t bytes, width = d->n_columns * sizeof(float);
    d->n_rows = 0;
    for (int side = 0; side < NXC_N_SIDES; side++)
        for (size_t i = 0; i < d->n_points; i++) {
            nxc__train_point *p = &d->points[i];
            if (p->side != (nxc__side)side) continue;
            p->first = d->n_rows;
            d->n_rows += p->n;
        }
    if (!nxc__mul(d->n_rows, width, &bytes)) bytes = SIZE_MAX;
    d->rows = nxc__alloc(d->alloc, bytes);
    if (!d->rows) return nxc__error_nomem(err, bytes);
    d->room = d->n_rows;
    return NXC_OK;
}

nxc_status nxc__train_data_set_rows(nxc__train_data *d, size_t i,
                                    const float *rows, const uint32_t *kept,
                                    size_t n, size_t gold, nxc_error *err) {
    nxc__train_point *p = &d->points[i];
    if (n > p->n)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "session %.*s: expected at most %u candidates, got "
                          "%zu",
                          NXC_STR_ARG(p->session), p->n, n);
    for (size_t k = 0; k < n; k++)
        memcpy(d->rows + (p->first + k) * d->n_columns,
               rows + kept[k] * d->n_columns, row_bytes(d, 1));
    p->n = (uint32_t)n;
    p->gold = (uint32_t)gold;
    p->has_rows = true;
    return NXC_OK;
}

/* Copy the points of a side that have rows to the end of to, and close their
 * rows up to what is before. */
static size_t gather_side(nxc__train_data *d, nxc__side side, size_t n,
                          nxc__train_point *to) {
    size_t first = n;
    d->sides[side].first_point = n;
    d->sides[side].first_row = d->n_rows;
    for (size_t i = 0; i < d->n_points; i++) {
        nxc__train_point p = d->points[i];
        if (p.side != side || !p.has_rows) continue;
        memmove(d->rows + d->n_rows * d->n_columns,
                d->rows + p.first * d->n_columns, row_bytes(d, p.n));
        p.first = d->n_rows;
        d->n_rows += p.n;
        to[n++] = p;
    }
    d->sides[side].n_points = n - first;
    d->sides[side].n_rows = d->n_rows - d->sides[side].first_row;
    return n;
}

nxc_status nxc__train_data_assemble(nxc__train_data *d, nxc_error *err) {
    nxc__buffer sorted;
    size_t n = 0;
    nxc__buffer_init(&sorted, d->alloc, SIZE_MAX / 2);
    nxc__train_point *to = nxc__buffer_extend(&sorted, d->buffer.len);
    NXC_TRY(nxc__buffer_status(&sorted, "decision points", err));
    d->n_rows = 0;
    for (int side = 0; side < NXC_N_SIDES; side++)
        n = gather_side(d, (nxc__side)side, n, to);
    nxc__buffer_release(&d->buffer);
    d->buffer = sorted;
    d->points = to;
    d->n_points = n;
    return NXC_OK;
}

/* ----------------------------------------------------------------- checks */

static nxc_status name_infinite(const nxc__train_data *d, size_t row,
                                size_t column, nxc_error *err) {
    size_t i = 0;
    while (i + 1 < d->n_points && d->points[i + 1].first <= row)
        i++;
    return nxc__error(err, NXC_ERR_INVALID,
                      "session %.*s: expected finite values in column %.60s, "
                      "got an infinite one",
                      NXC_STR_ARG(d->points[i].session), d->names[column]);
}

nxc_status nxc__train_data_check(const nxc__train_data *d,
                                 nxc__column_check *out, nxc_error *err) {
    for (size_t c = 0; c < d->n_columns; c++)
        out[c] = (nxc__column_check){true, true};
    for (size_t r = 0; r < d->n_rows; r++) {
        const float *row = d->rows + r * d->n_columns;
        for (size_t c = 0; c < d->n_columns; c++) {
            bool is_nan = isnan(row[c]);
            if (isinf(row[c])) return name_infinite(d, r, c, err);
            out[c].is_missing &= is_nan;
            out[c].is_constant &=
                is_nan ? out[c].is_missing : row[c] == d->rows[c];
        }
    }
    return NXC_OK;
}

/* Of a point: a hash of its true next call's row. */
typedef struct answer {
    nxc__hash128 hash;
    size_t point;
} answer;

static int compare_answers(const void *a, const void *b) {
    const answer *x = a, *y = b;
    if (x->hash.high != y->hash.high)
        return x->hash.high < y->hash.high ? -1 : 1;
    if (x->hash.low != y->hash.low) return x->hash.low < y->hash.low ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static answer answer_of(const nxc__train_data *d, size_t i) {
    const nxc__train_point *p = &d->points[i];
    return (answer){nxc__hash_128(d->rows + (p->first + p->gold) * d->n_columns,
                                  row_bytes(d, 1)),
                    i};
}

/* The first training point of that answer, or NULL. */
static const answer *find_answer(const answer *sorted, size_t n, answer a) {
    size_t low = 0, high = n;
    a.point = 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_answers(&sorted[mid], &a) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    bool is_found = low < n && nxc__hash128_eq(sorted[low].hash, a.hash);
    return is_found ? &sorted[low] : NULL;
}

/* Take the points of a side whose rows are not wanted out of it. The rows of
 * those that stay move up. */
static void close_ranks(nxc__train_data *d, nxc__side side) {
    size_t from = d->sides[side].first_point, to = from,
           row = d->sides[side].first_row;
    for (size_t i = from; i < from + d->sides[side].n_points; i++) {
        nxc__train_point p = d->points[i];
        if (!p.has_rows) continue;
        memmove(d->rows + row * d->n_columns, d->rows + p.first * d->n_columns,
                row_bytes(d, p.n));
        p.first = row;
        row += p.n;
        d->points[to++] = p;
    }
    d->sides[side].n_points = to - from;
    d->sides[side].n_rows = row - d->sides[side].first_row;
}

nxc_status nxc__train_data_duplicates(nxc__train_data *d, bool drop, size_t *n,
                                      size_t *first, size_t *second,
                                      nxc_error *err) {
    size_t n_train = d->sides[NXC_SIDE_TRAIN].n_points;
    size_t bytes = n_train * sizeof(answer);
    answer *sorted = nxc__alloc(d->alloc, bytes);
    if (!sorted) return nxc__error_nomem(err, bytes);
    for (size_t i = 0; i < n_train; i++)
        sorted[i] = answer_of(d, i);
    qsort(sorted, n_train, sizeof *sorted, compare_answers);
    *n = 0;
    for (size_t i = n_train; i < d->n_points; i++) {
        const answer *found = find_answer(sorted, n_train, answer_of(d, i));
        if (!found) continue;
        if ((*n)++ == 0) {
            *first = found->point;
            *second = i;
        }
        if (drop) d->points[i].has_rows = false;
    }
    for (int side = NXC_SIDE_VALID; drop && side < NXC_N_SIDES; side++)
        close_ranks(d, (nxc__side)side);
    nxc__free(d->alloc, sorted, bytes);
    return NXC_OK;
}

static void update_text(nxc__sha256 *s, nxc_str text) {
    nxc__sha256_update(s, text.ptr, text.len);
    nxc__sha256_update(s, "", 1);
}

nxc_status nxc__train_data_hash(const nxc__train_data *d, char out[65],
                                nxc_error *err) {
    nxc__sha256 *s;
    uint8_t digest[NXC_SHA256_BYTES];
    NXC_TRY(nxc__sha256_new(&s, err));
    for (size_t i = 0; i < d->n_columns; i++)
        update_text(s, nxc__str(d->names[i]));
    for (int side = 0; side < NXC_N_SIDES; side++)
        for (size_t i = 0; i < d->sides[side].n_points; i++) {
            const nxc__train_point *p =
                &d->points[d->sides[side].first_point + i];
            uint32_t numbers[3] = {p->n, p->gold, (uint32_t)p->side};
            update_text(s, p->session);
            nxc__sha256_update(s, numbers, sizeof numbers);
            nxc__sha256_update(s, d->rows + p->first * d->n_columns,
                               row_bytes(d, p->n));
        }
    NXC_TRY(nxc__sha256_finish(s, digest, err));
    nxc__sha256_format(digest, out);
    return NXC_OK;
}
