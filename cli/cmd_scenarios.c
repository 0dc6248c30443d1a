/* nextcall scenarios: decision points for benchmarks, one JSON line each. */
#include "scenario.h"

static nxc_status write_lines(const cli_scenario_set *set,
                              const cli_documents *documents, uint64_t seed,
                              size_t n, FILE *to, nxc_error *err) {
    nxc__buffer line;
    nxc_status st = NXC_OK;
    nxc__buffer_init(&line, &nxc__allocator_default, (size_t)1 << 20);
    for (size_t i = 0; i < n && st == NXC_OK; i++) {
        line.len = 0;
        st = cli_scenario_append(set, documents, seed, i, &line, err);
        if (st != NXC_OK) break;
        fwrite(line.data, 1, line.len, to);
        fputc('\n', to);
    }
    nxc__buffer_release(&line);
    return st;
}

int cli_scenarios(const cli_args *args) {
    const cli_scenario_set *set = cli_scenario_set_of(args);
    size_t seed, n;
    nxc_error err;
    cli_documents documents;
    cli_output output;
    if (!set || !cli_get_count(args, "seed", 1, SIZE_MAX / 16, &seed) ||
        !cli_get_count(args, "n", set->n, 10000000, &n))
        return CLI_USAGE;
    nxc_status st = cli_documents_open(args, set, &documents, &err);
    if (st != NXC_OK) return cli_fail(st, &err);
    st = cli_output_open(&output, cli_get(args, "output"), &err);
    if (st == NXC_OK) {
        st = write_lines(set, &documents, seed, n, output.file, &err);
        st = cli_output_close(&output, st, &err);
    }
    cli_documents_close(&documents);
    return st == NXC_OK ? CLI_OK : cli_fail(st, &err);
}
