/* One row through the decision bits of a plan. The file that includes it has
 *     row_decide(plan, columns, bits)     bit i: decision i goes left
 * and AVX2. */

/* Bits from bit i on, at least 16; the bytes after the last are there. */
static inline uint32_t row_bits(const uint8_t *bytes, uint32_t i) {
    uint32_t word;
    memcpy(&word, bytes + i / 8, sizeof word);
    return word >> (i % 8);
}

/* The exits of clusters whose conditions the bits meet. */
static inline uint32_t row_root_exit(uint32_t bits,
                                     const nxc__plan_root_match *m) {
    __m256i b = _mm256_set1_epi16((short)bits);
    __m256i mask = _mm256_loadu_si256((const __m256i *)(const void *)m->mask);
    __m256i value = _mm256_loadu_si256((const __m256i *)(const void *)m->value);
    __m256i equal = _mm256_cmpeq_epi16(_mm256_and_si256(b, mask), value);
    return (uint32_t)__builtin_ctz((unsigned)_mm256_movemask_epi8(equal)) / 2;
}
static inline uint32_t row_exit(uint32_t bits, const nxc__plan_cluster *c) {
    __m128i both = _mm_loadu_si128((const __m128i *)(const void *)c->mask);
    __m128i b = _mm_set1_epi8((char)bits);
    __m128i equal =
        _mm_cmpeq_epi8(_mm_and_si128(b, both), _mm_srli_si128(both, 8));
    return (uint32_t)__builtin_ctz((unsigned)_mm_movemask_epi8(equal));
}

static inline void row_group(const nxc__forest_plan *plan, const uint8_t *bytes,
                             const nxc__plan_group *group, uint32_t n_steps,
                             uint32_t *leaves) {
    for (uint32_t i = group->first; i < group->end; i++) {
        const nxc__plan_root *root = &plan->roots[i];
        uint32_t at = root->exits[row_root_exit(row_bits(bytes, root->bit),
                                                &plan->root_matches[i])];
        for (uint32_t left = n_steps; left > 1; left--) {
            /* all ones, or zero at a leaf, which stays: no branch */
            uint32_t go = (at >> 15) - 1;
            const nxc__plan_cluster *c =
                &plan->clusters[(root->first_cluster + at) & go];
            uint32_t to =
                c->exits[row_exit(row_bits(bytes, root->bit + c->bit), c)];
            at = (to & go) | (at & ~go);
        }
        leaves[root->tree] = root->first_leaf + (at & ~NXC_PLAN_LEAF);
    }
}

/* Trees in groups of one number of steps, so that no branch depends on the
 * tree; then the sum in the order of the trees. */
static double row_score(const nxc__forest_plan *plan, const uint8_t *columns,
                        uint64_t *bits, uint32_t *leaves) {
    const uint8_t *bytes = (const uint8_t *)bits;
    row_decide(plan, columns, bits);
    for (size_t g = 0; g < plan->n_groups; g++) {
        const nxc__plan_group *group = &plan->groups[g];
        if (group->n_steps == 1)
            row_group(plan, bytes, group, 1, leaves);
        else if (group->n_steps == 2)
            row_group(plan, bytes, group, 2, leaves);
        else if (group->n_steps == 3)
            row_group(plan, bytes, group, 3, leaves);
        else
            row_group(plan, bytes, group, group->n_steps, leaves);
    }
    double sum = 0.0;
    for (size_t t = 0; t < plan->forest->n_trees; t++)
        sum += plan->forest->leaf_values[leaves[t]];
    return sum;
}
