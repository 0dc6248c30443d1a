/* Runs every file of a corpus folder through a fuzz target. Prints the number
 * of inputs; an empty or missing folder is a failure, so a corpus cannot
 * vanish. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) continue;
        for (struct dirent *e; (e = readdir(dir));) {
            char path[1024];
            nxc_str bytes;
            nxc_error err;
            if (e->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (nxc__file_read(path, (size_t)64 << 20, &nxc__allocator_default,
                               &bytes, &err) != NXC_OK) {
                fprintf(stderr, "%s\n", err.message);
                return 1;
            }
            /* a copy of the exact size, so that ASan sees an over-read */
            uint8_t *exact =
                nxc__alloc(&nxc__allocator_default, bytes.len ? bytes.len : 1);
            if (!exact) return 1;
            if (bytes.len) memcpy(exact, bytes.ptr, bytes.len);
            LLVMFuzzerTestOneInput(exact, bytes.len);
            nxc__free(&nxc__allocator_default, exact, bytes.len);
            nxc__free_str(&nxc__allocator_default, bytes);
            n++;
        }
        closedir(dir);
    }
    printf("%zu inputs replayed\n", n);
    return n ? 0 : 1;
}
