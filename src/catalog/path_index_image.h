/* The bytes of a path index (docs/formats/path-index.md) and what its writer
 * and its reader share. Private to path_index.c and path_index_write.c. */
#ifndef NXC_CATALOG_PATH_INDEX_IMAGE_H
#define NXC_CATALOG_PATH_INDEX_IMAGE_H

#include <assert.h>

#include "catalog/path_index.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the image is read in place: little-endian hosts only"
#endif

#define NXC_PATH_MAGIC 0x4950584Eu /* "NXPI" */
#define NXC_PATH_VERSION 1u
enum { NXC_PATH_HAS_TAILS = 1u, NXC_PATH_HAS_SPANS = 2u };

typedef struct nxc__path_header {
    uint32_t magic, version, size, flags;
    uint32_t n_nodes, n_ends, n_bases, n_base_segments;
    uint32_t n_text; /* bytes, padded to a multiple of 4 */
    uint32_t reserved;
} nxc__path_header;
static_assert(sizeof(nxc__path_header) == 40, "on disk");

/* Children are consecutive: static ones (ascending bytes), mixed ones (most
 * specific first), the parameter. Nodes are numbered in breadth-first order, so
 * the first child of a node is one past the last child of the node before. */
enum { NXC_PATH_NODE_PARAM = 1u, NXC_PATH_NODE_SPAN = 2u };
typedef struct nxc__path_node {
    uint32_t text, text_len; /* its segment: bytes, a pattern, or nothing */
    uint32_t first_child, n_static, n_mixed;
    uint32_t flags; /* PARAM: has a parameter child; SPAN: see path_index.c */
    uint32_t first_end, n_ends;
} nxc__path_node;
static_assert(sizeof(nxc__path_node) == 32, "on disk");

typedef struct nxc__path_end {
    uint32_t method, operation; /* ascending methods in a node */
} nxc__path_end;
static_assert(sizeof(nxc__path_end) == 8, "on disk");

typedef struct nxc__path_base {
    uint32_t first_segment, n_segments;
    uint32_t node; /* where the templates that contain it go on, or NXC_NONE */
} nxc__path_base;
static_assert(sizeof(nxc__path_base) == 12, "on disk");

typedef struct nxc__path_text {
    uint32_t text, text_len; /* length 0: any segment */
} nxc__path_text;
static_assert(sizeof(nxc__path_text) == 8, "on disk");

/* Indexes of nxc__path_index.tables. */
enum {
    NXC_PATH_HEADER,
    NXC_PATH_NODES,
    NXC_PATH_ENDS,
    NXC_PATH_BASES,
    NXC_PATH_BASE_SEGMENTS,
    NXC_PATH_TEXT
};

/* Splits a path into segments. '/' inside a {parameter} does not split, empty
 * segments do not count, '?' and '#' outside parameters end the path. */
typedef struct nxc__path_scan {
    nxc_str path; /* scheme and host cut */
    size_t at, last_close;
} nxc__path_scan;
nxc__path_scan nxc__path_scan_start(nxc_str path_or_url);
bool nxc__path_scan_next(nxc__path_scan *scan, nxc_str *segment);
/* After the last segment: "?x=1", "#y" or "". */
nxc_str nxc__path_scan_tail(const nxc__path_scan *scan);

/* s with %XX decoded into out (s.len bytes suffice); a malformed escape stays
 * as it is. The result is s itself if there is nothing to decode. */
nxc_str nxc__path_decode(nxc_str s, char *out);

/* A pattern is the literals around its parameters: n_parameters + 1 pieces,
 * each a 16-bit length (low byte first) and its bytes. */
static inline size_t nxc__path_piece(const uint8_t *pattern, nxc_str *piece) {
    size_t len = (size_t)pattern[0] | (size_t)pattern[1] << 8;
    *piece = (nxc_str){(const char *)pattern + 2, len};
    return len + 2;
}

#endif
