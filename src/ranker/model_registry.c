/*
 * A model registry: versions in a folder, and one small file that says which of
 * them is active.
 *
 *     add -> (activate | set_shadow | rollback)* -> load
 *
 *     DIR/registry.json            which is active, shadow, previous
 *     DIR/lock                     flock: one process changes it at a time
 *     DIR/versions/0001/model.txt  as it was added
 *     DIR/versions/0001/check.nxv  its check vectors
 *
 * A version is written into a folder whose name begins with a dot, flushed and
 * renamed; it never changes afterwards. registry.json is replaced by rename. So
 * a kill at any moment leaves the state before or after a change, and what it
 * leaves behind (a dotted folder, a file beside registry.json) is removed by
 * the next change, which alone has the lock. Readers take no lock.
 *
 * A version is parsed and scored against its check vectors each time it is
 * loaded, and before it becomes active or shadow.
 *
 * Threading: no state; any number of threads and processes. Cost: a change
 * flushes a few files; reading the state reads one of 100 bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/str.h"
#include "ranker/check_vectors.h"

#define NAME_BYTES NXC_MODEL_VERSION_BYTES
#define PATH_BYTES 1200
#define MAX_DIR 1000
#define MAX_STATE_BYTES 65536
#define MAX_VERSIONS 100000
#define NEW_VERSION ".new" /* below versions/ */
#define STATE_FILE "registry.json"

static const nxc_allocator *const heap = &nxc__allocator_default;

/* ---------------------------------------------------------------- names */

static nxc_status check_dir(const char *dir, nxc_error *err) {
    size_t len = dir ? strlen(dir) : 0;
    if (len && len <= MAX_DIR) return NXC_OK;
    return nxc__error(err, NXC_ERR_INVALID,
                      "registry: expected the name of a folder of at most %d "
                      "bytes, got %zu",
                      MAX_DIR, len);
}

static bool is_name(const char *name) {
    size_t n = 0;
    for (; name[n]; n++)
        if (n + 1 == NAME_BYTES ||
            !(nxc__is_alpha(name[n]) || nxc__is_digit(name[n]) ||
              name[n] == '_' || name[n] == '-' || (name[n] == '.' && n)))
            return false;
    return n > 0;
}

static nxc_status check_name(const char *name, nxc_error *err) {
    if (name && is_name(name)) return NXC_OK;
    return nxc__error(err, NXC_ERR_INVALID,
                      "version: expected a name of up to %d letters, digits, "
                      "'_', '-' and '.', got %.80s",
                      NAME_BYTES - 1, name ? name : "NULL");
}

static void path_of(char *path, const char *dir, const char *version,
                    const char *file) {
    snprintf(path, PATH_BYTES, "%s/versions%s%s%s%s", dir, version ? "/" : "",
             version ? version : "", file ? "/" : "", file ? file : "");
}

static bool is_folder(const char *path) {
    struct stat sb;
    return stat(path, &sb) == 0 && S_ISDIR(sb.st_mode);
}

static nxc_status need_version(const char *dir, const char *version,
                               nxc_error *err) {
    char path[PATH_BYTES];
    NXC_TRY(check_name(version, err));
    path_of(path, dir, version, NULL);
    if (is_folder(path)) return NXC_OK;
    return nxc__error(err, NXC_ERR_NOT_FOUND,
                      "%.200s: expected a version, got %s, which it does not "
                      "have",
                      dir, version);
}

/* ---------------------------------------------------------------- state */

static nxc_status read_name(const nxc__json_doc *doc, const char *key,
                            char *out, nxc_error *err) {
    const nxc__json *v = nxc__json_get(nxc__json_root(doc), nxc__str(key));
    nxc__json_path root = {NULL, {NULL, 0}, 0};
    nxc__json_path at = {&root, nxc__str(key), 0};
    nxc_str s = nxc__json_str(v);
    out[0] = 0;
    if (v && nxc__json_is(v, NXC_JSON_NULL)) return NXC_OK;
    if (nxc__json_is(v, NXC_JSON_STRING) && s.len < NAME_BYTES) {
        memcpy(out, s.ptr, s.len);
        out[s.len] = 0;
        if (strlen(out) == s.len && is_name(out)) return NXC_OK;
    }
    return nxc__json_error_type(doc, v ? &at : &root, err,
                                "a version's name or null", v);
}

