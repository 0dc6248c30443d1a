/* Cosines of the prompt, and of its new part, with the three texts of each
 * operation. */
#include "features/point.h"

void nxc__family_emb(nxc__point *p) {
    if (!nxc__point_is_encoded(p)) return;
    const float *prompt = p->dp->query->embeddings, *delta = prompt + NXC_DIM;
    bool is_all_new = p->dp->query->delta.len == p->dp->prompt.len;
    size_t n = p->n + p->n_called;
    float *cos = nxc__point_alloc(p, n, sizeof *cos);
    if (!cos) return;
    for (size_t i = 0; i < n; i++)
        cos[i] = nxc__point_dot(p, nxc__op_row(p, 0, p->ops[i]), prompt);
    p->cos_prompt = cos;
    for (size_t i = 0; i < p->n; i++) {
        uint32_t op = p->ops[i];
        float path = nxc__point_dot(p, nxc__op_row(p, 1, op), prompt);
        float name = nxc__point_dot(p, nxc__op_row(p, 2, op), prompt);
        float d0 = cos[i], d2 = name;
        if (!is_all_new) {
            d0 = nxc__point_dot(p, nxc__op_row(p, 0, op), delta);
            d2 = nxc__point_dot(p, nxc__op_row(p, 2, op), delta);
        }
        NXC_COL(p, cos_rv)[i] = path;
        NXC_COL(p, cos_mean)[i] = (cos[i] + path + name) / 3;
        NXC_COL(p, cos_delta)[i] = d0 > d2 ? d0 : d2;
    }
}
