#include "support/power_log.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "support/nxc_test.h"

enum { SECTOR = 512 };

/* ---- recording */

void power_log_init(power_log *log) {
    memset(log, 0, sizeof *log);
    pthread_mutex_init(&log->lock, NULL);
    nxc__buffer_init(&log->bytes, &nxc__allocator_default, (size_t)1 << 30);
}
void power_log_release(power_log *log) {
    nxc__free(&nxc__allocator_default, log->events,
              log->room * sizeof *log->events);
    nxc__buffer_release(&log->bytes);
    pthread_mutex_destroy(&log->lock);
}

static void add(power_log *log, const power_event *e, const void *bytes) {
    if (log->n == log->room) {
        size_t room = log->room ? 2 * log->room : 1024;
        power_event *more =
            nxc__alloc(&nxc__allocator_default, room * sizeof *more);
        assert_non_null(more);
        if (log->n) memcpy(more, log->events, log->n * sizeof *more);
        nxc__free(&nxc__allocator_default, log->events,
                  log->room * sizeof *more);
        log->events = more;
        log->room = room;
    }
    log->events[log->n] = *e;
    log->events[log->n++].first = log->bytes.len;
    if (e->n) nxc__buffer_append(&log->bytes, bytes, e->n);
}

static uint32_t name_of(power_log *log, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    for (uint32_t i = 0; i < log->n_names; i++)
        if (strcmp(log->names[i], last) == 0) return i;
    assert_true(log->n_names < POWER_MAX_NAMES);
    snprintf(log->names[log->n_names], sizeof log->names[0], "%s", last);
    return log->n_names++;
}
static uint32_t file_of(power_log *log, uint32_t name) {
    if (log->now[name]) return log->now[name] - 1;
    assert_true(log->n_files < POWER_MAX_FILES);
    power_event e = {.kind = POWER_LINK, .file = log->n_files++, .name = name};
    log->now[name] = e.file + 1;
    add(log, &e, NULL);
    return e.file;
}
/* The file's number. */
static uint32_t record(power_log *log, power_kind kind, const char *path,
                       const void *bytes, size_t n, uint64_t at) {
    pthread_mutex_lock(&log->lock);
    power_event e = {.kind = kind, .n = n, .at = at};
    if (path) {
        e.name = name_of(log, path);
        e.file = file_of(log, e.name);
    }
    add(log, &e, bytes);
    pthread_mutex_unlock(&log->lock);
    return e.file;
}

void power_write(power_log *log, const char *path, const void *bytes, size_t n,
                 uint64_t at) {
    record(log, POWER_WRITE, path, bytes, n, at);
}
void power_truncate(power_log *log, const char *path, uint64_t size) {
    record(log, POWER_TRUNCATE, path, NULL, 0, size);
}
bool power_sync(power_log *log, const char *path) {
    uint32_t file = record(log, POWER_SYNC, path, NULL, 0, 0);
    bool is_first = !log->is_synced[file];
    log->is_synced[file] = true;
    return is_first;
}
void power_sync_names(power_log *log) {
    record(log, POWER_SYNC_NAMES, NULL, NULL, 0, 0);
}
void power_mark(power_log *log, uint64_t value) {
    record(log, POWER_MARK, NULL, NULL, 0, value);
}
void power_unlink(power_log *log, const char *path) {
    pthread_mutex_lock(&log->lock);
    power_event e = {.kind = POWER_UNLINK, .name = name_of(log, path)};
    log->now[e.name] = 0;
    add(log, &e, NULL);
    pthread_mutex_unlock(&log->lock);
}
void power_rename(power_log *log, const char *from, const char *to) {
    pthread_mutex_lock(&log->lock);
    uint32_t old = name_of(log, from);
    power_event e = {.kind = POWER_LINK,
                     .file = file_of(log, old),
                     .name = name_of(log, to)};
    power_event gone = {.kind = POWER_UNLINK, .name = old};
    log->now[e.name] = e.file + 1;
    log->now[old] = 0;
    add(log, &e, NULL);
    add(log, &gone, NULL);
    pthread_mutex_unlock(&log->lock);
}

/* ---- what is left */

typedef struct disk {
    const power_log *log;
    size_t n_events;
    uint64_t how, seed;
    uint32_t names[POWER_MAX_NAMES]; /* file + 1, or 0 */
} disk;