static nxc_status parse_state(const char *path, nxc_str text,
                              nxc_registry_state *out, nxc_error *err) {
    nxc__json_doc *doc;
    NXC_TRY(nxc__json_parse(nxc__str(path), text, NULL, NULL, &doc, err));
    const nxc__json *root = nxc__json_root(doc);
    uint64_t format = 0;
    nxc_status st = NXC_OK;
    if (!nxc__json_uint(NXC_JSON_GET(root, "format"), UINT32_MAX, &format) ||
        format != 1 ||
        !nxc__json_uint(NXC_JSON_GET(root, "number"), UINT64_MAX >> 12,
                        &out->number))
        st = nxc__error(err, NXC_ERR_FORMAT,
                        "%s: expected format 1 and a number, got others", path);
    if (st == NXC_OK) st = read_name(doc, "active", out->active, err);
    if (st == NXC_OK) st = read_name(doc, "shadow", out->shadow, err);
    if (st == NXC_OK) st = read_name(doc, "previous", out->previous, err);
    nxc__json_free(doc);
    return st;
}

nxc_status nxc_registry_get_state(const char *dir, nxc_registry_state *out,
                                  nxc_error *err) {
    char path[PATH_BYTES];
    nxc_registry_state s;
    nxc_str text;
    if (!out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "registry: expected an output, got NULL");
    NXC_TRY(check_dir(dir, err));
    memset(&s, 0, sizeof s);
    snprintf(path, sizeof path, "%s/" STATE_FILE, dir);
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        path_of(path, dir, NULL, NULL);
        if (!is_folder(path))
            return nxc__error(err, NXC_ERR_NOT_FOUND,
                              "%.200s: expected a registry, got no folder "
                              "versions in it; nextcall registry add makes one",
                              dir);
        *out = s; /* nothing was ever active */
        return NXC_OK;
    }
    NXC_TRY(nxc__file_read(path, MAX_STATE_BYTES, heap, &text, err));
    nxc_status st = parse_state(path, text, &s, err);
    nxc__free_str(heap, text);
    if (st == NXC_OK) *out = s;
    return st;
}

static void append_name(nxc__buffer *b, const char *key, const char *name) {
    nxc__buffer_printf(b, ",\n  \"%s\": ", key);
    if (name[0])
        nxc__buffer_append_json(b, nxc__str(name));
    else
        nxc__buffer_append_z(b, "null");
}

/* With the lock. */
static nxc_status write_state(const char *dir, const nxc_registry_state *s,
                              nxc_error *err) {
    char next[PATH_BYTES], path[PATH_BYTES];
    nxc__buffer b;
    snprintf(next, sizeof next, "%s/" STATE_FILE ".next", dir);
    snprintf(path, sizeof path, "%s/" STATE_FILE, dir);
    nxc__buffer_init(&b, heap, MAX_STATE_BYTES);
    nxc__buffer_printf(&b, "{\n  \"format\": 1,\n  \"number\": %ju",
                       (uintmax_t)s->number + 1);
    append_name(&b, "active", s->active);
    append_name(&b, "shadow", s->shadow);
    append_name(&b, "previous", s->previous);
    nxc__buffer_append_z(&b, "\n}\n");
    nxc_status st = nxc__buffer_status(&b, path, err);
    if (st == NXC_OK) st = nxc__file_replace(next, b.data, b.len, err);
    if (st == NXC_OK) st = nxc__file_rename(NULL, next, path, err);
    nxc__buffer_release(&b);
    return st;
}

/* ----------------------------------------------------------------- lock */

/* What a killed change left: files and empty folders that begin so, in the
 * folder itself. */
static void remove_left(const char *dir, const char *begin) {
    char path[PATH_BYTES + 256];
    DIR *d = opendir(dir);
    if (!d) return;
    /* readdir: d is this call's own */
    for (struct dirent *x; (x = readdir(d));) { // NOLINT(concurrency-mt-unsafe)
        if (strncmp(x->d_name, begin, strlen(begin)) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", dir, x->d_name);
        if (unlink(path) != 0) (void)rmdir(path);
    }
    closedir(d);
}

static void clean(const char *dir) {
    char path[PATH_BYTES];
    remove_left(dir, STATE_FILE ".");
    path_of(path, dir, NEW_VERSION, NULL);
    remove_left(path, "model.txt");
    remove_left(path, "check.nxv");
    (void)rmdir(path);
}

static nxc_status make_folder(const char *path, nxc_error *err) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return NXC_OK;
    return nxc__file_error(err, path, "make a folder");
}

