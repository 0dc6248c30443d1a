/* What a ranker is trained on: decision points with the rows of their
 * candidates, on two or three sides of a split.
 *
 *     init -> add* -> split* -> set_size* -> reserve -> set_rows* -> assemble
 *          -> check -> train -> release
 */
#ifndef NXC_TRAIN_TRAIN_DATA_H
#define NXC_TRAIN_TRAIN_DATA_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

typedef enum nxc__side {
    NXC_SIDE_TRAIN, /* trees are fitted to it */
    NXC_SIDE_VALID, /* says when to stop */
    NXC_SIDE_HELD,  /* judges the result; only of a continued model */
    NXC_N_SIDES
} nxc__side;

/* What must not stand on two sides. */
typedef enum nxc__split_by {
    NXC_SPLIT_SESSION,
    NXC_SPLIT_GROUP,
    NXC_SPLIT_CATALOG,
    NXC_SPLIT_VENDOR, /* the catalog's name before a "~" */
    NXC_N_SPLITS
} nxc__split_by;
extern const char *const nxc__split_names[NXC_N_SPLITS];
struct nxc__train_point;
nxc_str nxc__train_point_key(const struct nxc__train_point *p,
                             nxc__split_by by);

/* A query group. */
typedef struct nxc__train_point {
    nxc_str session, group, catalog; /* the caller's */
    size_t first;                    /* row; after reserve */
    uint32_t n, gold;
    nxc__side side;
    bool has_rows; /* false: not used */
} nxc__train_point;

typedef struct nxc__train_data {
    const nxc_allocator *alloc;
    const char *const *names; /* (n_columns), the caller's */
    size_t n_columns;
    nxc__buffer buffer; /* of points */
    nxc__train_point *points;
    size_t n_points;
    /* after assemble: rows of the points in their order, side after side */
    float *rows;
    size_t n_rows, room; /* rows that there is room for */
    struct {
        size_t first_point, n_points, first_row, n_rows;
    } sides[NXC_N_SIDES];
} nxc__train_data;

void nxc__train_data_init(nxc__train_data *d, const char *const *names,
                          size_t n_columns, const nxc_allocator *alloc);
void nxc__train_data_release(nxc__train_data *d);
nxc_status nxc__train_data_add(nxc__train_data *d, nxc_str session,
                               nxc_str group, nxc_str catalog, nxc_error *err);
/* Move about fraction of the points of a side, by whole keys in an order drawn
 * by seed, to another: at least one key, and one stays. Errors:
 * NXC_ERR_INVALID: less than two keys, or a session of several keys. */
nxc_status nxc__train_data_split(nxc__train_data *d, nxc__split_by by,
                                 double fraction, nxc__side from, nxc__side to,
                                 uint64_t seed, nxc_error *err);
/* How many rows point i will have at most. */
void nxc__train_data_set_size(nxc__train_data *d, size_t i, size_t n);
/* Room for all of them, side after side: NXC_ERR_NOMEM. */
nxc_status nxc__train_data_reserve(nxc__train_data *d, nxc_error *err);
/* The rows of point i: those at kept (n) of rows, of which kept[gold] is the
 * true next call. NXC_ERR_LIMIT: more than its size.
 * Thread-safety: any, of different points. */
nxc_status nxc__train_data_set_rows(nxc__train_data *d, size_t i,
                                    const float *rows, const uint32_t *kept,
                                    size_t n, size_t gold, nxc_error *err);
/* Drop the points that got no rows and bring the others into the order of their
 * sides; their rows close up. */
nxc_status nxc__train_data_assemble(nxc__train_data *d, nxc_error *err);

/* Of the assembled matrix. */
typedef struct nxc__column_check {
    bool is_constant; /* one value, missing or not, in all rows */
    bool is_missing;  /* that value is NaN */
} nxc__column_check;
/* out (n_columns). NXC_ERR_INVALID names an infinite value. */
nxc_status nxc__train_data_check(const nxc__train_data *d,
                                 nxc__column_check *out, nxc_error *err);
/* Points outside the training side whose true next call has the very row of one
 * in it: the model would have seen the answer. *first and *second get the first
 * such pair (in training, outside). With drop they lose their place in the
 * sides, which become shorter. */
nxc_status nxc__train_data_duplicates(nxc__train_data *d, bool drop, size_t *n,
                                      size_t *first, size_t *second,
                                      nxc_error *err);
/* SHA-256 over columns, points and rows, as 64 hex digits. */
nxc_status nxc__train_data_hash(const nxc__train_data *d, char out[65],
                                nxc_error *err);

#endif
