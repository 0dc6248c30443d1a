/*
 * Catalogs in files: save the compiled form, open either form.
 *
 *     compiled file = image | embeddings (optional)     docs/formats/catalog.md
 *
 * A compiled file is mapped and read in place; a raw document is read and
 * imported. Which one it is stands in the first eight bytes. A file is replaced
 * by rename, so a mapping of the old one stays whole.
 *
 * Threading: any. Cost of opening a compiled file: one pass over it.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/config.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "catalog/catalog_handle.h"
#include "catalog/import.h"

/* Largest compiled file that is mapped: 16 GiB, far over what the limits on
 * documents and operations let arise. */
#define MAX_COMPILED_BYTES \
    (SIZE_MAX / 2 < ((size_t)1 << 34) ? SIZE_MAX / 2 : ((size_t)1 << 34))

bool nxc__catalog_is_compiled(nxc_str bytes) {
    return nxc__str_starts(bytes, (nxc_str){NXC_CATALOG_MAGIC, 8});
}

/* --------------------------------------------------------------- saving */

nxc_status nxc__catalog_save_embedded(const nxc_catalog *c, const char *path,
                                      const float *embeddings,
                                      const char *encoder_fingerprint,
                                      nxc_error *err) {
    size_t size, n = nxc_catalog_n_operations(c);
    const uint8_t *image = nxc__catalog_image(c, &size);
    if (!embeddings) return nxc__file_replace(path, image, size, err);
    nxc__embeddings_header h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, NXC_EMBEDDINGS_MAGIC, sizeof h.magic);
    h.dim = NXC_EMBEDDINGS_DIM;
    h.n = (uint32_t)n;
    nxc_str fingerprint = nxc__str(encoder_fingerprint);
    if (fingerprint.len == 0 || fingerprint.len >= sizeof h.fingerprint)
        return nxc__error(err, NXC_ERR_INVALID,
                          "encoder fingerprint: expected 1 to %zu bytes, got "
                          "%zu",
                          sizeof h.fingerprint - 1, fingerprint.len);
    memcpy(h.fingerprint, fingerprint.ptr, fingerprint.len);
    nxc__buffer out;
    nxc__buffer_init(&out, c->alloc, SIZE_MAX / 2);
    nxc__buffer_append(&out, image, size);
    nxc__buffer_append(&out, &h, sizeof h);
    nxc__buffer_append(&out, embeddings,
                       n * NXC_EMBEDDINGS_DIM * sizeof(float));
    nxc_status st = nxc__buffer_status(&out, path, err);
    if (st == NXC_OK) {
        size_t from = size + offsetof(nxc__embeddings_header, fingerprint);
        h.checksum = nxc__hash64(out.data + from, out.len - from, 0);
        memcpy(out.data + size, &h, sizeof h);
        st = nxc__file_replace(path, out.data, out.len, err);
    }
    nxc__buffer_release(&out);
    return st;
}

nxc_status nxc_catalog_save(const nxc_catalog *c, const char *path,
                            nxc_error *err) {
    return nxc__catalog_save_embedded(c, path, c->embeddings, c->fingerprint,
                                      err);
}

/* -------------------------------------------------------------- opening */

void nxc__catalog_describe(const nxc_catalog *c, nxc_import_info *info) {
    if (!info) return;
    memset(info, 0, sizeof *info);
    info->format = c->header.format;
    info->n_webhooks = c->header.n_webhooks;
    info->n_operations = c->header.n_operations - c->header.n_webhooks;
    info->n_unresolved = c->header.n_unresolved;
    memcpy(info->source_sha256, c->header.source_sha256,
           sizeof info->source_sha256 - 1);
}

static nxc_status open_mapped(nxc__mapping *map, const char *path,
                              const nxc_allocator *alloc, nxc_catalog **out,
                              nxc_error *err) {
    nxc_status st =
        nxc__catalog_open_borrowed(map->data, map->size, alloc, out, err);
    if (st != NXC_OK) {
        nxc__file_unmap(map);
        return nxc__error_prefix(err, st, "%s", path);
    }
    (*out)->mapping = *map;
    return NXC_OK;
}

/* "dir/stripe.json" -> "stripe" */
static nxc_str stem_of(const char *path) {
    nxc_str s = nxc__str(path);
    size_t from = s.len, dot = 0;
    while (from && s.ptr[from - 1] != '/')
        from--;
    s = nxc__str_slice(s, from, s.len);
    for (size_t i = 1; i < s.len; i++)
        if (s.ptr[i] == '.') dot = i;
    return dot ? nxc__str_slice(s, 0, dot) : s;
}

static nxc_status open_read(const char *path, const char *filter,
                            const nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_catalog **out, nxc_import_info *info,
                            nxc_error *err) {
    nxc_str bytes;
    size_t max = nxc__config_int(cfg, NXC_OPT_max_document_bytes);
    NXC_TRY(nxc__file_read(path, max, alloc, &bytes, err));
    union {
        const char *in;
        uint8_t *out;
    } block = {bytes.ptr};
    nxc_status st;
    if (nxc__catalog_is_compiled(bytes)) {
        st = nxc__catalog_open_owned(block.out, bytes.len + 1, bytes.len, alloc,
                                     out, err);
        if (st == NXC_OK) {
            nxc__catalog_describe(*out, info);
            return NXC_OK;
        }
        st = nxc__error_prefix(err, st, "%s", path);
    } else {
        nxc__import_source source = {
            .name = nxc__str(strcmp(path, "-") == 0 ? "standard input" : path),
            .catalog_name = filter ? nxc__str(filter) : stem_of(path),
            .bytes = bytes,
            .filter = filter};
        st = nxc__catalog_import(&source, cfg, alloc, out, info, err);
    }
    nxc__free(alloc, block.out, bytes.len + 1);
    return st;
}

nxc_status nxc_catalog_open(const char *path, const char *filter,
                            const nxc_config *cfg, const nxc_allocator *alloc,
                            nxc_catalog **out, nxc_import_info *info,
                            nxc_error *err) {
    alloc = nxc__allocator_or_default(alloc);
    struct stat sb;
    if (stat(path, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0) {
        nxc__mapping map;
        NXC_TRY(nxc__file_map(path, MAX_COMPILED_BYTES, &map, err));
        nxc_str head = {(const char *)map.data, map.size};
        if (nxc__catalog_is_compiled(head)) {
            NXC_TRY(open_mapped(&map, path, alloc, out, err));
            nxc__catalog_describe(*out, info);
            return NXC_OK;
        }
        nxc__file_unmap(&map);
    }
    return open_read(path, filter, cfg, alloc, out, info, err);
}
