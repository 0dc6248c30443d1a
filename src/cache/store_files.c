/*
 * The store's files: PATH, PATH-wal and PATH-shm are SQLite's, PATH.lock is
 * held by the one process that writes, PATH.damaged-N (with its -wal and -shm)
 * was set aside.
 *
 * A file is set aside only if it says that it is ours or is no database at all;
 * somebody else's tables and a later version are refused, because what is in
 * them is of worth to somebody. PATH is never opened but through SQLite: to
 * close a descriptor of our own would drop the locks that SQLite holds on it
 * (fcntl(2)).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cache/store_handle.h"
#include "cache/store_schema.h"

bool nxc__store_lock(const char *path, int *fd) {
    char name[1100];
    snprintf(name, sizeof name, "%s.lock", path);
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0) return false;
    int rc;
    do
        rc = flock(*fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0) return false;
    close(*fd);
    *fd = -1;
    return true;
}
void nxc__store_unlock(int fd) {
    if (fd >= 0) close(fd);
}

/* At most this many are kept; then the last one makes room. */
#define MAX_SET_ASIDE 9

nxc_status nxc__store_set_aside(const char *path, char *out, size_t cap,
                                nxc_error *err) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char from[1100], to[1200];
    int n = 1;
    do
        snprintf(out, cap, "%s.damaged-%d", path, n);
    while (access(out, F_OK) == 0 && n++ < MAX_SET_ASIDE);
    if (n > MAX_SET_ASIDE)
        snprintf(out, cap, "%s.damaged-%d", path, MAX_SET_ASIDE);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
        snprintf(to, sizeof to, "%s%s", out, suffixes[i]);
        if (rename(from, to) == 0) continue;
        if (errno != ENOENT || i == 0)
            return nxc__error(err, NXC_ERR_IO,
                              "%s: expected to set a damaged database aside, "
                              "got error %d: remove it",
                              from, errno);
        unlink(to); /* of an earlier one of this name */
    }
    return NXC_OK;
}

nxc_status nxc__store_refuse(const char *path, nxc__schema_state state,
                             int version, nxc_error *err) {
    if (state == NXC_SCHEMA_LATER)
        return nxc__error(err, NXC_ERR_UNSUPPORTED,
                          "%s: expected a store of version %d at most, got %d: "
                          "use a later nextcall, or another folder",
                          path, nxc__store_schema_version(), version);
    if (state == NXC_SCHEMA_OLDER)
        return nxc__error(err, NXC_ERR_STATE,
                          "%s: expected a store of version %d, got %d: end the "
                          "other process, which writes it",
                          path, nxc__store_schema_version(), version);
    if (state == NXC_SCHEMA_FOREIGN)
        return nxc__error(err, NXC_ERR_MISMATCH,
                          "%s: expected a store of nextcall, got a database "
                          "with other tables: nextcall migrate brings the "
                          "Python system's up to date, another folder begins "
                          "a new store",
                          path);
    return nxc__error(err, NXC_ERR_FORMAT,
                      "%s: expected a store of nextcall, got a damaged file",
                      path);
}

/* What is fixed when a database is made. bench/bench_store.c: with 8192 a
 * lookup copies more and takes a tenth longer, a row takes a sixth less. Freed
 * pages are given back in small steps, hence incremental. */
#define NEW_DATABASE "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL;"
/* Write-ahead log: readers and the writer do not wait for each other. NORMAL: a
 * power cut may cost the last rows, never the database; a killed process
 * nothing. A cache need not hide what it deletes (secure_delete). */
#define EVERY_TIME                                         \
    "PRAGMA synchronous=NORMAL; PRAGMA secure_delete=OFF;" \
    "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=16777216"

