/*
 * Kills: a child works on files and reports what it has committed, the parent
 * ends it by SIGKILL at a random moment, looks at the files and compares.
 *
 *     crash_NAME [KILLS [SEED]]      (50, and a fixed seed)
 *
 * Workloads take turns; each has a folder of its own that it keeps for some
 * kills, so that what one left behind the next one meets, and a list of all
 * reports of these kills. A check that lasts longer than a minute is a hang.
 * The program prints the seed and "N passed, N failed"; exit code 1 on failure.
 * Checks fail by cmocka's assertions, which end the program.
 */
#ifndef NXC_CRASH_HARNESS_H
#define NXC_CRASH_HARNESS_H

#include <stddef.h>
#include <stdint.h>

typedef struct crash_reports {
    const uint64_t *words; /* (n) in the order of crash_report */
    size_t n;
} crash_reports;

typedef struct crash_workload {
    const char *name;
    /* Before the first kill in a folder. NULL: nothing. */
    void (*prepare)(const char *folder);
    /* In the child; before are the reports of the kills before. Need not end:
     * if it does, it is begun again with other seeds until the kill. */
    void (*work)(const char *folder, uint64_t seed, crash_reports before);
    /* In the parent; all are the reports of before and of this child. */
    void (*check)(const char *folder, uint64_t seed, crash_reports all);
} crash_workload;

/* In the child: a fact that is true from now on. Atomic and in order. */
void crash_report(uint64_t word);
/* The program: main of tests/crash/crash_NAME.c. */
int crash_main(int argc, char **argv, const crash_workload *workloads,
               size_t n_workloads);

#endif
