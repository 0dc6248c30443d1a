/*
 * What a power cut leaves of files, replayed: writes, flushes and changes of
 * names are recorded in their order; a cut after any of them gives what a disk
 * may then hold.
 *
 *     init -> (record calls, from any thread)* -> (cut -> look)* -> release
 *
 * The disk: what was written to a file before its last flush is there. Of what
 * came later each write may be there or not, whatever came before or after it,
 * or some of its 512-byte sectors. A name is there for good once the folder, or
 * the file for the first time, was flushed; of the changes of names after that
 * the first few may be there, in their order. Folders keep no other order with
 * files.
 */
#ifndef NXC_POWER_LOG_H
#define NXC_POWER_LOG_H

#include <pthread.h>

#include "base/buffer.h"

typedef enum power_kind {
    POWER_WRITE,
    POWER_TRUNCATE, /* at: new size */
    POWER_SYNC,
    POWER_LINK,   /* the file has this name now */
    POWER_UNLINK, /* the name is gone */
    POWER_SYNC_NAMES,
    POWER_MARK /* at: what the test says */
} power_kind;

typedef struct power_event {
    power_kind kind;
    uint32_t file, name; /* numbers */
    uint64_t at;
    size_t first, n; /* of bytes */
} power_event;

enum { POWER_MAX_FILES = 256, POWER_MAX_NAMES = 16 };

typedef struct power_log {
    pthread_mutex_t lock;
    power_event *events;
    size_t n, room;
    nxc__buffer bytes;
    char names[POWER_MAX_NAMES][32]; /* last parts of paths */
    uint32_t n_names, n_files;
    uint32_t now[POWER_MAX_NAMES]; /* file of a name + 1, or 0 */
    bool is_synced[POWER_MAX_FILES];
} power_log;

void power_log_init(power_log *log);
void power_log_release(power_log *log);

/* By path; a file that has not the name yet is linked. */
void power_write(power_log *log, const char *path, const void *bytes, size_t n,
                 uint64_t at);
void power_truncate(power_log *log, const char *path, uint64_t size);
/* Whether it is the first of this file. */
bool power_sync(power_log *log, const char *path);
void power_unlink(power_log *log, const char *path);
void power_rename(power_log *log, const char *from, const char *to);
void power_sync_names(power_log *log);
void power_mark(power_log *log, uint64_t value);

/* What of the writes after a flush is there. */
enum { POWER_NOTHING, POWER_EVERYTHING, POWER_FIRST_SEED };

/* The disk after the first n_events into the empty folder. how: one of the
 * above, or a seed from POWER_FIRST_SEED on. */
void power_cut(const power_log *log, size_t n_events, uint64_t how,
               const char *folder);
/* The last mark that a flush of the file of that name followed within the first
 * n_events, or, without a name, the last mark; 0: none. */
uint64_t power_durable_mark(const power_log *log, size_t n_events,
                            const char *name);

#endif