/* The right to change the registry, and its state. */
static nxc_status begin_change(const char *dir, int *fd, nxc_registry_state *s,
                               nxc_error *err) {
    char path[PATH_BYTES];
    NXC_TRY(nxc_registry_get_state(dir, s, err));
    snprintf(path, sizeof path, "%s/lock", dir);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) return nxc__file_error(err, path, "open");
    int rc;
    do
        rc = flock(*fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    nxc_status st = rc ? nxc__file_error(err, path, "lock") : NXC_OK;
    if (st == NXC_OK) st = nxc_registry_get_state(dir, s, err);
    if (st == NXC_OK)
        clean(dir);
    else
        close(*fd);
    return st;
}

/* ----------------------------------------------------------------- load */

nxc_status nxc_registry_load(const char *dir, const char *version,
                             const nxc_allocator *alloc, nxc_ranker **out,
                             nxc_error *err) {
    char path[PATH_BYTES];
    nxc_str text;
    nxc_ranker *ranker = NULL;
    if (!out)
        return nxc__error(err, NXC_ERR_INVALID,
                          "registry: expected an output, got NULL");
    NXC_TRY(check_dir(dir, err));
    NXC_TRY(need_version(dir, version, err));
    path_of(path, dir, version, "model.txt");
    NXC_TRY(nxc__file_read(path, NXC_MODEL_MAX_BYTES, heap, &text, err));
    nxc_status st = nxc__ranker_parse_as(nxc__str(version), nxc__str(path),
                                         text, alloc, &ranker, err);
    path_of(path, dir, version, "check.nxv");
    if (st == NXC_OK) st = nxc__check_verify(path, text, ranker, NULL, err);
    nxc__free_str(heap, text);
    if (st == NXC_OK)
        *out = ranker;
    else
        nxc_ranker_free(ranker);
    return st;
}

static nxc_status check_version(const char *dir, const char *version,
                                nxc_error *err) {
    nxc_ranker *ranker;
    NXC_TRY(nxc_registry_load(dir, version, NULL, &ranker, err));
    nxc_ranker_free(ranker);
    return NXC_OK;
}

/* --------------------------------------------------------------- change */

static void copy_name(char *to, const char *name) {
    size_t n = strnlen(name, NAME_BYTES - 1);
    memcpy(to, name, n);
    to[n] = 0;
}

static void make_active(nxc_registry_state *s, const char *version) {
    if (strcmp(s->active, version) == 0) return;
    copy_name(s->previous, s->active);
    copy_name(s->active, version);
    if (strcmp(s->shadow, version) == 0) s->shadow[0] = 0;
}

nxc_status nxc_registry_activate(const char *dir, const char *version,
                                 nxc_error *err) {
    nxc_registry_state s;
    int fd;
    NXC_TRY(begin_change(dir, &fd, &s, err));
    nxc_status st = check_version(dir, version, err);
    if (st == NXC_OK) {
        make_active(&s, version);
        st = write_state(dir, &s, err);
    }
    close(fd);
    return st;
}

nxc_status nxc_registry_set_shadow(const char *dir, const char *version,
                                   nxc_error *err) {
    nxc_registry_state s;
    int fd;
    NXC_TRY(begin_change(dir, &fd, &s, err));
    nxc_status st = version ? check_version(dir, version, err) : NXC_OK;
    if (st == NXC_OK && version && strcmp(version, s.active) == 0)
        st = nxc__error(err, NXC_ERR_INVALID,
                        "shadow: expected another version than the active one, "
                        "got %s",
                        version);
    if (st == NXC_OK) {
        copy_name(s.shadow, version ? version : "");
        st = write_state(dir, &s, err);
    }
    close(fd);
    return st;
}

