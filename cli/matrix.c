#define _GNU_SOURCE /* madvise */
#include "matrix.h"

#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/number.h"

#define MAX_FILE_BYTES ((size_t)1 << 40)
#define MAX_LINE ((size_t)1 << 20)
#define FORGET_BYTES ((size_t)8 << 20)

/* ----------------------------------------------------------------- .npy */

static uint32_t le(const uint8_t *p, size_t n) {
    uint32_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

/* What follows "'key':" in the header's dictionary, or an empty string. */
static nxc_str member(nxc_str header, const char *key) {
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", key);
    nxc_str k = nxc__str(quoted);
    for (size_t i = 0; i + k.len <= header.len; i++)
        if (memcmp(header.ptr + i, k.ptr, k.len) == 0)
            return nxc__str_trim(nxc__str_slice(header, i + k.len, header.len));
    return NXC_STR("");
}

/* "(rows, columns)" */
static bool read_shape(nxc_str s, size_t *rows, size_t *columns) {
    size_t end = nxc__str_find(s, ')', 0), comma = nxc__str_find(s, ',', 0);
    int64_t a, b;
    if (s.len == 0 || s.ptr[0] != '(' || end >= s.len || comma >= end)
        return false;
    nxc_str first = nxc__str_trim(nxc__str_slice(s, 1, comma));
    nxc_str second = nxc__str_trim(nxc__str_slice(s, comma + 1, end));
    if (second.len && second.ptr[second.len - 1] == ',') second.len--;
    if (!nxc__parse_int(first, 0, INT64_MAX, &a) ||
        !nxc__parse_int(second, 0, INT64_MAX, &b))
        return false;
    *rows = (size_t)a;
    *columns = (size_t)b;
    return true;
}

static nxc_status read_dictionary(cli_matrix *m, nxc_str header,
                                  size_t *columns, nxc_error *err) {
    nxc_str descr = member(header, "descr");
    bool is_f32 = nxc__str_starts(descr, NXC_STR("'<f4'"));
    if (!is_f32 && !nxc__str_starts(descr, NXC_STR("'<f8'")))
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%s: expected float32 or float64 ('<f4', '<f8'), got "
                          "%.*s",
                          m->path, (int)nxc__str_find(descr, ',', 0),
                          descr.ptr);
    m->item_bytes = is_f32 ? sizeof(float) : sizeof(double);
    if (!nxc__str_starts(member(header, "fortran_order"), NXC_STR("False")))
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%s: expected rows in C order, got Fortran order",
                          m->path);
    if (read_shape(member(header, "shape"), &m->rows, columns)) return NXC_OK;
    return nxc__error(err, NXC_ERR_PARSE,
                      "%s: expected a shape (rows, columns), got another",
                      m->path);
}

/* Source: NumPy enhancement proposal 1, format versions 1.0 to 3.0. */
static nxc_status open_npy(cli_matrix *m, nxc_error *err) {
    NXC_TRY(nxc__file_map(m->path, MAX_FILE_BYTES, &m->map, err));
    const uint8_t *p = m->map.data;
    size_t size = m->map.size, len_bytes = size > 6 && p[6] == 1 ? 2 : 4;
    size_t start = 8 + len_bytes, columns, bytes;
    if (size < start || memcmp(p, "\x93NUMPY", 6) != 0 || p[6] < 1 || p[6] > 3)
        return nxc__error(err, NXC_ERR_PARSE,
                          "%s: expected a .npy file of version 1 to 3, got "
                          "another",
                          m->path);
    size_t len = le(p + 8, len_bytes);
    if (len > size - start)
        return nxc__error(err, NXC_ERR_PARSE,
                          "%s: expected a header of %zu bytes, got %zu",
                          m->path, len, size - start);
    nxc_str header = {(const char *)p + start, len};
    NXC_TRY(read_dictionary(m, header, &columns, err));
    if (m->columns == 0) m->columns = columns;
    if (columns != m->columns || columns == 0)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected %zu columns, got %zu", m->path,
                          m->columns, columns);
    m->at = start + len;
    if (!nxc__mul(m->rows, columns, &bytes) ||
        !nxc__mul(bytes, m->item_bytes, &bytes) || bytes != size - m->at)
        return nxc__error(err, NXC_ERR_PARSE,
                          "%s: expected %zu rows after the header, got %zu "
                          "bytes",
                          m->path, m->rows, size - m->at);
    return NXC_OK;
}

/* Pages that were read need not stay in memory. */
static void forget(cli_matrix *m, size_t end) {
    size_t page = 4096, from = m->forgotten;
    end -= end % page;
    if (end < from + FORGET_BYTES) return;
    union { /* madvise takes no pointer to const */
        const uint8_t *in;
        void *out;
    } p = {m->map.data + from};
    (void)madvise(p.out, end - from, MADV_DONTNEED);
    m->forgotten = end;
}

static size_t next_npy(cli_matrix *m, double *out, size_t max) {
    size_t n = m->rows - m->rows_read < max ? m->rows - m->rows_read : max;
    const uint8_t *from =
        m->map.data + m->at + m->rows_read * m->columns * m->item_bytes;
    for (size_t i = 0; i < n * m->columns; i++) {
        float f;
        if (m->item_bytes == sizeof f) {
            memcpy(&f, from + i * sizeof f, sizeof f);
            out[i] = (double)f;
        } else {
            memcpy(&out[i], from + i * sizeof *out, sizeof *out);
        }
    }
    forget(m, (size_t)(from - m->map.data));
    return n;
}

