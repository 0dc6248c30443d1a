/*
 * Calls of many users, one after the other, to sessions.
 *
 *     add_call ─► pending (user, catalog, time, number) ─► full or flush: sort
 *         ─► runs without a gap ─► additions ─► store
 *     add_session ─► additions (copied) ─► store
 *
 * Pending calls are 24 bytes; MAX_PENDING of them are handed over at once. A
 * session that is cut by that is joined again by the store, so memory is
 * bounded whatever the log is, and the result does not depend on the bound.
 *
 * What a call of a log must pass, in this order: host, file, status, operation.
 * Users are told apart by XXH3-128 of their name while a log is read and by
 * HMAC from then on; names are not kept.
 *
 * Threading: none of its own. Cost: a path look-up and a hash a call, a sort of
 * the pending calls, an HMAC a user.
 */
#include "learning/learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "base/utf8.h"
#include "session/session.h"
#include "session/timestamp.h"

#define MAX_PENDING ((size_t)1 << 18)
#define MAX_ADDITIONS 4096
#define MAX_ADDITION_BYTES ((size_t)32 << 20)

typedef struct pending {
    int64_t ms;
    uint32_t user, catalog, operation, number;
} pending;

typedef struct log_user {
    nxc__hash128 key, group;
    bool is_keyed;
} log_user;

struct nxc__learner {
    nxc__learn_setup setup;
    uint8_t secret[NXC_SECRET_BYTES];
    uint32_t gap_ms;
    pending *calls; /* (MAX_PENDING) */
    size_t n_calls;
    log_user *users; /* (cap_users) */
    size_t n_users, cap_users;
    nxc__strmap user_map;             /* 16 bytes of hash -> user */
    nxc__arena user_arena;            /* of its keys */
    nxc__learned_addition *additions; /* (MAX_ADDITIONS) of add_session */
    size_t n_additions;
    nxc__arena addition_arena;
};

/* ---------------------------------------------------------------- report */

void nxc__learn_note(nxc_learn_report *report, nxc_learn_kind kind,
                     nxc_str name, uint64_t number, nxc_str what) {
    nxc_learn_finding *f = &report->findings[kind];
    if (f->n++ >= NXC_LEARN_N_EXAMPLES) return;
    char *out = f->examples[f->n - 1];
    size_t cap = sizeof f->examples[0];
    int name_len = name.len < 48 ? (int)name.len : 48;
    const char *from = name.len ? name.ptr + name.len - name_len : "";
    int n = number ? snprintf(out, cap, "%.*s:%llu: ", name_len, from,
                              (unsigned long long)number)
                   : snprintf(out, cap, "%.*s: ", name_len, from);
    size_t at = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < what.len && at + 5 < cap;) {
        size_t step;
        uint32_t cp = nxc__utf8_decode(what, i, &step);
        i += step;
        at += nxc__utf8_encode(cp < 32 || cp == 127 ? '?' : cp, out + at);
    }
    out[at] = 0;
}

void nxc__learn_note_error(nxc_learn_report *report, nxc_str name,
                           uint64_t number, const nxc_error *error) {
    nxc_str what = nxc__str(error->message);
    if (nxc__str_starts(what, NXC_STR(":1: ")))
        what = nxc__str_slice(what, 4, what.len);
    nxc__learn_note(report,
                    error->code == NXC_ERR_LIMIT ? NXC_LEARN_LIMIT
                                                 : NXC_LEARN_MALFORMED,
                    name, number, what);
}

static void note(const nxc__learner *l, nxc_learn_kind kind, nxc_str log,
                 uint64_t number, const nxc__log_call *call) {
    char text[128];
    size_t query = nxc__str_find(call->url, '?', 0);
    if (l->setup.report->findings[kind].n >= NXC_LEARN_N_EXAMPLES) {
        l->setup.report->findings[kind].n++;
        return;
    }
    nxc_str path = nxc__str_slice(call->url, 0, query);
    int n = snprintf(text, sizeof text, "%.*s %.*s", NXC_STR_ARG(call->method),
                     NXC_STR_ARG(path));
    size_t len = n < 0 ? 0 : (size_t)n;
    if (len >= sizeof text) len = sizeof text - 1;
    nxc__learn_note(l->setup.report, kind, log, number, (nxc_str){text, len});
}