nxc_status nxc_registry_rollback(const char *dir, char *version,
                                 nxc_error *err) {
    nxc_registry_state s;
    int fd;
    NXC_TRY(begin_change(dir, &fd, &s, err));
    char to[NAME_BYTES];
    copy_name(to, s.previous);
    nxc_status st =
        to[0] ? check_version(dir, to, err)
              : nxc__error(err, NXC_ERR_STATE,
                           "%.200s: expected a version that was active before, "
                           "got none",
                           dir);
    if (st == NXC_OK) {
        make_active(&s, to);
        st = write_state(dir, &s, err);
    }
    close(fd);
    if (st == NXC_OK && version) copy_name(version, to);
    return st;
}

/* ----------------------------------------------------------------- list */

typedef struct names {
    char (*items)[NAME_BYTES];
    size_t n, cap;
} names;

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static nxc_status add_name(names *all, const char *name, nxc_error *err) {
    if (all->n == MAX_VERSIONS)
        return nxc__error(err, NXC_ERR_LIMIT,
                          "registry: expected at most %d versions, got more",
                          MAX_VERSIONS);
    if (all->n == all->cap) {
        size_t cap = all->cap ? 2 * all->cap : 64;
        char(*items)[NAME_BYTES] = nxc__realloc(
            heap, all->items, all->cap * NAME_BYTES, cap * NAME_BYTES);
        if (!items) return nxc__error_nomem(err, cap * NAME_BYTES);
        all->items = items;
        all->cap = cap;
    }
    copy_name(all->items[all->n++], name);
    return NXC_OK;
}

/* All versions in the order of their names; freed by the caller. */
static nxc_status read_names(const char *dir, names *all, nxc_error *err) {
    char path[PATH_BYTES];
    nxc_status st = NXC_OK;
    memset(all, 0, sizeof *all);
    path_of(path, dir, NULL, NULL);
    DIR *d = opendir(path);
    if (!d) return nxc__file_error(err, path, "read a folder");
    for (struct dirent *x; st == NXC_OK;) {
        x = readdir(d); // NOLINT(concurrency-mt-unsafe): d is this call's own
        if (!x) break;
        if (is_name(x->d_name)) st = add_name(all, x->d_name, err);
    }
    closedir(d);
    if (st == NXC_OK && all->n) qsort(all->items, all->n, NAME_BYTES, by_name);
    if (st != NXC_OK) nxc__free(heap, all->items, all->cap * NAME_BYTES);
    return st;
}

nxc_status nxc_registry_list(const char *dir, nxc_registry_visit visit,
                             void *user, nxc_error *err) {
    nxc_registry_state s;
    names all;
    if (!visit)
        return nxc__error(err, NXC_ERR_INVALID,
                          "registry: expected a function, got NULL");
    NXC_TRY(nxc_registry_get_state(dir, &s, err));
    NXC_TRY(read_names(dir, &all, err));
    for (size_t i = 0; i < all.n; i++)
        if (!visit(user, all.items[i])) break;
    nxc__free(heap, all.items, all.cap * NAME_BYTES);
    return NXC_OK;
}

/* ------------------------------------------------------------------ add */

/* One above the highest number among the names. */
static nxc_status next_name(const char *dir, char *out, nxc_error *err) {
    names all;
    int64_t v, highest = 0;
    NXC_TRY(read_names(dir, &all, err));
    for (size_t i = 0; i < all.n; i++)
        if (nxc__is_digit(all.items[i][0]) &&
            nxc__parse_int(nxc__str(all.items[i]), 0, 1000000000, &v) &&
            v > highest)
            highest = v;
    nxc__free(heap, all.items, all.cap * NAME_BYTES);
    snprintf(out, NAME_BYTES, "%04lld", (long long)highest + 1);
    return NXC_OK;
}

/* Check vectors of a ranker that has none. */
static nxc_status make_check(const char *path, nxc_str model,
                             const nxc_ranker *ranker, size_t n,
                             nxc_error *err) {
    size_t width = nxc_ranker_n_features(ranker), bytes;
    if (n == 0) n = NXC_CHECK_ROWS;
    if (n > NXC_CHECK_MAX_ROWS)
        return nxc__error(err, NXC_ERR_INVALID,
                          "check: expected at most %zu rows, got %zu",
                          NXC_CHECK_MAX_ROWS, n);
    bytes = n * (width + 1) * sizeof(double); /* at most 3.3 GB */
    double *rows = nxc__alloc(heap, bytes);
    if (!rows) return nxc__error_nomem(err, bytes);
    nxc_status st = nxc__check_make(ranker, n, rows, rows + n * width, err);
    if (st == NXC_OK)
        st = nxc__check_write(path, model, rows, rows + n * width, n, width,
                              err);
    nxc__free(heap, rows, bytes);
    return st;
}

