/* The earlier sessions of a request's user, each resolved as its history is. */
#include <math.h>

#include "base/config.h"
#include "base/error.h"
#include "session/session.h"

static nxc_status resolve_one(const nxc_catalog *catalog,
                              const nxc_previous *previous, double now,
                              const nxc_config *cfg, nxc__arena *arena,
                              nxc__earlier *out, nxc_error *err) {
    nxc_request request = NXC_REQUEST_INIT;
    nxc__session s;
    request.history = previous->calls;
    request.n_history = previous->n_calls;
    NXC_TRY(nxc__session_resolve(catalog, &request, cfg, arena, &s, err));
    uint32_t *operations =
        nxc__arena_alloc_array(arena, s.n, sizeof *operations);
    if (!operations) return nxc__error_nomem(err, s.n * sizeof *operations);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.calls[i].operation != NXC_NONE)
            operations[n++] = s.calls[i].operation;
    double time = isnan(previous->time) ? s.last : previous->time;
    double age = now - time; /* NaN if one of them is not known */
    *out = (nxc__earlier){operations, n, age < 0 ? 0 : age};
    return NXC_OK;
}

nxc_status nxc__session_resolve_earlier(const nxc_catalog *catalog,
                                        const nxc_request *request,
                                        const nxc_config *cfg,
                                        nxc__arena *arena,
                                        nxc__session *session, nxc_error *err) {
    size_t n = request->n_previous, n_calls = 0, kept = 0;
    size_t max = nxc__config_int(cfg, NXC_OPT_max_history);
    if (n == 0) return NXC_OK;
    nxc__earlier *earlier = nxc__arena_alloc_array(arena, n, sizeof *earlier);
    if (!earlier) return nxc__error_nomem(err, n * sizeof *earlier);
    for (size_t i = 0; i < n; i++) {
        const nxc_previous *p = &request->previous[i];
        nxc_status st = NXC_OK;
        if (p->n_calls > max - n_calls)
            st = nxc__error(err, NXC_ERR_LIMIT,
                            "expected at most %zu calls in all (max_history), "
                            "got more",
                            max);
        n_calls += p->n_calls;
        if (st == NXC_OK)
            st = resolve_one(catalog, p, request->now, cfg, arena,
                             &earlier[kept], err);
        if (st != NXC_OK) return nxc__error_prefix(err, st, "previous[%zu]", i);
        kept += earlier[kept].n > 0;
    }
    session->earlier = earlier;
    session->n_earlier = kept;
    return NXC_OK;
}