const char *nxc_learn_kind_name(nxc_learn_kind kind) {
    static const char *const names[] = {"malformed",
                                        "too_long",
                                        "encoding",
                                        "unknown_operation",
                                        "unknown_catalog",
                                        "no_time",
                                        "clock",
                                        "no_session",
                                        "static",
                                        "other_host",
                                        "failed",
                                        "empty",
                                        "gzip",
                                        "limit"};
    return (unsigned)kind < NXC_LEARN_N_KINDS ? names[kind] : "unknown";
}

/* ---------------------------------------------------------------- new, free */

nxc_status nxc__learner_new(const nxc__learn_setup *setup, nxc__learner **out,
                            nxc_error *err) {
    nxc__learner *l = nxc__alloc_zero(setup->alloc, sizeof *l);
    if (!l) return nxc__error_nomem(err, sizeof *l);
    l->setup = *setup;
    double gap = setup->options->gap_seconds * 1000;
    l->gap_ms = gap >= 4e9 ? 4000000000u : gap < 1 ? 1 : (uint32_t)gap;
    nxc__strmap_init(&l->user_map, setup->alloc);
    nxc__arena_init(&l->user_arena, setup->alloc, SIZE_MAX);
    nxc__arena_init(&l->addition_arena, setup->alloc, SIZE_MAX);
    l->calls = nxc__alloc(setup->alloc, MAX_PENDING * sizeof *l->calls);
    l->additions =
        nxc__alloc(setup->alloc, MAX_ADDITIONS * sizeof *l->additions);
    nxc_status st = NXC_OK;
    if (!l->calls || !l->additions)
        st = nxc__error_nomem(err, MAX_PENDING * sizeof *l->calls);
    else if (setup->store)
        st = nxc__learned_secret(setup->store, l->secret, err);
    if (st == NXC_OK)
        *out = l;
    else
        nxc__learner_free(l);
    return st;
}

void nxc__learner_free(nxc__learner *l) {
    if (!l) return;
    const nxc_allocator *alloc = l->setup.alloc;
    nxc__strmap_release(&l->user_map);
    nxc__arena_release(&l->user_arena);
    nxc__arena_release(&l->addition_arena);
    nxc__free(alloc, l->calls, MAX_PENDING * sizeof *l->calls);
    nxc__free(alloc, l->additions, MAX_ADDITIONS * sizeof *l->additions);
    nxc__free(alloc, l->users, l->cap_users * sizeof *l->users);
    nxc__free(alloc, l, sizeof *l);
}

const nxc__learn_setup *nxc__learner_setup(const nxc__learner *l) {
    return &l->setup;
}

/* ---------------------------------------------------------------- resolving */

/* "host" of "https://user@host:8080/x", or "". */
static nxc_str host_of(nxc_str url) {
    size_t colon = nxc__str_find(url, ':', 0);
    if (colon + 3 > url.len || memcmp(url.ptr + colon, "://", 3) != 0 ||
        nxc__str_find(url, '/', 0) < colon)
        return (nxc_str){"", 0};
    nxc_str rest = nxc__str_slice(url, colon + 3, url.len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?' &&
           rest.ptr[end] != '#')
        end++;
    rest.len = end;
    size_t at = nxc__str_find(rest, '@', 0);
    return at < rest.len ? nxc__str_slice(rest, at + 1, rest.len) : rest;
}

/* Without its port. */
static nxc_str host_name(nxc_str host) {
    if (host.len && host.ptr[0] == '[') {
        size_t end = nxc__str_find(host, ']', 0);
        return nxc__str_slice(host, 0, end < host.len ? end + 1 : host.len);
    }
    return nxc__str_slice(host, 0, nxc__str_find(host, ':', 0));
}

static bool is_wanted_host(const nxc__learner *l, const nxc__log_call *call) {
    const nxc_learn_options *o = l->setup.options;
    if (o->n_hosts == 0) return true;
    nxc_str host = call->host.len ? call->host : host_of(call->url);
    if (host.len == 0) return true; /* a log of one host does not say it */
    for (size_t i = 0; i < o->n_hosts; i++)
        if (nxc__str_ieq(o->hosts[i], host) ||
            nxc__str_ieq(o->hosts[i], host_name(host)))
            return true;
    return false;
}