/* The check vectors that came with the model, or new ones. */
static nxc_status put_check(const char *dir, const char *given, nxc_str model,
                            size_t n, nxc_error *err) {
    char from[PATH_BYTES], to[PATH_BYTES];
    nxc_ranker *ranker;
    nxc_str bytes;
    path_of(to, dir, NEW_VERSION, "check.nxv");
    NXC_TRY(nxc__ranker_parse(nxc__str(given), model, NULL, &ranker, err));
    snprintf(from, sizeof from, "%s" NXC_CHECK_SUFFIX, given);
    nxc_status st;
    if (access(from, F_OK) != 0) {
        st = make_check(to, model, ranker, n, err);
    } else {
        st = nxc__check_verify(from, model, ranker, NULL, err);
        if (st == NXC_OK)
            st = nxc__file_read(from, NXC_CHECK_MAX_BYTES, heap, &bytes, err);
        if (st == NXC_OK) {
            st = nxc__file_replace(to, bytes.ptr, bytes.len, err);
            nxc__free_str(heap, bytes);
        }
    }
    nxc_ranker_free(ranker);
    return st;
}

static nxc_status put_version(const char *dir, const char *given, nxc_str model,
                              const char *name, size_t n_check,
                              nxc_error *err) {
    char folder[PATH_BYTES], path[PATH_BYTES];
    path_of(folder, dir, NEW_VERSION, NULL);
    NXC_TRY(make_folder(folder, err));
    path_of(path, dir, NEW_VERSION, "model.txt");
    NXC_TRY(nxc__file_replace(path, model.ptr, model.len, err));
    NXC_TRY(put_check(dir, given, model, n_check, err));
    int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* the names of its files */
        close(fd);
    }
    path_of(path, dir, name, NULL);
    return nxc__file_rename(NULL, folder, path, err);
}

static nxc_status add(const char *dir, const char *given,
                      const nxc_registry_add_options *o, nxc_registry_state *s,
                      char name[NAME_BYTES], nxc_error *err) {
    char path[PATH_BYTES];
    nxc_str model;
    if (o->name)
        copy_name(name, o->name);
    else
        NXC_TRY(next_name(dir, name, err));
    path_of(path, dir, name, NULL);
    if (is_folder(path))
        return nxc__error(err, NXC_ERR_INVALID,
                          "version: expected a new name, got %s again", name);
    NXC_TRY(nxc__file_read(given, NXC_MODEL_MAX_BYTES, heap, &model, err));
    nxc_status st = put_version(dir, given, model, name, o->n_check, err);
    nxc__free_str(heap, model);
    if (st != NXC_OK) clean(dir);
    NXC_TRY(st);
    if (!o->activate) return NXC_OK;
    NXC_TRY(check_version(dir, name, err));
    make_active(s, name);
    return write_state(dir, s, err);
}

nxc_status nxc_registry_add(const char *dir, const char *model,
                            const nxc_registry_add_options *options,
                            char *version, nxc_error *err) {
    static const nxc_registry_add_options defaults =
        NXC_REGISTRY_ADD_OPTIONS_INIT;
    const nxc_registry_add_options *o = options ? options : &defaults;
    char path[PATH_BYTES], name[NAME_BYTES];
    nxc_registry_state s;
    int fd;
    if (!model || o->size != sizeof *o || strlen(model) > MAX_DIR)
        return nxc__error(err, NXC_ERR_INVALID,
                          "registry add: expected a model's path and options "
                          "of %zu bytes, got others",
                          sizeof *o);
    if (o->name) NXC_TRY(check_name(o->name, err));
    NXC_TRY(check_dir(dir, err));
    path_of(path, dir, NULL, NULL);
    NXC_TRY(make_folder(dir, err));
    NXC_TRY(make_folder(path, err));
    NXC_TRY(begin_change(dir, &fd, &s, err));
    nxc_status st = add(dir, model, o, &s, name, err);
    close(fd);
    if (st == NXC_OK && version) copy_name(version, name);
    return st;
}