/* ------------------------------------------------------------------ CSV */

/* The next cell without blanks and quotes around it. */
static nxc_str next_cell(nxc_str line, size_t *pos) {
    size_t end = nxc__str_find(line, ',', *pos);
    nxc_str cell = nxc__str_trim(nxc__str_slice(line, *pos, end));
    *pos = end + 1;
    if (cell.len >= 2 && cell.ptr[0] == '"' && cell.ptr[cell.len - 1] == '"')
        cell = nxc__str_slice(cell, 1, cell.len - 1);
    return cell;
}

static bool read_cell(nxc_str cell, double *out) {
    bool is_missing = cell.len == 0 || nxc__str_ieq(cell, NXC_STR("na"));
    if (is_missing) cell = NXC_STR("nan");
    return nxc__parse_double(cell, out);
}

static nxc_status count_cells(const cli_matrix *m, nxc_str line,
                              nxc_error *err) {
    size_t n = 1;
    for (size_t i = 0; i < line.len; i++)
        n += line.ptr[i] == ',';
    if (n == m->columns) return NXC_OK;
    return nxc__error(err, NXC_ERR_MISMATCH,
                      "%s:%zu: expected %zu columns, got %zu", m->path,
                      m->lines.number, m->columns, n);
}

static nxc_status read_row(const cli_matrix *m, double *out, nxc_error *err) {
    nxc_str line = {m->lines.line, m->lines.len};
    size_t pos = 0;
    if (m->lines.too_long)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "%s:%zu: expected at most %zu bytes, got more",
                          m->path, m->lines.number, MAX_LINE);
    NXC_TRY(count_cells(m, line, err));
    for (size_t i = 0; i < m->columns; i++) {
        nxc_str cell = next_cell(line, &pos);
        if (!read_cell(cell, &out[i]))
            return nxc__error(err, NXC_ERR_PARSE,
                              "%s:%zu: expected a number in column %zu, got "
                              "\"%.*s\"",
                              m->path, m->lines.number, i + 1,
                              cell.len < 40 ? (int)cell.len : 40, cell.ptr);
    }
    return NXC_OK;
}

/* A first line without a number is a header; its names must be the model's,
 * where that has names of its own. */
static nxc_status read_header(cli_matrix *m,
                              const char *(*name)(const void *, size_t),
                              const void *user, nxc_error *err) {
    nxc_str line = {m->lines.line, m->lines.len};
    double number;
    size_t pos = 0;
    for (size_t i = 0; pos <= line.len; i++)
        if (read_cell(next_cell(line, &pos), &number)) m->has_line = true;
    if (m->has_line || m->lines.too_long) return NXC_OK;
    NXC_TRY(count_cells(m, line, err));
    pos = 0;
    for (size_t i = 0; i < m->columns; i++) {
        nxc_str cell = next_cell(line, &pos), want = nxc__str(name(user, i));
        if (!nxc__str_starts(want, NXC_STR("Column_")) &&
            !nxc__str_eq(cell, want))
            return nxc__error(err, NXC_ERR_MISMATCH,
                              "%s:1: expected column %zu to be %.60s, got "
                              "%.*s",
                              m->path, i + 1, want.ptr,
                              cell.len < 60 ? (int)cell.len : 60, cell.ptr);
    }
    return NXC_OK;
}

static nxc_status next_csv(cli_matrix *m, double *out, size_t max, size_t *n,
                           nxc_error *err) {
    for (*n = 0; *n < max;) {
        if (!m->has_line && !cli_lines_next(&m->lines))
            return cli_lines_status(&m->lines, err);
        m->has_line = false;
        if (m->lines.len == 0 && !m->lines.too_long) continue;
        NXC_TRY(read_row(m, out + *n * m->columns, err));
        ++*n;
    }
    return NXC_OK;
}

/* ---------------------------------------------------------------- either */

nxc_status cli_matrix_open(cli_matrix *m, const char *path, size_t columns,
                           const char *(*name)(const void *user, size_t i),
                           const void *user, nxc_error *err) {
    nxc_str file = nxc__str(path), ending = NXC_STR(".npy");
    memset(m, 0, sizeof *m);
    m->path = path;
    m->columns = columns;
    m->is_csv =
        file.len < ending.len ||
        !nxc__str_eq(nxc__str_slice(file, file.len - ending.len, file.len),
                     ending);
    nxc_status st = NXC_OK;
    if (!m->is_csv) {
        st = open_npy(m, err);
    } else {
        NXC_TRY(cli_lines_open(&m->lines, path, MAX_LINE, err));
        st = cli_lines_next(&m->lines) ? read_header(m, name, user, err)
                                       : cli_lines_status(&m->lines, err);
    }
    if (st != NXC_OK) cli_matrix_close(m);
    return st;
}

nxc_status cli_matrix_next(cli_matrix *m, double *out, size_t max, size_t *n,
                           nxc_error *err) {
    *n = 0;
    if (m->is_csv)
        NXC_TRY(next_csv(m, out, max, n, err));
    else
        *n = next_npy(m, out, max);
    m->rows_read += *n;
    return NXC_OK;
}

void cli_matrix_close(cli_matrix *m) {
    if (m->is_csv)
        cli_lines_close(&m->lines);
    else if (m->map.data)
        nxc__file_unmap(&m->map);
}