/* The ending of a path's last segment, ".png", or "". */
static nxc_str ending(nxc_str path) {
    size_t end = 0;
    while (end < path.len && path.ptr[end] != '?' && path.ptr[end] != '#')
        end++;
    size_t dot = end;
    while (dot > 0 && path.ptr[dot - 1] != '.' && path.ptr[dot - 1] != '/')
        dot--;
    if (dot == 0 || path.ptr[dot - 1] != '.') return (nxc_str){"", 0};
    return nxc__str_slice(path, dot - 1, end);
}

static bool has_file_ending(nxc_str url) {
    static const char *const endings[] = {
        ".css", ".js",   ".mjs", ".map",  ".png",        ".jpg",  ".jpeg",
        ".gif", ".svg",  ".ico", ".webp", ".avif",       ".woff", ".woff2",
        ".ttf", ".otf",  ".eot", ".mp4",  ".webm",       ".mp3",  ".html",
        ".htm", ".wasm", ".txt", ".xml",  ".webmanifest"};
    nxc_str e = ending(url);
    for (size_t i = 0; e.len && i < sizeof endings / sizeof *endings; i++)
        if (nxc__str_ieq(e, nxc__str(endings[i]))) return true;
    return false;
}

/* A file is left out, unless the operation's own template ends so. */
static bool is_file(const nxc__log_call *call, const nxc_catalog *catalog,
                    uint32_t operation) {
    nxc_operation op;
    if (!call->is_file && !has_file_ending(call->url)) return false;
    return operation == NXC_NONE || call->is_file ||
           !nxc_catalog_get_operation(catalog, operation, &op) ||
           !nxc__str_ieq(ending(op.path), ending(call->url));
}

bool nxc__learner_resolve(nxc__learner *l, const nxc__log_call *call,
                          nxc_str log, uint64_t number, uint32_t *catalog,
                          uint32_t *operation) {
    nxc_method method = nxc__method_parse(call->method);
    uint32_t op = NXC_NONE, c = 0;
    if (!is_wanted_host(l, call)) {
        note(l, NXC_LEARN_OTHER_HOST, log, number, call);
        return false;
    }
    for (size_t i = 0; i < l->setup.n_catalogs && op == NXC_NONE; i++) {
        op =
            nxc__catalog_match(l->setup.catalogs[i].catalog, method, call->url);
        c = (uint32_t)i;
    }
    if (is_file(call, l->setup.catalogs[c].catalog, op)) {
        note(l, NXC_LEARN_STATIC, log, number, call);
        return false;
    }
    if (call->status >= 400 && !l->setup.options->keep_failed) {
        note(l, NXC_LEARN_FAILED, log, number, call);
        return false;
    }
    if (op == NXC_NONE) {
        note(l, NXC_LEARN_UNKNOWN_OPERATION, log, number, call);
        return false;
    }
    *catalog = c;
    *operation = op;
    return true;
}

/* ---------------------------------------------------------------- times */

/* "10/Oct/2000:13:55:36 -0700" to RFC 3339. */
static bool common_time(nxc_str t, char out[32]) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (t.len < 20 || t.ptr[2] != '/' || t.ptr[6] != '/' || t.ptr[11] != ':')
        return false;
    int month = 0;
    while (month < 12 && memcmp(months + 3 * month, t.ptr + 3, 3) != 0)
        month++;
    nxc_str zone = nxc__str_slice(t, 20, t.len);
    if (month == 12 || zone.len > 6) return false;
    if (zone.len && zone.ptr[0] == ' ')
        zone = nxc__str_slice(zone, 1, zone.len);
    snprintf(out, 32, "%.4s-%02d-%.2sT%.8s%.*s", t.ptr + 7, month + 1, t.ptr,
             t.ptr + 12, (int)zone.len, zone.len ? zone.ptr : "");
    return true;
}

bool nxc__learn_time(nxc_str text, int64_t *ms) {
    char rfc[32];
    double seconds;
    text = nxc__str_trim(text);
    if (common_time(text, rfc)) text = nxc__str(rfc);
    if (nxc__timestamp_parse(text, &seconds, NULL) != NXC_OK) return false;
    *ms = nxc__learn_ms(seconds);
    return true;
}

/* ---------------------------------------------------------------- users */

static nxc_status grow_users(nxc__learner *l, nxc_error *err) {
    size_t cap = l->cap_users ? 2 * l->cap_users : 1024;
    log_user *p = nxc__realloc(l->setup.alloc, l->users,
                               l->cap_users * sizeof *p, cap * sizeof *p);
    if (!p) return nxc__error_nomem(err, cap * sizeof *p);
    l->users = p;
    l->cap_users = cap;
    return NXC_OK;
}

