#include "support/fault_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

#include "support/nxc_test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* What happens and what the observer is told have one order. */
static pthread_mutex_t watch = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int kinds, code;
    size_t at, n_calls, n_failed;
    bool onward;
} fault;

/* The code to fail with, or SQLITE_OK. */
static int check(int kind) {
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    if (fault.kinds & kind) {
        fault.n_calls++;
        if (fault.n_calls == fault.at ||
            (fault.onward && fault.n_calls > fault.at)) {
            fault.n_failed++;
            code = fault.code;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

typedef struct fault_file {
    sqlite3_file base;
    const char *path;   /* or NULL */
    sqlite3_file *real; /* behind this struct */
} fault_file;

static const fault_observer *observer;
/* The path to tell the observer of; NULL: nothing is to be told. */
static const char *told(const sqlite3_file *f) {
    return observer ? ((const fault_file *)(const void *)f)->path : NULL;
}

static sqlite3_vfs *real_vfs;
static sqlite3_file *real_of(sqlite3_file *f) {
    return ((fault_file *)(void *)f)->real;
}

#define REAL(f) real_of(f)->pMethods
static int vfs_close(sqlite3_file *f) { return REAL(f)->xClose(real_of(f)); }
static int vfs_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at) {
    int rc = check(FAULT_READ);
    return rc ? rc : REAL(f)->xRead(real_of(f), buf, n, at);
}
/* A write that fails has written half, as a full disk does. */
static int vfs_write(sqlite3_file *f, const void *buf, int n,
                     sqlite3_int64 at) {
    int rc = check(FAULT_WRITE);
    if (!rc) {
        pthread_mutex_lock(&watch);
        rc = REAL(f)->xWrite(real_of(f), buf, n, at);
        if (!rc && told(f))
            observer->written(observer->user, told(f), buf, (size_t)n,
                              (uint64_t)at);
        pthread_mutex_unlock(&watch);
        return rc;
    }
    if (n > 1) (void)REAL(f)->xWrite(real_of(f), buf, n / 2, at);
    return rc;
}
static int vfs_truncate(sqlite3_file *f, sqlite3_int64 size) {
    int rc = check(FAULT_WRITE);
    pthread_mutex_lock(&watch);
    if (!rc) rc = REAL(f)->xTruncate(real_of(f), size);
    if (!rc && told(f))
        observer->truncated(observer->user, told(f), (uint64_t)size);
    pthread_mutex_unlock(&watch);
    return rc;
}
static int vfs_sync(sqlite3_file *f, int flags) {
    int rc = check(FAULT_WRITE);
    pthread_mutex_lock(&watch);
    if (!rc) rc = REAL(f)->xSync(real_of(f), flags);
    if (!rc && told(f)) observer->synced(observer->user, told(f));
    pthread_mutex_unlock(&watch);
    return rc;
}
static int vfs_size(sqlite3_file *f, sqlite3_int64 *size) {
    return REAL(f)->xFileSize(real_of(f), size);
}
static int vfs_lock(sqlite3_file *f, int how) {
    return REAL(f)->xLock(real_of(f), how);
}
static int vfs_unlock(sqlite3_file *f, int how) {
    return REAL(f)->xUnlock(real_of(f), how);
}
static int vfs_is_reserved(sqlite3_file *f, int *out) {
    return REAL(f)->xCheckReservedLock(real_of(f), out);
}
static int vfs_control(sqlite3_file *f, int op, void *arg) {
    return REAL(f)->xFileControl(real_of(f), op, arg);
}
static int vfs_sector(sqlite3_file *f) {
    return REAL(f)->xSectorSize(real_of(f));
}
static int vfs_traits(sqlite3_file *f) {
    return REAL(f)->xDeviceCharacteristics(real_of(f));
}
static int vfs_shm_map(sqlite3_file *f, int page, int size, int extend,
                       void volatile **out) {
    return REAL(f)->xShmMap(real_of(f), page, size, extend, out);
}
static int vfs_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return REAL(f)->xShmLock(real_of(f), at, n, flags);
}
static void vfs_shm_barrier(sqlite3_file *f) {
    REAL(f)->xShmBarrier(real_of(f));
}
static int vfs_shm_unmap(sqlite3_file *f, int must_delete) {
    return REAL(f)->xShmUnmap(real_of(f), must_delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_is_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector,
    .xDeviceCharacteristics = vfs_traits,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
                    int flags, int *out_flags) {
    fault_file *file = (fault_file *)(void *)f;
    (void)vfs;
    file->base.pMethods = NULL;
    file->path = name;
    file->real = (sqlite3_file *)(void *)(file + 1);
    int rc = check(FAULT_OPEN);
    if (!rc) rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
    if (!rc) file->base.pMethods = &methods;
    return rc;
}
static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
    (void)vfs;
    int rc = check(FAULT_OPEN);
    pthread_mutex_lock(&watch);
    if (!rc) rc = real_vfs->xDelete(real_vfs, name, sync_folder);
    if (!rc && observer) observer->deleted(observer->user, name, sync_folder);
    pthread_mutex_unlock(&watch);
    return rc;
}
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
    (void)vfs;
    int rc = check(FAULT_OPEN);
    return rc ? rc : real_vfs->xAccess(real_vfs, name, flags, out);
}

static sqlite3_vfs vfs;

void fault_vfs_install(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(real_vfs);
    vfs = *real_vfs;
    vfs.iVersion = 2;
    vfs.zName = "fault";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}
void fault_vfs_remove(void) {
    sqlite3_vfs_unregister(&vfs);
    sqlite3_vfs_register(real_vfs, 1);
}
void fault_vfs_arm(int kinds, size_t n, bool onward, int code) {
    pthread_mutex_lock(&lock);
    fault.kinds = kinds;
    fault.at = n;
    fault.onward = onward;
    fault.code = code;
    fault.n_calls = fault.n_failed = 0;
    pthread_mutex_unlock(&lock);
}
void fault_vfs_observe(const fault_observer *o) { observer = o; }
size_t fault_vfs_disarm(void) {
    pthread_mutex_lock(&lock);
    size_t n = fault.n_failed;
    fault.kinds = 0;
    pthread_mutex_unlock(&lock);
    return n;
}
