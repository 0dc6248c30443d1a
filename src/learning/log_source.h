/*
 * The bytes of a log: a file, standard input or memory, unpacked (gzip, also
 * several members one after the other) and brought to UTF-8 (UTF-16 by its
 * byte-order mark), in memory of two chunks and one line.
 *
 *     open -> peek? -> (next* | read_all) -> close
 *
 * What is wrong with the bytes (damaged gzip, more than max_bytes, a line over
 * max_line) is noted in the report and ends the log or the line; only the
 * operating system and memory can make a call fail.
 */
#ifndef NXC_LEARNING_LOG_SOURCE_H
#define NXC_LEARNING_LOG_SOURCE_H

#include <nextcall/nextcall.h>

typedef struct nxc__log_source nxc__log_source;

typedef struct nxc__log_limits {
    uint64_t max_bytes; /* unpacked */
    size_t max_line;
} nxc__log_limits;

/* bytes.ptr NULL: the file called name, "-" is standard input. */
nxc_status nxc__log_open(nxc_str name, nxc_str bytes,
                         const nxc__log_limits *limits,
                         nxc_learn_report *report, const nxc_allocator *alloc,
                         nxc__log_source **out, nxc_error *err);
void nxc__log_close(nxc__log_source *source);
/* The first bytes (up to 64 KiB), which next will give again. */
nxc_status nxc__log_peek(nxc__log_source *source, nxc_str *out, nxc_error *err);
/* The next line without its end; false at the end or on failure. A line that is
 * too long is noted and passed over. Valid until the next call. */
bool nxc__log_next(nxc__log_source *source, nxc_str *line);
/* The number of the last line, and unpacked bytes so far. */
uint64_t nxc__log_line_number(const nxc__log_source *source);
uint64_t nxc__log_n_bytes(const nxc__log_source *source);
nxc_str nxc__log_name(const nxc__log_source *source);
/* Why next returned false: NXC_OK at the end. */
nxc_status nxc__log_status(const nxc__log_source *source, nxc_error *err);
/* All that is left, at most max bytes: more is noted (NXC_LEARN_LIMIT) and
 * gives an empty text. Valid until close. */
nxc_status nxc__log_read_all(nxc__log_source *source, size_t max, nxc_str *out,
                             nxc_error *err);

#endif
