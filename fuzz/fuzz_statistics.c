/*
 * A file of statistics. Input: a flag byte (1: make the checksum good, so that
 * the checks behind it are reached), seven bytes that are skipped, the image,
 * which is opened for the catalog that it names. What opens is asked, with and
 * without a group, and must give shares.
 */
#include <math.h>
#include <string.h>

#include "statistics/snapshot.h"
#include "statistics/snapshot_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const nxc__statistics *s, size_t n_operations,
                nxc__hash128 group) {
    nxc_error err;
    nxc__arena arena;
    nxc__transitions t;
    nxc__neighbours n;
    nxc__transition_evidence e;
    uint32_t history[] = {0, 1, 0};
    float prompt[NXC_DIM] = {0.6f, 0.8f};
    nxc__statistics_query q;
    memset(&q, 0, sizeof q);
    q.calls = history;
    q.n_calls = 3;
    q.prompt = q.delta = prompt;
    q.prompt_text = (nxc_str){"find and pay it", 15};
    q.exclude = group;
    nxc__arena_init(&arena, &nxc__allocator_default, (size_t)1 << 28);
    if (nxc__statistics_transitions(s, &q, &arena, &t, &err) == NXC_OK &&
        t.order2)
        for (size_t o = 0; o < n_operations; o++)
            if (!(t.order2[o] >= 0 && t.order2[o] <= 1)) __builtin_trap();
    (void)nxc__statistics_neighbours(s, &q, &arena, &n, &err);
    nxc__statistics_evidence(s, &q, 0, &e);
    if (e.n_went > e.n_points || e.n_sessions > e.n_went) __builtin_trap();
    nxc__arena_release(&arena);
}

static void open_image(uint8_t *image, size_t n, bool rehash) {
    nxc_error err;
    nxc__snapshot_header h;
    nxc__statistics *s;
    if (n < sizeof h) return;
    if (rehash) {
        uint64_t hash = nxc__hash64(image + NXC_SNAPSHOT_HASHED,
                                    n - NXC_SNAPSHOT_HASHED, 0);
        memcpy(image + 16, &hash, sizeof hash);
    }
    memcpy(&h, image, sizeof h);
    const nxc__snapshot_options options = {h.n_operations % 1000, h.catalog,
                                           NULL};
    if (nxc__snapshot_read(image, n, &options, NULL, &s, &err) != NXC_OK)
        return;
    ask(s, h.n_operations, (nxc__hash128){0, 0});
    if (h.n_sessions) {
        nxc__snapshot_session first;
        memcpy(&first, image + sizeof h, sizeof first);
        ask(s, h.n_operations, first.group);
    }
    nxc__statistics_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 8) return 0;
    size_t n = size - 8;
    uint8_t *image = nxc__alloc(&nxc__allocator_default, n ? n : 1);
    if (!image) return 0;
    if (n) memcpy(image, data + 8, n);
    open_image(image, n, data[0] & 1);
    nxc__free(&nxc__allocator_default, image, n ? n : 1);
    return 0;
}
