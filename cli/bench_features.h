/* The benchmark of feature extraction: what it measures, and its result. */
#ifndef NXC_CLI_BENCH_FEATURES_H
#define NXC_CLI_BENCH_FEATURES_H

#include "scenario.h"

/* One row. A request is a scenario with all its candidates; an extraction is
 * one candidate's vector. NaN: does not apply. */
typedef struct cli_bench_row {
    const char *mode;
    size_t threads, requests, vectors;
    double mean_us, p50_us, p95_us, p99_us; /* of a request */
    double vector_us;                       /* mean of an extraction */
    double requests_per_s;                  /* of all threads, by the clock */
    double vector_hits, embedding_hits;     /* 0..1 */
    double embedding_bytes; /* of prompts, in memory, at the end */
    double rss_mb;          /* of the process, at the end of the row */
} cli_bench_row;

typedef struct cli_bench {
    const cli_args *args;
    const cli_scenario_set *set;
    size_t seed, n_sessions;
    size_t n_traces, n_distinct; /* traces run; requests of the last one that
                                    differ from each other */
    nxc_str *lines;              /* (n) requests as JSON, each with a NUL */
    size_t n;
    char store[1024];                  /* a folder of its own */
    char model[2048], reference[2048]; /* "": there is none */
    cli_bench_row rows[16];
    size_t n_rows;
    /* the operations' embeddings, as they are kept and in int8 rows */
    size_t n_rows_kept, f32_bytes, int8_bytes;
    double mean_cosine; /* of an int8 row with its float32 one */
} cli_bench;

/* All rows for which there is what they need. */
nxc_status cli_bench_features(cli_bench *b, nxc_error *err);
/* After it: what the kept embeddings take, bench_rows.c. */
nxc_status cli_bench_rows(cli_bench *b, nxc_error *err);

#endif