nxc_status nxc__learner_keys(nxc__learner *l, nxc_str session, nxc_str user,
                             nxc__hash128 *key, nxc__hash128 *group,
                             nxc_error *err) {
    NXC_TRY(nxc__learned_key(l->secret, NXC_KEY_SESSION, session, key, err));
    *group = *key;
    if (user.len == 0) return NXC_OK;
    return nxc__learned_key(l->secret, NXC_KEY_USER, user, group, err);
}

nxc_status nxc__learner_user(nxc__learner *l, nxc_str user, nxc_str session,
                             uint32_t *out, nxc_error *err) {
    nxc__hash128 hash = nxc__hash_128(user.ptr, user.len);
    nxc__hash128 other = nxc__hash_128(session.ptr, session.len);
    if (session.len) {
        hash.low ^= other.low * 0x9E3779B97F4A7C15u;
        hash.high += other.high;
    }
    *out = nxc__strmap_find(&l->user_map,
                            (nxc_str){(const char *)&hash, sizeof hash});
    if (*out != NXC_NONE) return NXC_OK;
    if (l->n_users == l->cap_users) NXC_TRY(grow_users(l, err));
    log_user u = {.is_keyed = session.len > 0};
    if (u.is_keyed)
        NXC_TRY(nxc__learner_keys(l, session, user, &u.key, &u.group, err));
    else
        NXC_TRY(nxc__learned_key(l->secret, NXC_KEY_USER, user, &u.group, err));
    nxc_str key = nxc__arena_copy(&l->user_arena,
                                  (nxc_str){(const char *)&hash, sizeof hash});
    if (!key.ptr) return nxc__error_nomem(err, sizeof hash);
    NXC_TRY(
        nxc__strmap_add(&l->user_map, key, (uint32_t)l->n_users, NULL, err));
    *out = (uint32_t)l->n_users;
    l->users[l->n_users++] = u;
    return NXC_OK;
}

/* ---------------------------------------------------------------- calls */

bool nxc__learner_is_full(const nxc__learner *l) {
    return l->n_calls == MAX_PENDING;
}

nxc_status nxc__learner_add_call(nxc__learner *l, uint32_t catalog,
                                 uint32_t operation, uint32_t user, int64_t ms,
                                 nxc_error *err) {
    if (l->n_calls == MAX_PENDING)
        return nxc__error(err, NXC_ERR_INTERNAL,
                          "learn: expected a flush before more calls, got "
                          "none");
    l->calls[l->n_calls] = (pending){.ms = ms,
                                     .user = user,
                                     .catalog = catalog,
                                     .operation = operation,
                                     .number = (uint32_t)l->n_calls};
    l->n_calls++;
    l->setup.report->n_calls++;
    return NXC_OK;
}

