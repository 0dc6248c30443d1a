/* An engine with a tiny encoder, for the tests of the caches. */
#ifndef NXC_TINY_ENGINE_H
#define NXC_TINY_ENGINE_H

#include <dirent.h>

#include "engine/engine.h"
#include "support/tiny_model.h"

/* Options as "name=value name=value ...", over parallel_workers 1; alloc NULL:
 * the default. */
static inline nxc_engine *tiny_engine(const char *options, const char *model,
                                      const nxc_allocator *alloc) {
    char text[2048], *state = NULL;
    nxc_config *cfg;
    nxc_engine *engine;
    nxc_encoder *encoder;
    nxc_error err;
    snprintf(text, sizeof text, "%s", options);
    assert_ok(nxc_config_new(alloc, &cfg, &err), err);
    assert_ok(nxc_config_set(cfg, "parallel_workers", "1", &err), err);
    for (char *p = strtok_r(text, " ", &state); p;
         p = strtok_r(NULL, " ", &state)) {
        char *value = strchr(p, '=');
        *value++ = 0;
        assert_ok(nxc_config_set(cfg, p, value, &err), err);
    }
    assert_ok(nxc_engine_open(cfg, alloc, &engine, &err), err);
    if (model) {
        assert_ok(nxc_encoder_open(model, cfg, alloc, &encoder, &err), err);
        assert_ok(nxc_engine_set_encoder(engine, encoder, &err), err);
    }
    nxc_config_free(cfg);
    return engine;
}
static inline void tiny_engine_add(nxc_engine *engine, const char *name,
                                   const char *path) {
    nxc_catalog *c;
    nxc_error err;
    assert_ok(nxc_catalog_open(path, NULL, NULL, engine->alloc, &c, NULL, &err),
              err);
    assert_ok(nxc_engine_add_catalog(engine, nxc__str(name), c, &err), err);
}
static inline uint64_t metric_of(const nxc_engine *e, nxc__metric m) {
    return nxc__metrics_get(&e->metrics, m);
}

/* Remove a folder's files whose names begin so, and the empty folder. */
static inline void remove_files(const char *folder, const char *begin) {
    char path[1024];
    DIR *d = opendir(folder);
    if (!d) return;
    for (struct dirent *x; (x = readdir(d));) {
        if (strncmp(x->d_name, begin, strlen(begin)) != 0) continue;
        snprintf(path, sizeof path, "%s/%.255s", folder, x->d_name);
        unlink(path);
    }
    closedir(d);
    rmdir(folder);
}

#endif