static nxc_status set_wal(nxc__store_db *db, const char *path, nxc_error *err) {
    sqlite3_stmt *s = NULL;
    bool is_wal = false;
    int rc =
        sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode=WAL", -1, &s, NULL);
    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(s, 0);
        is_wal = mode && strcmp(mode, "wal") == 0;
    }
    rc = sqlite3_finalize(s);
    if (is_wal) return nxc__store_db_exec(db, path, EVERY_TIME, err);
    if (rc != SQLITE_OK)
        return nxc__store_db_error(db, path, "begin a write-ahead log", err);
    return nxc__error(err, NXC_ERR_STATE,
                      "%s: expected to begin a write-ahead log, got another "
                      "mode: end the other program that has it open",
                      path);
}

static nxc_status upgrade(nxc__store_db *db, const char *path, int from,
                          nxc_error *err) {
    NXC_TRY(nxc__store_db_exec(db, path, "BEGIN IMMEDIATE", err));
    nxc_status st = nxc__store_schema_apply(db, path, from, err);
    if (st == NXC_OK) return nxc__store_db_exec(db, path, "COMMIT", err);
    nxc__store_db_exec(db, path, "ROLLBACK", NULL);
    return st;
}

static nxc_status prepare_once(nxc__store_db *db, const char *path,
                               nxc__schema_state *state, nxc_error *err) {
    int version = 0;
    NXC_TRY(nxc__store_schema_read(db, path, state, &version, err));
    switch (*state) {
    case NXC_SCHEMA_EMPTY:
        NXC_TRY(nxc__store_db_exec(db, path, NEW_DATABASE, err));
        NXC_TRY(set_wal(db, path, err));
        return upgrade(db, path, 0, err);
    case NXC_SCHEMA_CURRENT:
        return set_wal(db, path, err);
    case NXC_SCHEMA_OLDER:
        NXC_TRY(set_wal(db, path, err));
        return upgrade(db, path, version, err);
    case NXC_SCHEMA_LATER:
    case NXC_SCHEMA_FOREIGN:
    case NXC_SCHEMA_DAMAGED:
        break;
    }
    return nxc__store_refuse(path, *state, version, err);
}

nxc_status nxc__store_prepare(nxc__store_db *db, const char *path, char *moved,
                              size_t moved_cap, nxc_error *err) {
    char aside[1100];
    if (moved) moved[0] = 0;
    for (int attempt = 0;; attempt++) {
        nxc__schema_state state = NXC_SCHEMA_DAMAGED;
        NXC_TRY(nxc__store_db_open(db, path, NXC_DB_CREATE, err));
        nxc_status st = prepare_once(db, path, &state, err);
        if (st == NXC_OK) return NXC_OK;
        bool is_damaged = state == NXC_SCHEMA_DAMAGED ||
                          (st == NXC_ERR_FORMAT && state != NXC_SCHEMA_FOREIGN);
        nxc__store_db_close(db);
        if (!is_damaged || st != NXC_ERR_FORMAT || attempt) return st;
        NXC_TRY(nxc__store_set_aside(path, aside, sizeof aside, err));
        if (moved) snprintf(moved, moved_cap, "%s", aside);
    }
}

/* The process that has the lock may be making the database just now. */
#define READING_ATTEMPTS 100
#define READING_PAUSE_NS 10000000L

nxc_status nxc__store_prepare_reading(nxc__store_db *db, const char *path,
                                      bool is_written, nxc_error *err) {
    for (int i = is_written ? 0 : READING_ATTEMPTS;; i++) {
        nxc__schema_state state = NXC_SCHEMA_DAMAGED;
        int version = 0;
        nxc_status st = nxc__store_db_open(db, path, NXC_DB_READ, err);
        if (st == NXC_OK) {
            st = nxc__store_schema_read(db, path, &state, &version, err);
            if (st == NXC_OK && state == NXC_SCHEMA_CURRENT) return NXC_OK;
            if (st == NXC_OK) st = nxc__store_refuse(path, state, version, err);
            nxc__store_db_close(db);
        }
        if (st == NXC_ERR_UNSUPPORTED || st == NXC_ERR_MISMATCH ||
            i == READING_ATTEMPTS)
            return st;
        nanosleep(&(struct timespec){0, READING_PAUSE_NS}, NULL);
    }
}