static int compare_calls(const void *a, const void *b) {
    const pending *x = a, *y = b;
    if (x->user != y->user) return x->user < y->user ? -1 : 1;
    if (x->catalog != y->catalog) return x->catalog < y->catalog ? -1 : 1;
    if (x->ms != y->ms) return x->ms < y->ms ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

/* How many calls from i on are one session. */
static size_t run_length(const nxc__learner *l, size_t i) {
    const pending *c = l->calls;
    bool is_keyed = l->users[c[i].user].is_keyed;
    size_t k = i + 1;
    while (k < l->n_calls && c[k].user == c[i].user &&
           c[k].catalog == c[i].catalog &&
           (is_keyed || (uint64_t)c[k].ms - (uint64_t)c[k - 1].ms <= l->gap_ms))
        k++;
    return k - i;
}

static uint64_t hash_of(const nxc__learner *l, uint32_t catalog,
                        uint32_t operation) {
    nxc_operation op;
    nxc_catalog_get_operation(l->setup.catalogs[catalog].catalog, operation,
                              &op);
    return nxc__operation_hash(op.id);
}

/* Runs of the sorted calls as additions in the arena. */
static nxc_status make_additions(nxc__learner *l, nxc__arena *arena,
                                 nxc__learned_addition **out, size_t *n,
                                 nxc_error *err) {
    nxc__record_call *calls =
        nxc__arena_alloc_array(arena, l->n_calls, sizeof *calls);
    *out = nxc__arena_alloc_array(arena, l->n_calls, sizeof **out);
    if (!calls || !*out)
        return nxc__error_nomem(err, l->n_calls * sizeof **out);
    *n = 0;
    for (size_t i = 0; i < l->n_calls;) {
        const pending *first = &l->calls[i];
        const log_user *u = &l->users[first->user];
        size_t len = run_length(l, i);
        for (size_t k = i; k < i + len; k++)
            calls[k] = (nxc__record_call){
                hash_of(l, l->calls[k].catalog, l->calls[k].operation),
                l->calls[k].ms, NXC_NONE, NXC_NONE};
        (*out)[(*n)++] = (nxc__learned_addition){
            .catalog = l->setup.catalogs[first->catalog].name,
            .record = {.key = u->key,
                       .group = u->group,
                       .gap_ms = u->is_keyed ? 0 : l->gap_ms,
                       .calls = calls + i,
                       .n = len}};
        i += len;
    }
    return NXC_OK;
}

static nxc_status hand_over(nxc__learner *l, const nxc__learned_addition *a,
                            size_t n, nxc_error *err) {
    nxc__learned_counts counts = {0, 0, 0, 0};
    nxc_learn_report *r = l->setup.report;
    if (n == 0) return NXC_OK;
    if (!l->setup.store) {
        r->n_new += n;
        return NXC_OK;
    }
    NXC_TRY(nxc__learned_add_all(l->setup.store, a, n, l->setup.alloc, &counts,
                                 err));
    r->n_new += counts.n_new;
    r->n_changed += counts.n_changed;
    r->n_same += counts.n_same;
    if (counts.n_dropped)
        nxc__learn_note(r, NXC_LEARN_LIMIT, NXC_STR("learn"), 0,
                        NXC_STR("over 1000 calls of a user in an instant"));
    return NXC_OK;
}

static nxc_status flush_calls(nxc__learner *l, nxc_error *err) {
    nxc__arena arena;
    nxc__learned_addition *additions = NULL;
    size_t n = 0;
    if (l->n_calls == 0) return NXC_OK;
    nxc__arena_init(&arena, l->setup.alloc, SIZE_MAX);
    qsort(l->calls, l->n_calls, sizeof *l->calls, compare_calls);
    nxc_status st = make_additions(l, &arena, &additions, &n, err);
    if (st == NXC_OK) st = hand_over(l, additions, n, err);
    nxc__arena_release(&arena);
    l->n_calls = l->n_users = 0;
    nxc__strmap_release(&l->user_map);
    nxc__arena_reset(&l->user_arena);
    return st;
}

/* ---------------------------------------------------------------- sessions */

static nxc_status flush_sessions(nxc__learner *l, nxc_error *err) {
    nxc_status st = hand_over(l, l->additions, l->n_additions, err);
    l->n_additions = 0;
    if (l->addition_arena.total > MAX_ADDITION_BYTES)
        nxc__arena_release(&l->addition_arena);
    else
        nxc__arena_reset(&l->addition_arena);
    return st;
}

nxc_status nxc__learner_add_session(nxc__learner *l, uint32_t catalog,
                                    const nxc__record *record, nxc_error *err) {
    nxc__arena *arena = &l->addition_arena;
    nxc__record r = *record;
    nxc__record_call *calls = nxc__arena_alloc_array(arena, r.n, sizeof *calls);
    nxc_str *texts = nxc__arena_alloc_array(arena, r.n_texts, sizeof *texts);
    if (!calls || !texts) return nxc__error_nomem(err, r.n * sizeof *calls);
    if (r.n) memcpy(calls, r.calls, r.n * sizeof *calls);
    for (size_t i = 0; i < r.n_texts; i++) {
        texts[i] = nxc__arena_copy(arena, r.texts[i]);
        if (!texts[i].ptr) return nxc__error_nomem(err, r.texts[i].len);
    }
    r.calls = calls;
    r.texts = texts;
    l->additions[l->n_additions++] =
        (nxc__learned_addition){l->setup.catalogs[catalog].name, r};
    l->setup.report->n_calls += r.n;
    return l->n_additions == MAX_ADDITIONS || arena->total > MAX_ADDITION_BYTES
               ? flush_sessions(l, err)
               : NXC_OK;
}

nxc_status nxc__learner_flush(nxc__learner *l, nxc_error *err) {
    NXC_TRY(flush_calls(l, err));
    return flush_sessions(l, err);
}
