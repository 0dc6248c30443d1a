/* A small random BERT of the one architecture, written as a model folder:
 * model.safetensors and vocab.txt. Seeded; the same seed gives the same bytes.
 */
#ifndef NXC_TINY_MODEL_H
#define NXC_TINY_MODEL_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "support/nxc_test.h"

typedef struct tiny_model {
    unsigned n_layers, n_positions;
    uint64_t seed;
    const char *odd_tensor; /* its dtype is declared to be odd_dtype */
    const char *odd_dtype;  /* "I32", or "NaN": F32 with a NaN in it */
} tiny_model;

#define TINY_MAX_TENSORS 80
typedef struct tiny_tensor {
    char name[80];
    size_t rows, cols; /* rows 0: a vector of cols */
    size_t first;      /* float */
} tiny_tensor;
typedef struct tiny_weights {
    tiny_tensor tensors[TINY_MAX_TENSORS];
    size_t n, n_floats;
    float *floats;
} tiny_weights;

static const char tiny_vocab[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nlist\ncreate\ninvoice\ncustomer\n"
    "##s\na\nb\nc\nd\ne\nf\ng\n##a\n##b\n##c\n##d\n##e\n##f\n##g\n1\n2\n##1\n"
    "##2\n/\n.\n-\n";
#define TINY_VOCAB 31

static inline void tiny_add(tiny_weights *w, const char *name, size_t rows,
                            size_t cols) {
    tiny_tensor *t = &w->tensors[w->n++];
    assert_true(w->n <= TINY_MAX_TENSORS);
    snprintf(t->name, sizeof t->name, "%s", name);
    t->rows = rows;
    t->cols = cols;
    t->first = w->n_floats;
    w->n_floats += (rows ? rows : 1) * cols;
}

static inline void tiny_add_layer(tiny_weights *w, unsigned layer) {
    static const struct {
        const char *tail;
        size_t rows, cols;
    } rows[] = {{"attention.self.query", 384, 384},
                {"attention.self.key", 384, 384},
                {"attention.self.value", 384, 384},
                {"attention.output.dense", 384, 384},
                {"intermediate.dense", 1536, 384},
                {"output.dense", 384, 1536},
                {"attention.output.LayerNorm", 0, 384},
                {"output.LayerNorm", 0, 384}};
    char name[80];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(name, sizeof name, "encoder.layer.%u.%s.weight", layer,
                 rows[i].tail);
        tiny_add(w, name, rows[i].rows, rows[i].cols);
        snprintf(name, sizeof name, "encoder.layer.%u.%s.bias", layer,
                 rows[i].tail);
        tiny_add(w, name, 0, rows[i].rows ? rows[i].rows : 384);
    }
}

/* Random values: about 1 / sqrt(inputs) in a matrix, 1 +- 0.2 in a gain. */
static inline void tiny_fill(tiny_weights *w, uint64_t seed) {
    for (size_t i = 0; i < w->n; i++) {
        const tiny_tensor *t = &w->tensors[i];
        bool is_embedding = strncmp(t->name, "embeddings.", 11) == 0;
        bool is_gain = strstr(t->name, "LayerNorm.weight") != NULL;
        float size = 0.2f;
        if (is_embedding && t->rows) size = 1.0f;
        if (!is_embedding && t->rows) size = t->cols > 1000 ? 0.045f : 0.09f;
        if (strstr(t->name, "query.weight")) size *= 3;
        for (size_t j = 0; j < (t->rows ? t->rows : 1) * t->cols; j++) {
            uint64_t r = nxc_random(&seed) >> 40;
            float unit = (float)r / 8388608.0f - 1.0f;
            w->floats[t->first + j] = size * unit + (is_gain ? 1.0f : 0.0f);
        }
    }
}

/* Free the result's floats with free_tiny_weights. */
static inline tiny_weights tiny_weights_new(const tiny_model *m) {
    tiny_weights w = {.n = 0};
    tiny_add(&w, "embeddings.word_embeddings.weight", TINY_VOCAB, 384);
    tiny_add(&w, "embeddings.position_embeddings.weight", m->n_positions, 384);
    tiny_add(&w, "embeddings.token_type_embeddings.weight", 2, 384);
    tiny_add(&w, "embeddings.LayerNorm.weight", 0, 384);
    tiny_add(&w, "embeddings.LayerNorm.bias", 0, 384);
    for (unsigned l = 0; l < m->n_layers; l++)
        tiny_add_layer(&w, l);
    w.floats = nxc__alloc(&nxc__allocator_default, w.n_floats * sizeof(float));
    assert_non_null(w.floats);
    tiny_fill(&w, m->seed);
    return w;
}
static inline void tiny_weights_free(tiny_weights *w) {
    nxc__free(&nxc__allocator_default, w->floats, w->n_floats * sizeof(float));
}

static inline void tiny_write_file(const char *dir, const char *name,
                                   const void *bytes, size_t n) {
    char path[512];
    nxc_error err;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_ok(nxc__file_replace(path, bytes, n, &err), err);
}

/* Write the folder's files; dir is made if needed. */
static inline void tiny_model_write(const tiny_model *m, const char *dir) {
    tiny_weights w = tiny_weights_new(m);
    nxc__buffer b;
    nxc_error err;
    nxc__buffer_init(&b, &nxc__allocator_default, (size_t)1 << 30);
    nxc__buffer_append(&b, "\0\0\0\0\0\0\0\0", 8);
    nxc__buffer_append_z(&b, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < w.n; i++) {
        const tiny_tensor *t = &w.tensors[i];
        size_t n = (t->rows ? t->rows : 1) * t->cols;
        const char *dtype = "F32";
        if (m->odd_tensor && strcmp(m->odd_tensor, t->name) == 0) {
            if (strcmp(m->odd_dtype, "NaN") == 0)
                w.floats[t->first + n / 2] = __builtin_nanf("");
            else
                dtype = m->odd_dtype;
        }
        nxc__buffer_printf(&b, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", t->name,
                           dtype);
        if (t->rows) nxc__buffer_printf(&b, "%zu,", t->rows);
        nxc__buffer_printf(&b, "%zu],\"data_offsets\":[%zu,%zu]}", t->cols,
                           t->first * 4, (t->first + n) * 4);
    }
    nxc__buffer_append_char(&b, '}');
    assert_ok(nxc__buffer_status(&b, "header", &err), err);
    uint64_t header = b.len - 8;
    memcpy(b.data, &header, sizeof header);
    nxc__buffer_append(&b, w.floats, w.n_floats * sizeof(float));
    assert_ok(nxc__buffer_status(&b, "weights", &err), err);
    mkdir(dir, 0755);
    tiny_write_file(dir, "model.safetensors", b.data, b.len);
    tiny_write_file(dir, "vocab.txt", tiny_vocab, sizeof tiny_vocab - 1);
    nxc__buffer_release(&b);
    tiny_weights_free(&w);
}

static inline void tiny_model_remove(const char *dir) {
    static const char *const names[] = {"model.safetensors", "vocab.txt",
                                        "tokenizer.json",    "config.json",
                                        "tiny.nxm",          "other.nxm"};
    char path[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

#endif
