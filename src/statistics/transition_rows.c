/*
 * Counts of order one and two, as sorted rows.
 *
 *     order1   row of the last call      [operation count]...  by operation
 *              row n_operations: first calls of sessions
 *     order2   row of the last two calls [operation count]...
 *              found by binary search among the keys of the rows that are there
 *
 * Three counting sorts of the calls (by operation, by the call before, by the
 * one before that), each keeping the order of the one before it; then equal
 * neighbours are added up. O(calls + operations).
 */
#include <string.h>

#include "statistics/statistics_handle.h"

/* What a call is sorted by: its operation, the one before, the one before that.
 */
enum { OPERATION, LAST, BEFORE, N_KEYS };

typedef struct sorter {
    const nxc__statistics *s;
    uint32_t *keys[N_KEYS]; /* (n_calls) each */
    uint32_t *order, *next; /* (n_calls) */
    uint32_t *counts;       /* (n_operations + 2) */
} sorter;

/* Stable; order becomes sorted by key. */
static void sort_by(sorter *x, size_t key) {
    const uint32_t *keys = x->keys[key];
    size_t n = x->s->n_calls, n_values = x->s->n_operations + 1;
    memset(x->counts, 0, (n_values + 1) * sizeof *x->counts);
    for (size_t c = 0; c < n; c++)
        x->counts[keys[c] + 1]++;
    for (size_t k = 1; k <= n_values; k++)
        x->counts[k] += x->counts[k - 1];
    for (size_t i = 0; i < n; i++)
        x->next[x->counts[keys[x->order[i]]]++] = x->order[i];
    uint32_t *t = x->order;
    x->order = x->next;
    x->next = t;
}

/* Whether the i-th call begins a row, and whether it begins a count in it. */
typedef struct step {
    bool row, cell;
} step;
static step step_of(const sorter *x, size_t i, bool pairs) {
    if (i == 0) return (step){true, true};
    size_t a = x->order[i - 1], b = x->order[i];
    bool row = x->keys[LAST][a] != x->keys[LAST][b] ||
               (pairs && x->keys[BEFORE][a] != x->keys[BEFORE][b]);
    return (step){row, row || x->keys[OPERATION][a] != x->keys[OPERATION][b]};
}

static nxc_status reserve_rows(nxc__count_rows *rows, size_t n_cells,
                               bool pairs, nxc__arena *arena, nxc_error *err) {
    void *p;
    NXC_TRY(nxc__statistics_zeros(arena, rows->n_rows + 1, sizeof *rows->starts,
                                  &p, err));
    rows->starts = p;
    NXC_TRY(nxc__statistics_block(arena, n_cells, sizeof *rows->operations, &p,
                                  err));
    rows->operations = p;
    NXC_TRY(
        nxc__statistics_zeros(arena, n_cells, sizeof *rows->counts, &p, err));
    rows->counts = p;
    if (!pairs) return NXC_OK;
    NXC_TRY(nxc__statistics_block(arena, rows->n_rows, sizeof *rows->keys, &p,
                                  err));
    rows->keys = p;
    return NXC_OK;
}

/* Rows from the sorted calls. */
static nxc_status add_up(const sorter *x, bool pairs, nxc__count_rows *rows,
                         nxc__arena *arena, nxc_error *err) {
    const nxc__statistics *s = x->s;
    size_t n_rows = 0, n_cells = 0;
    for (size_t i = 0; i < s->n_calls; i++) {
        step at = step_of(x, i, pairs);
        n_rows += at.row;
        n_cells += at.cell;
    }
    rows->n_rows = pairs ? n_rows : s->n_operations + 1;
    NXC_TRY(reserve_rows(rows, n_cells, pairs, arena, err));
    size_t row = SIZE_MAX, cell = SIZE_MAX;
    for (size_t i = 0; i < s->n_calls; i++) {
        step at = step_of(x, i, pairs);
        size_t c = x->order[i];
        if (at.row) {
            row = pairs ? row + 1 : x->keys[LAST][c];
            if (pairs)
                rows->keys[row] =
                    nxc__pair_key(x->keys[BEFORE][c], x->keys[LAST][c]);
        }
        if (at.cell) {
            rows->operations[++cell] = x->keys[OPERATION][c];
            rows->starts[row + 1]++;
        }
        rows->counts[cell] += s->weights[s->session_of[c]];
    }
    for (size_t r = 0; r < rows->n_rows; r++)
        rows->starts[r + 1] += rows->starts[r];
    return NXC_OK;
}

