/*
 * SQLite's file layer with faults: the n-th operation of the chosen kinds
 * fails, once or from then on, as an input or output error or as a full disk.
 * Or watched: an observer is told of what succeeded, in its order.
 *
 *     install -> (arm -> work -> disarm | observe -> work)* -> remove
 *
 * It is the default while it is installed, so what is tested opens its files as
 * ever. Thread-safety: any; which operation is the n-th is determined as far as
 * the work is.
 */
#ifndef NXC_FAULT_VFS_H
#define NXC_FAULT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FAULT_WRITE = 1, /* xWrite, xSync, xTruncate */
    FAULT_READ = 2,  /* xRead */
    FAULT_OPEN = 4   /* xOpen, xDelete, xAccess */
};

void fault_vfs_install(void);
void fault_vfs_remove(void);
/* code: SQLITE_IOERR_WRITE, SQLITE_FULL and so on. */
void fault_vfs_arm(int kinds, size_t n, bool onward, int code);
/* Operations that failed since arm. */
size_t fault_vfs_disarm(void);

/* Of files with a name. Called one at a time, from any thread. */
typedef struct fault_observer {
    void *user;
    void (*written)(void *user, const char *path, const void *bytes, size_t n,
                    uint64_t at);
    void (*truncated)(void *user, const char *path, uint64_t size);
    void (*synced)(void *user, const char *path);
    void (*deleted)(void *user, const char *path, bool is_folder_synced);
} fault_observer;
/* NULL: nobody. While no file is open. */
void fault_vfs_observe(const fault_observer *observer);

#endif
