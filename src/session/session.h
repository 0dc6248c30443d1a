/*
 * A session as the features see it: the calls of a request resolved against a
 * catalog, oldest first, with everything that later stages ask about.
 *
 * Order: the caller's order, unless every call has a timestamp and they are out
 * of order; then a stable sort by timestamp (equal times keep their order).
 */
#ifndef NXC_SESSION_SESSION_H
#define NXC_SESSION_SESSION_H

#include "base/alloc.h"
#include "base/json.h"
#include "catalog/catalog.h"

typedef struct nxc__call {
    uint32_t operation;      /* in the catalog, or NXC_NONE: unknown to it */
    nxc_method method;       /* of the operation, or as given */
    uint32_t resource;       /* id in the catalog's vocabulary */
    double timestamp;        /* seconds, or NaN */
    nxc_str path;            /* concrete, as given; "" for a tool */
    nxc_str name;            /* operationId or tool name as given, or "" */
    int32_t response_status; /* 0: not given */
} nxc__call;

/* An earlier session of the same user: what the catalog knows of it. */
typedef struct nxc__earlier {
    const uint32_t *operations; /* (n) oldest first */
    size_t n;
    double age; /* seconds from its end to now, at least 0, or NaN */
} nxc__earlier;

typedef struct nxc__session {
    const nxc_catalog *catalog;
    const nxc__call *calls; /* oldest first */
    size_t n;
    size_t n_unknown; /* calls with operation NXC_NONE */
    double start;     /* session_start, else the oldest timestamp, or NaN */
    double last;      /* newest timestamp, or NaN */
    bool reordered;
    const nxc__earlier *earlier; /* (n_earlier) newest last; none is empty */
    size_t n_earlier;
} nxc__session;

/* Resolve the history of a request. Memory from arena. Never fails for an
 * unknown call (it is kept and counted).
 * Errors: NXC_ERR_LIMIT (max_history), NXC_ERR_NOMEM, NXC_ERR_INVALID (a call
 * that names nothing at all: "history[3]: ..."). */
nxc_status nxc__session_resolve(const nxc_catalog *catalog,
                                const nxc_request *request,
                                const nxc_config *cfg, nxc__arena *arena,
                                nxc__session *out, nxc_error *err);
/* The earlier sessions of a request into session. Errors: as above, with
 * "previous[2]: ..." in front; max_history counts all their calls together. */
nxc_status nxc__session_resolve_earlier(const nxc_catalog *catalog,
                                        const nxc_request *request,
                                        const nxc_config *cfg,
                                        nxc__arena *arena,
                                        nxc__session *session, nxc_error *err);
/* Split "GET /v1/x", or keep a name. */
void nxc__call_parse(nxc_str text, nxc_method *method, nxc_str *path,
                     nxc_str *name);
/* Case does not matter; "" is NONE, anything unknown OTHER. */
nxc_method nxc__method_parse(nxc_str text);

/* ---- readers (session_json.c): JSON to nxc_request, strings in arena */

/* A request object {id, prompt, history, session_start, now, catalog,
 * candidates, top, previous}; unknown members are errors that name the nearest
 * one. */
nxc_status nxc__request_read(nxc_str name, nxc_str json, const nxc_config *cfg,
                             nxc__arena *arena, const nxc_allocator *alloc,
                             nxc_request *out, nxc_error *err);
/* A session: an array of calls, an object {prompt?, session_start?, now?,
 * calls | history: [...]}, or JSONL with one call a line. */
nxc_status nxc__session_read(nxc_str name, nxc_str bytes, const nxc_config *cfg,
                             nxc__arena *arena, const nxc_allocator *alloc,
                             nxc_request *out, nxc_error *err);

#endif
