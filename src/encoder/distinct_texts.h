/* Equal texts of a batch, so that each is encoded once. */
#ifndef NXC_ENCODER_DISTINCT_TEXTS_H
#define NXC_ENCODER_DISTINCT_TEXTS_H

#include <stdint.h>

#include <nextcall/nextcall.h>

#define NXC_DISTINCT_MAX ((size_t)512) /* texts looked at together */

typedef struct nxc__distinct {
    size_t n;                        /* of distinct texts */
    uint16_t at[NXC_DISTINCT_MAX];   /* (n) each one's first index, ascending */
    uint16_t same[NXC_DISTINCT_MAX]; /* of each text: the first equal one */
    uint16_t slots[2 * NXC_DISTINCT_MAX];
} nxc__distinct;

/* n is at most NXC_DISTINCT_MAX. Texts are equal if their bytes are. */
void nxc__distinct_find(nxc__distinct *d, const nxc_str *texts, size_t n);

#endif