bool nxc__count_row(const nxc__count_rows *rows, uint64_t key, size_t *begin,
                    size_t *end) {
    size_t low = 0, high = rows->n_rows;
    if (!rows->keys) {
        low = key < rows->n_rows ? (size_t)key : rows->n_rows;
    } else {
        while (low < high) {
            size_t mid = low + (high - low) / 2;
            if (rows->keys[mid] < key)
                low = mid + 1;
            else
                high = mid;
        }
        if (low < rows->n_rows && rows->keys[low] != key) low = rows->n_rows;
    }
    if (low == rows->n_rows) return false;
    *begin = rows->starts[low];
    *end = rows->starts[low + 1];
    return true;
}

/* ---------------------------------------------------------------- repeats */

void nxc__session_repeats(const nxc__statistics *s, size_t session,
                          uint32_t *seen, nxc__repeat_visit visit, void *user) {
    const nxc__learned_session *x = &s->sessions[session];
    const nxc__learned_call *calls = s->calls + x->first;
    double w = s->weights[session];
    for (size_t t = 0; t < x->n; t++)
        seen[calls[t].operation]++;
    /* The first call of an operation finds its number of calls, the others find
     * zero. */
    for (size_t t = 0; t < x->n; t++) {
        uint32_t o = calls[t].operation, times = seen[o];
        if (!times) continue;
        seen[o] = 0;
        visit(user, o, w * (double)(x->n - 1 - t), w * (double)(times - 1));
    }
}

static void add_repeats(void *user, uint32_t operation, double after,
                        double again) {
    nxc__statistics *s = user;
    s->after[operation] += after;
    s->again[operation] += again;
    s->total_after += after;
    s->total_again += again;
}

static nxc_status count_calls(nxc__statistics *s, nxc__arena *scratch,
                              nxc_error *err) {
    void *p;
    uint32_t *seen;
    NXC_TRY(
        nxc__statistics_zeros(scratch, s->n_operations, sizeof *seen, &p, err));
    seen = p;
    NXC_TRY(nxc__statistics_zeros(&s->arena, 5 * s->n_operations,
                                  sizeof(double), &p, err));
    double **const arrays[] = {&s->popularity, &s->after, &s->again, &s->out,
                               &s->self};
    for (size_t k = 0; k < 5; k++)
        *arrays[k] = (double *)p + k * s->n_operations;
    for (size_t i = 0; i < s->n_sessions; i++) {
        const nxc__learned_session *x = &s->sessions[i];
        const nxc__learned_call *calls = s->calls + x->first;
        double w = s->weights[i];
        for (size_t t = 0; t < x->n; t++) {
            s->popularity[calls[t].operation] += w;
            s->n_same +=
                t > 0 && calls[t].operation == calls[t - 1].operation ? w : 0;
        }
        s->total += w * x->n;
        s->n_later += w * (x->n - 1);
        s->n_repeated += w * (x->n - s->n_distinct[i]);
        nxc__session_repeats(s, i, seen, add_repeats, s);
    }
    return NXC_OK;
}

/* Calls right after an operation, and those of itself. */
static void add_self(nxc__statistics *s) {
    const nxc__count_rows *rows = &s->order1;
    for (size_t o = 0; o < s->n_operations; o++)
        for (size_t i = rows->starts[o]; i < rows->starts[o + 1]; i++) {
            s->out[o] += rows->counts[i];
            if (rows->operations[i] == o) s->self[o] = rows->counts[i];
        }
}

nxc_status nxc__transition_rows_build(nxc__statistics *s, nxc__arena *scratch,
                                      nxc_error *err) {
    void *p;
    NXC_TRY(count_calls(s, scratch, err));
    sorter x = {s, {NULL}, NULL, NULL, NULL};
    NXC_TRY(nxc__statistics_block(scratch, s->n_calls,
                                  (N_KEYS + 2) * sizeof *x.order, &p, err));
    x.order = p;
    x.next = x.order + s->n_calls;
    for (size_t k = 0; k < N_KEYS; k++)
        x.keys[k] = x.next + (k + 1) * s->n_calls;
    NXC_TRY(nxc__statistics_block(scratch, s->n_operations + 2,
                                  sizeof *x.counts, &p, err));
    x.counts = p;
    for (size_t c = 0; c < s->n_calls; c++) {
        x.order[c] = (uint32_t)c;
        x.keys[OPERATION][c] = s->calls[c].operation;
        x.keys[LAST][c] = nxc__previous(s, c);
        x.keys[BEFORE][c] = nxc__before_previous(s, c);
    }
    sort_by(&x, OPERATION);
    sort_by(&x, LAST);
    NXC_TRY(add_up(&x, false, &s->order1, &s->arena, err));
    add_self(s);
    sort_by(&x, BEFORE);
    return add_up(&x, true, &s->order2, &s->arena, err);
}
