/* Learning an access log on one core:
 *     bench_learn CATALOG FOLDER [LINES]
 * Writes a Combined log of LINES calls (1,000,000) of CATALOG's GET and POST
 * operations to FOLDER, by users whose sessions have 8 calls in the mean and
 * run beside each other; learns it into a new store there, and again, and opens
 * an engine that ranks with it. One JSON line a figure. FOLDER must be on a
 * real disk; what is written is removed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "base/str.h"

enum { AT_ONCE = 400, MAX_OPERATIONS = 4096 };

static void must(nxc_status st, const nxc_error *err) {
    if (st == NXC_OK) return;
    fprintf(stderr, "bench_learn: %s\n", err->message);
    exit(nxc_status_exit_code(st));
}

static uint64_t random_of(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

/* "GET /v1/customers/{id}" with a number for each parameter. */
static void print_path(FILE *to, nxc_str path, uint64_t *seed) {
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] != '{') {
            fputc(path.ptr[i], to);
            continue;
        }
        fprintf(to, "%llu", (unsigned long long)random_of(seed) % 1000000);
        while (i < path.len && path.ptr[i] != '}')
            i++;
    }
}

static size_t list_operations(const nxc_catalog *c, nxc_operation *out) {
    nxc_operation op;
    size_t n = 0;
    for (uint32_t i = 0;
         n < MAX_OPERATIONS && nxc_catalog_get_operation(c, i, &op); i++)
        if ((op.method == NXC_METHOD_GET || op.method == NXC_METHOD_POST) &&
            op.path.len)
            out[n++] = op;
    return n;
}

static void write_log(const char *path, const nxc_catalog *catalog, size_t n) {
    static nxc_operation ops[MAX_OPERATIONS];
    static uint64_t users[AT_ONCE];
    size_t n_ops = list_operations(catalog, ops);
    uint64_t seed = 1, n_users = 0;
    double now = 1790000000;
    FILE *f = fopen(path, "w");
    if (!f || n_ops == 0) exit(1);
    for (size_t i = 0; i < AT_ONCE; i++)
        users[i] = n_users++;
    for (size_t i = 0; i < n; i++) {
        size_t who = random_of(&seed) % AT_ONCE;
        time_t t = (time_t)(now += (double)(random_of(&seed) % 100) / 1000);
        const nxc_operation *op = &ops[random_of(&seed) % n_ops];
        char when[64];
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S +0000", &tm);
        uint64_t u = users[who];
        fprintf(f, "10.%d.%d.%d - - [%s] \"%s ", (int)(u >> 16 & 255),
                (int)(u >> 8 & 255), (int)(u & 255), when,
                nxc_method_name(op->method));
        print_path(f, op->path, &seed);
        fprintf(f, "?limit=3 HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0\"\n");
        if (random_of(&seed) % 8 == 0) users[who] = n_users++ % (1u << 24);
    }
    fclose(f);
}

static nxc_engine *open_engine(const char *folder, const char *catalog,
                               const char *learned) {
    nxc_config *cfg;
    nxc_catalog *c;
    nxc_engine *e;
    nxc_error err;
    must(nxc_config_new(NULL, &cfg, &err), &err);
    must(nxc_config_set(cfg, "store", folder, &err), &err);
    must(nxc_config_set(cfg, "use_learned", learned, &err), &err);
    must(nxc_engine_open(cfg, NULL, &e, &err), &err);
    must(nxc_catalog_open(catalog, NULL, cfg, NULL, &c, NULL, &err), &err);
    must(nxc_engine_add_catalog(e, NXC_STR("bench"), c, &err), &err);
    nxc_config_free(cfg);
    return e;
}

static void print(const char *what, double seconds, double cpu_seconds,
                  const nxc_learn_report *r) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("{\"what\":\"%s\",\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"calls\":"
           "%llu,\"new\":%llu,\"changed\":%llu,\"same\":%llu,\"calls_per_s\":"
           "%.0f,\"max_rss_mb\":%.1f}\n",
           what, seconds, cpu_seconds, (unsigned long long)r->n_calls,
           (unsigned long long)r->n_new, (unsigned long long)r->n_changed,
           (unsigned long long)r->n_same, (double)r->n_calls / seconds,
           (double)use.ru_maxrss / 1024);
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void learn(nxc_engine *e, const char *log, const char *what) {
    static nxc_learn_report report;
    nxc_error err;
    report = (nxc_learn_report)NXC_LEARN_REPORT_INIT;
    uint64_t start = nxc__clock_ns();
    double cpu = cpu_seconds();
    must(nxc_engine_learn(e, nxc__str(log), (nxc_str){NULL, 0}, NULL, &report,
                          &err),
         &err);
    print(what, (double)(nxc__clock_ns() - start) * 1e-9, cpu_seconds() - cpu,
          &report);
}

static void remove_file(const char *folder, const char *name) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

int main(int argc, char **argv) {
    char log[1100];
    if (argc < 3) {
        fputs("usage: bench_learn CATALOG FOLDER [LINES]\n", stderr);
        return 2;
    }
    int64_t n = 1000000;
    if (argc > 3 && !nxc__parse_int(nxc__str(argv[3]), 1, 100000000, &n))
        return 2;
    snprintf(log, sizeof log, "%s/bench_learn.log", argv[2]);
    nxc_engine *e = open_engine(argv[2], argv[1], "false");
    write_log(log, nxc_engine_get_catalog(e, NXC_STR("bench")), (size_t)n);
    learn(e, log, "learn");
    learn(e, log, "the same again");
    nxc_engine_close(e);
    uint64_t start = nxc__clock_ns();
    double cpu = cpu_seconds();
    static const nxc_learn_report none;
    e = open_engine(argv[2], argv[1], "true");
    print("open with it", (double)(nxc__clock_ns() - start) * 1e-9,
          cpu_seconds() - cpu, &none);
    nxc_engine_close(e);
    remove_file(argv[2], "bench_learn.log");
    remove_file(argv[2], "store.db");
    remove_file(argv[2], "store.db-wal");
    remove_file(argv[2], "store.db-shm");
    remove_file(argv[2], "store.db.lock");
    return 0;
}
