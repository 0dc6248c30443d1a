/* What Nextcall writes after the text of a LightGBM model, which LightGBM does
 * not read: how the model was trained and what belongs to it
 * (docs/formats/lightgbm-model.md).
 *
 *     nextcall notes
 *     key=value
 *     ...
 *     end of nextcall notes
 */
#ifndef NXC_RANKER_MODEL_NOTES_H
#define NXC_RANKER_MODEL_NOTES_H

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

#define NXC_MAX_NOTES 1024
#define NXC_MAX_NOTE_KEY 64

/* key: 1 to NXC_MAX_NOTE_KEY of a-z 0-9 _ and '.'; value: one line. */
typedef struct nxc__model_note {
    const char *key, *value;
} nxc__model_note;

typedef struct nxc__model_notes {
    nxc__arena arena;
    nxc__model_note *items; /* (n) in the order of the file */
    size_t n;
} nxc__model_notes;

/* The notes of a model's text; none of a text without the section. name is for
 * errors. Errors: NXC_ERR_PARSE "<name>:<line>: expected ...", NXC_ERR_LIMIT,
 * NXC_ERR_NOMEM; out then needs no release. */
nxc_status nxc__model_notes_read(nxc_str name, nxc_str text,
                                 const nxc_allocator *alloc,
                                 nxc__model_notes *out, nxc_error *err);
void nxc__model_notes_release(nxc__model_notes *notes);
/* NULL if there is none of that key. */
const char *nxc__model_notes_get(const nxc__model_notes *notes,
                                 const char *key);
/* Append to out the text of a model with these notes (n) set; a value NULL
 * takes one away, the others stay. Errors: those of read; NXC_ERR_INVALID: not
 * a key, or a value of several lines. */
nxc_status nxc__model_notes_set(nxc_str name, nxc_str text,
                                const nxc__model_note *notes, size_t n,
                                nxc__buffer *out, nxc_error *err);

#endif
