/* Recognition of workflow patterns on tests/golden/workflow_scenarios.jsonl.
 *     test_workflow_accuracy            the report half: table, must be > 90 %
 *     test_workflow_accuracy dev list   the half that rules are written with,
 *                                       and each history that is missed */
#include <stdio.h>

#include "base/config.h"
#include "base/file.h"
#include "support/nxc_test.h"
#include "workflow/workflow.h"

#define MAX_CALLS 32
#define N_LABELS NXC_N_PATTERNS

static const char *half = "report";
static bool is_listing;

typedef struct scenario {
    nxc__call calls[MAX_CALLS];
    uint8_t states[MAX_CALLS];
    nxc__session session;
    nxc_str prompt;
    nxc__pattern label;
} scenario;

static nxc_str at(const nxc__json *array, size_t i) {
    for (nxc__json_iter it = nxc__json_each(array); nxc__json_next(&it);)
        if (it.index == i) return nxc__json_str(it.value);
    return (nxc_str){"", 0};
}

static void read_scenario(const nxc__json *row, scenario *s) {
    memset(s, 0, sizeof *s);
    nxc_str pattern = nxc__json_str(NXC_JSON_GET(row, "pattern"));
    bool is_known = false;
    for (int p = 0; p < N_LABELS; p++)
        if (nxc__str_eq(pattern,
                        nxc__str(nxc__pattern_name((nxc__pattern)p)))) {
            s->label = (nxc__pattern)p;
            is_known = true;
        }
    assert_true(is_known);
    s->prompt = nxc__json_str(NXC_JSON_GET(row, "prompt"));
    const nxc__json *calls = NXC_JSON_GET(row, "calls");
    for (nxc__json_iter it = nxc__json_each(calls); nxc__json_next(&it);) {
        assert_true(it.index < MAX_CALLS);
        nxc__call *c = &s->calls[it.index];
        c->operation = (uint32_t)it.index; /* as if from a catalog */
        c->method = nxc__method_parse(at(it.value, 0));
        c->path = at(it.value, 1);
        s->states[it.index] =
            (uint8_t)nxc__workflow_state(c->method, c->path, at(it.value, 2));
        c->resource = NXC_RESOURCE_UNKNOWN;
    }
    s->session.calls = s->calls;
    s->session.n = nxc__json_size(calls);
}

static void list(const nxc__json *row, const scenario *s,
                 const nxc__workflow *w) {
    nxc_str id = nxc__json_str(NXC_JSON_GET(row, "id"));
    printf("%s, not %s (%.2f): %.*s \"%.*s\" ", nxc__pattern_name(s->label),
           nxc__pattern_name(w->pattern), w->confidence, (int)id.len, id.ptr,
           (int)s->prompt.len, s->prompt.ptr);
    for (size_t i = 0; i < s->session.n; i++)
        printf("%s ", nxc__state_name((nxc__state)s->states[i]));
    printf("\n");
}

static void evaluate(nxc_str line, size_t counts[N_LABELS][N_LABELS]) {
    nxc__json_doc *doc;
    nxc_error err;
    scenario s;
    nxc__workflow w;
    assert_ok(
        nxc__json_parse(NXC_STR("scenario"), line, NULL, NULL, &doc, &err),
        err);
    const nxc__json *row = nxc__json_root(doc);
    nxc_str split = nxc__json_str(NXC_JSON_GET(row, "split"));
    if (nxc__str_eq(split, nxc__str(half))) {
        read_scenario(row, &s);
        nxc__workflow_observe(
            &s.session, s.states, nxc__workflow_prompt_methods(s.prompt),
            nxc__config_real(NULL, NXC_OPT_pattern_confidence_threshold),
            NXC_PATTERNS_ALL, &w);
        counts[s.label][w.pattern]++;
        if (is_listing && s.label != w.pattern) list(row, &s, &w);
    }
    nxc__json_free(doc);
}

static double print_table(size_t counts[N_LABELS][N_LABELS], size_t *total) {
    size_t right = 0;
    *total = 0;
    printf("%-20s %8s %8s %8s %8s %8s\n", half, "none", "edit", "confirm",
           "create", "browse");
    for (size_t i = 0; i < N_LABELS; i++) {
        printf("%-20s", nxc__pattern_name((nxc__pattern)i));
        for (size_t j = 0; j < N_LABELS; j++) {
            printf(" %8zu", counts[i][j]);
            *total += counts[i][j];
        }
        right += counts[i][i];
        printf("\n");
    }
    double share = *total ? (double)right / (double)*total : 0;
    printf("%zu of %zu right, %.1f %%\n", right, *total, 100 * share);
    return share;
}

static void the_half_is_recognised(void **state) {
    (void)state;
    nxc_str file;
    nxc_error err;
    size_t counts[N_LABELS][N_LABELS] = {{0}}, total = 0;
    assert_ok(
        nxc__file_read(NXC_SOURCE_DIR "/tests/golden/workflow_scenarios.jsonl",
                       (size_t)1 << 20, &nxc__allocator_default, &file, &err),
        err);
    for (size_t i = 0; i < file.len;) {
        size_t end = nxc__str_find(file, '\n', i);
        evaluate(nxc__str_slice(file, i, end), counts);
        i = end + 1;
    }
    double share = print_table(counts, &total);
    assert_true(total >= 300);
    assert_true(share > 0.9);
    for (size_t i = 0; i < N_LABELS; i++) { /* no pattern is given up */
        size_t n = 0;
        for (size_t j = 0; j < N_LABELS; j++)
            n += counts[i][j];
        assert_true(counts[i][i] * 10 >= n * 7);
    }
    union {
        const char *in;
        void *out;
    } bytes = {file.ptr};
    nxc__free(&nxc__allocator_default, bytes.out, file.len + 1);
}

int main(int argc, char **argv) {
    if (argc > 1) half = argv[1];
    is_listing = argc > 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_half_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