static bool is_name_event(const power_event *e) {
    return e->kind == POWER_LINK || e->kind == POWER_UNLINK;
}
/* The event that made event i certain, within the cut; n_events: none did. */
static size_t certain_at(const disk *d, size_t i) {
    const power_event *events = d->log->events, *e = &events[i];
    for (size_t k = i + 1; k < d->n_events; k++) {
        bool is_own = events[k].kind == POWER_SYNC && events[k].file == e->file;
        if (is_name_event(e) ? events[k].kind == POWER_SYNC_NAMES ||
                                   (is_own && e->kind == POWER_LINK)
                             : is_own)
            return k;
    }
    return d->n_events;
}

static void apply_names(disk *d) {
    size_t n_open = 0;
    for (size_t i = 0; i < d->n_events; i++)
        if (is_name_event(&d->log->events[i]))
            n_open += certain_at(d, i) == d->n_events;
    size_t n_kept = d->how == POWER_NOTHING ? 0
                    : d->how == POWER_EVERYTHING
                        ? n_open
                        : nxc_random(&d->seed) % (n_open + 1);
    for (size_t i = 0; i < d->n_events; i++) {
        const power_event *e = &d->log->events[i];
        if (!is_name_event(e)) continue;
        if (certain_at(d, i) == d->n_events) {
            if (n_kept == 0) continue;
            n_kept--;
        }
        d->names[e->name] = e->kind == POWER_LINK ? e->file + 1 : 0;
    }
}

static void put(nxc__buffer *b, const uint8_t *bytes, size_t n, uint64_t at) {
    nxc_error err;
    if (b->len < at + n) {
        size_t old = b->len;
        uint8_t *more = nxc__buffer_extend(b, (size_t)(at + n) - old);
        assert_ok(nxc__buffer_status(b, "file", &err), err);
        memset(more, 0, (size_t)(at + n) - old);
    }
    memcpy((uint8_t *)b->data + at, bytes, n);
}
/* Whole, by sectors, or not at all. */
static void put_some(disk *d, const power_event *e, nxc__buffer *b) {
    const uint8_t *bytes = (const uint8_t *)d->log->bytes.data + e->first;
    uint64_t dice = d->how == POWER_EVERYTHING ? 0 : nxc_random(&d->seed) % 4;
    if (d->how == POWER_NOTHING || dice == 3) return;
    if (dice < 2) {
        put(b, bytes, e->n, e->at);
        return;
    }
    for (size_t from = 0; from < e->n;) {
        size_t room = SECTOR - (size_t)(e->at + from) % SECTOR;
        size_t n = e->n - from < room ? e->n - from : room;
        if (nxc_random(&d->seed) % 2) put(b, bytes + from, n, e->at + from);
        from += n;
    }
}
static void cut_to(nxc__buffer *b, uint64_t size) {
    if (b->len > size) b->len = (size_t)size;
}

static void make_file(disk *d, uint32_t file, const char *path) {
    nxc__buffer b;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 30);
    size_t last_sync = 0;
    for (size_t i = 0; i < d->n_events; i++) {
        const power_event *e = &d->log->events[i];
        if (e->kind == POWER_SYNC && e->file == file) last_sync = i;
    }
    for (size_t i = 0; i < d->n_events; i++) {
        const power_event *e = &d->log->events[i];
        bool is_sure = i < last_sync;
        if (e->file != file) continue;
        if (e->kind == POWER_WRITE && is_sure)
            put(&b, (const uint8_t *)d->log->bytes.data + e->first, e->n,
                e->at);
        else if (e->kind == POWER_WRITE)
            put_some(d, e, &b);
        else if (e->kind == POWER_TRUNCATE &&
                 (is_sure || d->how == POWER_EVERYTHING ||
                  (d->how != POWER_NOTHING && nxc_random(&d->seed) % 2)))
            cut_to(&b, e->at);
    }
    assert_ok(nxc__file_replace(path, b.len ? (void *)b.data : "", b.len, &err),
              err);
    nxc__buffer_release(&b);
}

void power_cut(const power_log *log, size_t n_events, uint64_t how,
               const char *folder) {
    disk d = {.log = log, .n_events = n_events, .how = how, .seed = how + 1};
    char path[512];
    apply_names(&d);
    for (uint32_t i = 0; i < log->n_names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, log->names[i]);
        if (d.names[i]) make_file(&d, d.names[i] - 1, path);
    }
}

uint64_t power_durable_mark(const power_log *log, size_t n_events,
                            const char *name) {
    uint64_t mark = 0, durable = 0;
    for (size_t i = 0; i < n_events; i++) {
        const power_event *e = &log->events[i];
        if (e->kind == POWER_MARK) mark = e->at;
        if (!name) durable = mark;
        if (name && e->kind == POWER_SYNC &&
            strcmp(log->names[e->name], name) == 0)
            durable = mark;
    }
    return durable;
}
