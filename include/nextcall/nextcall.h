/*
 * Nextcall: predict the next API call.
 *
 * The whole public interface, in the order in which a program uses it:
 *
 *     1  basics      strings, status, errors, allocator
 *     2  config      options by name
 *     3  encoder     text -> embedding (usable alone)
 *     4  catalog     OpenAPI document or tool list -> operations
 *     5  ranker      a trained LightGBM model or the linear default
 *     6  engine      owns encoder, catalogs and ranker
 *     7  requests    prompt + history + candidates -> ranking, explained
 *     8  metrics     what an engine has done, and how long it took
 *     9  learning    sessions of the past, from logs into the store (learn.h)
 *
 * Conventions
 * - Everything that can fail returns nxc_status and takes an nxc_error (NULL is
 *   legal) that says where, what was expected and what was found.
 * - Outputs are written only on success; on failure objects are as before.
 * - new/free: heap. open/close: I/O behind it. Arguments are borrowed for the
 *   call; what the library keeps, it copies.
 * - Thread-safety is stated per function: "any" (call from any thread at any
 *   time), "per-ctx" (one thread at a time per context), "exclusive" (no other
 *   call on the same object meanwhile).
 * - The library never prints or exits. It starts threads only when there is
 *   work for several: the engine when it first encodes a batch of candidate
 *   texts, up to parallel_workers of them (4; the caller's thread is one) and
 *   never more than the batch can keep busy, and with a store one that reads
 *   its newest rows into memory; an nxc_ctx, if prompt_workers is over 1, as
 *   many to encode a long prompt together. parallel_workers 1 starts none of
 *   these. A store that is written has one thread for that.
 */
#ifndef NEXTCALL_NEXTCALL_H
#define NEXTCALL_NEXTCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NXC_VERSION_MAJOR 0
#define NXC_VERSION_MINOR 1
#define NXC_VERSION_PATCH 0
#define NXC_VERSION_STRING "0.1.0"

#if defined(__GNUC__) && !defined(NXC_STATIC)
#define NXC_API __attribute__((visibility("default")))
#else
#define NXC_API
#endif
#if defined(__GNUC__)
#define NXC_MUST_CHECK __attribute__((warn_unused_result))
#else
#define NXC_MUST_CHECK
#endif

/* ------------------------------------------------------------- 1 basics */

/* A borrowed UTF-8 string; not NUL-terminated; ptr may be NULL if len is 0. */
typedef struct nxc_str {
    const char *ptr;
    size_t len;
} nxc_str;

/* Values are never renumbered. Names, texts, exit codes and HTTP statuses of
 * each stand in src/base/status.def. */
typedef enum nxc_status {
    NXC_OK = 0,
    NXC_ERR_INVALID = 1,     /* an argument or a value in the input */
    NXC_ERR_LIMIT = 2,       /* a named limit was exceeded */
    NXC_ERR_NOMEM = 3,       /* the allocator returned NULL */
    NXC_ERR_IO = 4,          /* the operating system said no */
    NXC_ERR_PARSE = 5,       /* malformed text: JSON, YAML, a model file */
    NXC_ERR_FORMAT = 6,      /* a damaged or foreign binary file */
    NXC_ERR_NOT_FOUND = 7,   /* a named thing does not exist */
    NXC_ERR_MISMATCH = 8,    /* feature set or fingerprint differs */
    NXC_ERR_UNSUPPORTED = 9, /* well-formed, but not something we do */
    NXC_ERR_STATE = 10,      /* something needed is not loaded */
    NXC_ERR_CANCELLED = 11,  /* a progress callback said stop */
    NXC_ERR_INTERNAL = 12    /* a defect of ours: please report */
} nxc_status;

/* "invalid", "limit", ... for a status; "unknown" for another number.
 * Static storage. Thread-safety: any. Since 0.1. */
NXC_API const char *nxc_status_name(nxc_status status);
/* A sentence for a status. Static storage. Thread-safety: any. Since 0.1. */
NXC_API const char *nxc_status_text(nxc_status status);
/* The exit code that the nextcall command gives for a status. Since 0.1. */
NXC_API int nxc_status_exit_code(nxc_status status);

/* Owned by the caller; message is NUL-terminated UTF-8 of the form
 * "<where>: expected <x>, got <y>". */
typedef struct nxc_error {
    nxc_status code;
    char message[252];
} nxc_error;

/* Memory for everything the library keeps. realloc(ctx, NULL, 0, n) allocates;
 * both functions get the old size. Must be thread-safe. NULL in place of an
 * nxc_allocator means the C library's. */
typedef struct nxc_allocator {
    void *(*realloc)(void *ctx, void *ptr, size_t old_size, size_t new_size);
    void (*free)(void *ctx, void *ptr, size_t size);
    void *ctx;
} nxc_allocator;

/* The library's version, for example "0.1.0". Since 0.1. */
NXC_API const char *nxc_version(void);

/* ------------------------------------------------------------- 2 config */

/* Options by name; the table is src/base/config.def (nextcall help options). */
typedef struct nxc_config nxc_config;

/* A configuration with every default. Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_config_new(const nxc_allocator *alloc,
                                                 nxc_config **out,
                                                 nxc_error *err);
/* Set one option from text. key is matched without regard to case.
 * Errors: NXC_ERR_NOT_FOUND (names the nearest key), NXC_ERR_INVALID (type or
 * range). Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_config_set(nxc_config *cfg,
                                                 const char *key,
                                                 const char *value,
                                                 nxc_error *err);
/* The same, and say where the value comes from ("NEXTCALL_BATCH_SIZE"); of
 * nxc_config_set it is "program". Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_config_set_from(nxc_config *cfg,
                                                      const char *key,
                                                      const char *value,
                                                      const char *origin,
                                                      nxc_error *err);
/* Set the options that a file has (docs/configuration.md); origins are
 * "<path>:<line>". All of it or, after an error, nothing.
 * Errors: "<path>:<line>: ...": NXC_ERR_PARSE, NXC_ERR_NOT_FOUND (names the
 * nearest key), NXC_ERR_INVALID; NXC_ERR_IO, NXC_ERR_LIMIT (over 1 MiB).
 * Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_config_load(nxc_config *cfg,
                                                  const char *path,
                                                  nxc_error *err);
/* The same from bytes; name stands for the path. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_config_parse(nxc_config *cfg,
                                                   nxc_str name, nxc_str bytes,
                                                   nxc_error *err);
/* NULL is legal. Since 0.1. */
NXC_API void nxc_config_free(nxc_config *cfg);

/* What an option is set to. Valid until the option is set again. */
typedef struct nxc_config_value {
    const char *text;   /* as it was given; of a list names and commas */
    const char *origin; /* "default", "<file>:<line>", ... */
} nxc_config_value;
/* The value of row i of the table; false past the end; cfg NULL: defaults.
 * Thread-safety: any. Since 0.1. */
NXC_API bool nxc_config_get(const nxc_config *cfg, size_t i,
                            nxc_config_value *out);

/* One row of the option table, for help texts and introspection. */
typedef struct nxc_config_option {
    const char *name;          /* lower case, for example "batch_size" */
    const char *type;          /* "integer", "number", "boolean", "text",
                                  "list" */
    const char *default_value; /* as text; of a list all that it may hold */
    const char *doc;           /* one line */
    double min, max;           /* of integers and numbers */
} nxc_config_option;
/* Row i of the table; false past the end. Thread-safety: any. Since 0.1. */
NXC_API bool nxc_config_describe(size_t i, nxc_config_option *out);

/* ------------------------------------------------------------ 3 encoder */

/* all-MiniLM-L6-v2 (or a BERT of the same shape): text -> 384 float32.
 * Immutable after open and shared by threads; each thread has its own
 * nxc_encoder_ctx, which holds the scratch memory. */
typedef struct nxc_encoder nxc_encoder;
typedef struct nxc_encoder_ctx nxc_encoder_ctx;

typedef enum nxc_dtype { NXC_F32 = 0, NXC_BF16 = 1, NXC_INT8 = 2 } nxc_dtype;

typedef struct nxc_encoder_info {
    size_t dim;             /* 384 */
    size_t n_layers;        /* 6 */
    size_t max_tokens;      /* 256, [CLS] and [SEP] included */
    size_t vocab_size;      /* 30522 */
    nxc_dtype dtype;        /* of the packed weights */
    size_t file_bytes;      /* of the packed file */
    const char *kernels;    /* "ref", "avx2", "avx512", "neon"; for int8 also
                               "avxvnni", "avx512vnni", "amx", "dotprod",
                               "i8mm" */
    char fingerprint[65];   /* of the embeddings: hex SHA-256 over weights,
                               vocabulary and the revision of the arithmetic */
    char source_sha256[65]; /* hex SHA-256 of the safetensors file */
} nxc_encoder_info;

/* What became of one text. */
typedef struct nxc_text_info {
    uint32_t n_tokens; /* ids used, [CLS] and [SEP] included */
    bool truncated;    /* more than max_tokens ids: the rest was dropped */
} nxc_text_info;

/* Write a packed model file (docs/formats/packed-model.md).
 * source_dir     folder with model.safetensors, vocab.txt or tokenizer.json,
 *                and optionally config.json (checked against the weights)
 * out_path       replaced by rename, only on success
 * dtype          NXC_F32; NXC_BF16: half the size, float32 arithmetic
 *                (docs/adr/0010-bf16.md); NXC_INT8: a quarter of the size,
 *                several times as fast (docs/adr/0005-int8.md). Each has
 *                embeddings of its own
 * Errors         NXC_ERR_IO, NXC_ERR_FORMAT, NXC_ERR_PARSE, NXC_ERR_INVALID,
 *                NXC_ERR_LIMIT, NXC_ERR_UNSUPPORTED, NXC_ERR_NOMEM
 * Source         safetensors file format; BERT (Devlin et al. 2019)
 * Thread-safety  any.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_model_pack(const char *source_dir,
                                                 const char *out_path,
                                                 nxc_dtype dtype,
                                                 const nxc_allocator *alloc,
                                                 nxc_error *err);

/* Map a packed model file. cfg (NULL: defaults) gives "cpu".
 * Errors: NXC_ERR_IO, NXC_ERR_FORMAT, NXC_ERR_NOMEM, NXC_ERR_UNSUPPORTED (a
 * level that the processor lacks).
 * Thread-safety: any.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_encoder_open(const char *path,
                                                   const nxc_config *cfg,
                                                   const nxc_allocator *alloc,
                                                   nxc_encoder **out,
                                                   nxc_error *err);
/* No context may be in use any more; NULL is legal. Since 0.1. */
NXC_API void nxc_encoder_close(nxc_encoder *encoder);
/* Valid until nxc_encoder_close. Thread-safety: any. Since 0.1. */
NXC_API void nxc_encoder_get_info(const nxc_encoder *encoder,
                                  nxc_encoder_info *out);

/* Scratch memory of one thread. The encoder must outlive it. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_encoder_ctx_new(
    const nxc_encoder *encoder, nxc_encoder_ctx **out, nxc_error *err);
NXC_API void nxc_encoder_ctx_free(nxc_encoder_ctx *ctx);

/* Token ids of a text, [CLS] first and [SEP] last.
 * ids            (max_tokens) caller's memory; n_tokens of info are written
 * Thread-safety  any.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_encoder_tokenize(const nxc_encoder *encoder, nxc_str text, uint32_t *ids,
                     nxc_text_info *info, nxc_error *err);

/* Encode texts into sentence embeddings (mean-pooled, L2-normalised).
 * texts          (n) UTF-8; more than 256 token ids: truncated, see info
 * out            (n, dim) float32, row-major, caller's memory
 * info           (n) or NULL
 * A text's embedding does not depend on the other texts, on n or on threads.
 * Of equal texts among 512 in a row (from the first on) one is encoded.
 * Errors         NXC_ERR_INVALID, NXC_ERR_NOMEM
 * Source         Reimers and Gurevych 2019; all-MiniLM-L6-v2 model card
 * Thread-safety  per-ctx.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_encoder_encode(nxc_encoder_ctx *ctx,
                                                     const nxc_str *texts,
                                                     size_t n, float *out,
                                                     nxc_text_info *info,
                                                     nxc_error *err);

/* The same over n_threads threads, which live for the call (0 and 1: none is
 * started). Where there are at least two threads to 256 tokens, they walk
 * through the layers together, if the tokens are worth it: 64 of them, or 2
 * with the option encoder_spin, under which threads wait for each other awake.
 * Same bits as nxc_encoder_encode.
 * Errors         NXC_ERR_INVALID, NXC_ERR_NOMEM, NXC_ERR_IO (no thread)
 * Thread-safety  any.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_encoder_encode_batch(
    const nxc_encoder *encoder, size_t n_threads, const nxc_str *texts,
    size_t n, float *out, nxc_text_info *info, nxc_error *err);

/* Last hidden state of one text: one vector per token, not normalised.
 * out            (max_tokens, dim) float32, caller's memory; n_tokens rows
 * ids            (max_tokens) or NULL
 * Thread-safety  per-ctx.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_encoder_encode_tokens(nxc_encoder_ctx *ctx, nxc_str text, float *out,
                          uint32_t *ids, nxc_text_info *info, nxc_error *err);

/* ------------------------------------------------------------ 4 catalog */

/* The operations of one or more APIs: built or mapped once, then immutable. */
typedef struct nxc_catalog nxc_catalog;

#define NXC_NONE UINT32_MAX /* "no such index" */

typedef enum nxc_method {
    NXC_METHOD_NONE = 0, /* a tool without an HTTP method */
    NXC_METHOD_GET = 1,
    NXC_METHOD_POST = 2,
    NXC_METHOD_PUT = 3,
    NXC_METHOD_DELETE = 4,
    NXC_METHOD_PATCH = 5,
    NXC_METHOD_HEAD = 6,
    NXC_METHOD_OPTIONS = 7,
    NXC_METHOD_TRACE = 8,
    NXC_METHOD_OTHER = 9
} nxc_method;

/* "GET", ...; "" for NXC_METHOD_NONE and NXC_METHOD_OTHER. Since 0.1. */
NXC_API const char *nxc_method_name(nxc_method method);

enum { /* nxc_operation.flags */
       NXC_OP_DEPRECATED = 1u,
       NXC_OP_WEBHOOK = 2u,      /* kept apart: never a candidate by default */
       NXC_OP_BODY_REQUIRED = 4u /* a request body must be sent */
};

/* What a call of an operation may do at worst, in rising order; an operation
 * has one label, by its method, its words and what its document says of it
 * (docs/risk.md). */
typedef enum nxc_risk {
    NXC_RISK_READ = 0,        /* changes nothing */
    NXC_RISK_WRITE = 1,       /* creates or changes */
    NXC_RISK_DESTRUCTIVE = 2, /* ends or destroys something */
    NXC_RISK_MONEY = 3        /* moves money, or commits to it */
} nxc_risk;
#define NXC_RISK_BIT(risk) (1u << (risk))

/* "read", "write", "destructive", "money"; "" for another number.
 * Thread-safety: any. Since 0.1. */
NXC_API const char *nxc_risk_name(nxc_risk risk);
/* "read,write" to the set of NXC_RISK_BIT that it names.
 * Errors: NXC_ERR_INVALID (names the nearest). Thread-safety: any. Since 0.1.
 */
NXC_API NXC_MUST_CHECK nxc_status nxc_risk_parse(nxc_str text, uint32_t *out,
                                                 nxc_error *err);

/* A view of one operation; strings live as long as the catalog. */
typedef struct nxc_operation {
    nxc_str id; /* unique: "GET /v1/customers/{customer}" or a name */
    nxc_method method;
    nxc_str path; /* template as documented; "" for a tool or a webhook */
    nxc_str operation_id; /* operationId or tool name; may be "" */
    nxc_str summary;
    nxc_str description;
    nxc_str tags;           /* comma-separated */
    nxc_str text;           /* the candidate text that is embedded */
    nxc_str resource;       /* singular, lower case: "invoice" */
    nxc_str body_schema;    /* name of the request body's schema, or "" */
    nxc_str returns_schema; /* of the 2xx response (of an array: its items) */
    uint32_t depth;         /* resources on the path */
    uint32_t flags;
    uint32_t n_parameters;
    uint32_t n_body;    /* top-level request-body properties */
    uint32_t n_returns; /* top-level 2xx-response properties */
    uint32_t n_scopes;
    nxc_risk risk;
} nxc_operation;

typedef enum nxc_field_kind {
    NXC_FIELD_PARAMETER = 0,
    NXC_FIELD_BODY = 1,
    NXC_FIELD_RETURNS = 2,
    NXC_FIELD_SCOPE = 3 /* "scheme" or "scheme:scope" */
} nxc_field_kind;

/* A parameter, a property or a scope of an operation. */
typedef struct nxc_field {
    nxc_str name;
    nxc_str in;   /* parameters: path, query, header, cookie, body, formData */
    nxc_str type; /* schema type, or "" */
    bool required;
} nxc_field;

typedef struct nxc_import_info {
    const char *format;  /* "openapi-3.0", "jsonl", ...; lives as the catalog */
    size_t n_operations; /* webhooks not counted */
    size_t n_webhooks;
    size_t n_unresolved;    /* $ref that could not be followed, counted */
    char source_sha256[65]; /* of the bytes read */
} nxc_import_info;

/* Import an OpenAPI 3.x or Swagger 2.0 document, a tool list (OpenAI chat and
 * Responses, Anthropic, MCP) or a JSONL catalog; JSON or YAML; the format is
 * told by content. Only references within the document are followed
 * (docs/catalogs.md).
 * name           appears in errors and is the catalog's name
 * filter         NULL, or: of a JSONL catalog only the lines whose "catalog"
 *                is this; of no effect on other formats
 * info           NULL is legal
 * Errors         NXC_ERR_PARSE, NXC_ERR_INVALID, NXC_ERR_UNSUPPORTED:
 *                "<name>:<line>: $.json.path: ..."; NXC_ERR_LIMIT,
 *                NXC_ERR_NOMEM; NXC_ERR_NOT_FOUND: no line passes the filter
 * Thread-safety  any.  Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_catalog_import(nxc_str name, nxc_str bytes, const char *filter,
                   const nxc_config *cfg, const nxc_allocator *alloc,
                   nxc_catalog **out, nxc_import_info *info, nxc_error *err);

/* Open a compiled catalog (mapped) or import a raw document, told by the file's
 * first bytes; "-" is standard input. The name of an imported one is the filter
 * or the file's name without its ending. Errors: as above, NXC_ERR_IO, and
 * NXC_ERR_FORMAT for a damaged compiled file. Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_catalog_open(const char *path, const char *filter, const nxc_config *cfg,
                 const nxc_allocator *alloc, nxc_catalog **out,
                 nxc_import_info *info, nxc_error *err);
/* Write the compiled form (docs/formats/catalog.md); replaced by rename.
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_catalog_save(const nxc_catalog *catalog,
                                                   const char *path,
                                                   nxc_error *err);
/* NULL is legal. Since 0.1. */
NXC_API void nxc_catalog_free(nxc_catalog *catalog);

/* Thread-safety of these: any. Since 0.1.
 * The number of operations, webhooks (NXC_OP_WEBHOOK) included; operation i of
 * them; field i of an operation's n_parameters, n_body, ... */
NXC_API size_t nxc_catalog_n_operations(const nxc_catalog *catalog);
NXC_API bool nxc_catalog_get_operation(const nxc_catalog *catalog, uint32_t i,
                                       nxc_operation *out);
NXC_API bool nxc_catalog_get_field(const nxc_catalog *catalog, uint32_t op,
                                   nxc_field_kind kind, uint32_t i,
                                   nxc_field *out);
/* By id, operationId, tool name, or "METHOD /concrete/path". NXC_NONE if
 * unknown. Since 0.1. */
NXC_API uint32_t nxc_catalog_find(const nxc_catalog *catalog, nxc_str key);

/* ------------------------------------------------------------- 5 ranker */

/* Features of the set "v1", in this order (docs/features.md). */
#define NXC_V1_N_FEATURES 11

typedef struct nxc_ranker nxc_ranker;

/* Load a LightGBM text model (v2 to v4). Errors: NXC_ERR_IO, NXC_ERR_PARSE,
 * NXC_ERR_MISMATCH (feature names differ), NXC_ERR_UNSUPPORTED, NXC_ERR_LIMIT.
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranker_load(const char *path,
                                                  const nxc_allocator *alloc,
                                                  nxc_ranker **out,
                                                  nxc_error *err);
/* The untrained linear default (docs/default-ranker.md). Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranker_default(const nxc_allocator *alloc,
                                                     nxc_ranker **out,
                                                     nxc_error *err);
/* universal-v2: the trained ranker that is part of the library, over the
 * feature set "v2" (models/universal-v2.md). Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranker_universal(
    const nxc_allocator *alloc, nxc_ranker **out, nxc_error *err);
NXC_API void nxc_ranker_free(nxc_ranker *ranker);
/* "linear-default-v1" or the model's file name. Since 0.1. */
NXC_API const char *nxc_ranker_name(const nxc_ranker *ranker);
NXC_API size_t nxc_ranker_n_features(const nxc_ranker *ranker);
/* What nextcall wrote into a model file beside the trees: how it was trained
 * (docs/formats/lightgbm-model.md). The value of a key, NULL if there is none;
 * note i of them in the order of the file, false past the end. Valid as long as
 * the ranker. Thread-safety: any. Since 0.1. */
NXC_API const char *nxc_ranker_note(const nxc_ranker *ranker, const char *key);
NXC_API bool nxc_ranker_get_note(const nxc_ranker *ranker, size_t i,
                                 const char **key, const char **value);
/* Scores of n rows. rows (n, n_features) double, row-major; scores (n).
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranker_score(const nxc_ranker *ranker,
                                                   const double *rows, size_t n,
                                                   double *scores,
                                                   nxc_error *err);

/* Contributions of the features to the scores of n rows, exact TreeSHAP values
 * for a tree ensemble and products for the linear default:
 * *expected + sum of a row's contributions = its score. rows and contributions
 * (n, n_features). Errors: NXC_ERR_UNSUPPORTED (the model file does not say how
 * many training rows came to its leaves and nodes), NXC_ERR_NOMEM.
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_ranker_explain(const nxc_ranker *ranker, const double *rows, size_t n,
                   double *contributions, double *expected, nxc_error *err);

typedef enum nxc_importance {
    NXC_IMPORTANCE_SPLIT, /* how many splits ask for the feature */
    NXC_IMPORTANCE_GAIN   /* sum of their gains */
} nxc_importance;
/* As LightGBM has it, over splits of gain > 0. out (n_features). Errors:
 * NXC_ERR_UNSUPPORTED (the linear default; a model file without split_gain).
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranker_get_importance(
    const nxc_ranker *ranker, nxc_importance kind, double *out, nxc_error *err);
/* Name of feature i < n_features; lives as long as the ranker. Since 0.1. */
NXC_API const char *nxc_ranker_feature_name(const nxc_ranker *ranker, size_t i);
/* Cap the instruction set of scoring, as the option cpu does: "auto", "ref",
 * "avx2", ... Scores do not depend on it. An engine that takes the ranker sets
 * its own. Errors: NXC_ERR_UNSUPPORTED. Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranker_set_cpu(nxc_ranker *ranker,
                                                     const char *level,
                                                     nxc_error *err);

/* A registry: a folder of model versions, of which one is active, and one may
 * be a shadow that is scored beside it (docs/registry.md). Each version has
 * check vectors, rows and the scores that they must get; a version that does
 * not give them bit for bit is refused wherever it is loaded. A change is
 * atomic, also between processes, and survives a kill.
 * A version's name is made of letters, digits, '_', '-' and '.', not first. */
#define NXC_MODEL_VERSION_BYTES 64 /* of a name, the NUL included */
typedef struct nxc_registry_state {
    char active[NXC_MODEL_VERSION_BYTES]; /* "": none; likewise below */
    char shadow[NXC_MODEL_VERSION_BYTES];
    char previous[NXC_MODEL_VERSION_BYTES]; /* that was active before */
    uint64_t number;                        /* of changes of these */
} nxc_registry_state;
typedef struct nxc_registry_add_options {
    size_t size;      /* sizeof(nxc_registry_add_options) */
    const char *name; /* of the version; NULL: the next number, "0001" on */
    size_t n_check;   /* rows to make if MODEL.check is not there; 0: 256 */
    bool activate;
} nxc_registry_add_options;
#define NXC_REGISTRY_ADD_OPTIONS_INIT \
    { sizeof(nxc_registry_add_options), NULL, 0, false }

/* Copy a LightGBM text model, with the check vectors of MODEL.check or new
 * ones, into dir as a new version; dir is made if it is not there. options
 * NULL: the defaults. version (NXC_MODEL_VERSION_BYTES) or NULL: its name.
 * Errors: those of nxc_ranker_load; NXC_ERR_INVALID (a name that is no name or
 * is taken), NXC_ERR_MISMATCH (check vectors), NXC_ERR_IO.
 * Thread-safety: any, as of all functions of a registry. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_add(
    const char *dir, const char *model, const nxc_registry_add_options *options,
    char *version, nxc_error *err);
/* Errors: NXC_ERR_NOT_FOUND (no registry), NXC_ERR_FORMAT, NXC_ERR_PARSE,
 * NXC_ERR_IO. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_get_state(
    const char *dir, nxc_registry_state *out, nxc_error *err);
/* Each version in the order of the names; false ends the walk. Since 0.1. */
typedef bool (*nxc_registry_visit)(void *user, const char *version);
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_list(const char *dir,
                                                    nxc_registry_visit visit,
                                                    void *user, nxc_error *err);
/* Load a version and compare it with its check vectors. The ranker has the
 * version's name. Errors: those of nxc_ranker_load; NXC_ERR_NOT_FOUND;
 * NXC_ERR_MISMATCH "check.nxv: row 7: expected the score ..., got ...".
 * Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_load(const char *dir,
                                                    const char *version,
                                                    const nxc_allocator *alloc,
                                                    nxc_ranker **out,
                                                    nxc_error *err);
/* Make a version active, the shadow (NULL: none), or the one active that was
 * active before; it is loaded and compared first. What is active stays so when
 * they fail. version (NXC_MODEL_VERSION_BYTES) or NULL: which it is now.
 * Errors: those of nxc_registry_load; NXC_ERR_STATE (nothing before);
 * NXC_ERR_INVALID (the active one as shadow). Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_activate(const char *dir,
                                                        const char *version,
                                                        nxc_error *err);
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_set_shadow(const char *dir,
                                                          const char *version,
                                                          nxc_error *err);
NXC_API NXC_MUST_CHECK nxc_status nxc_registry_rollback(const char *dir,
                                                        char *version,
                                                        nxc_error *err);

/* ------------------------------------------------------------- 6 engine */

typedef struct nxc_engine nxc_engine;

/* progress(user, done, total) during long work; true goes on, false stops. */
typedef bool (*nxc_progress)(void *user, size_t done, size_t total);

/* cfg NULL: defaults; it is copied. The engine starts with the default ranker,
 * no encoder and no catalog. Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_open(const nxc_config *cfg,
                                                  const nxc_allocator *alloc,
                                                  nxc_engine **out,
                                                  nxc_error *err);
/* No context may be in use any more; NULL is legal. Since 0.1. */
NXC_API void nxc_engine_close(nxc_engine *engine);

/* The engine takes the encoder on success; on failure it stays the caller's.
 * Before the first catalog. Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_set_encoder(nxc_engine *engine,
                                                         nxc_encoder *encoder,
                                                         nxc_error *err);
/* Rank with this from now on, without a shadow. The engine takes the ranker on
 * success; on failure it stays the caller's, and nothing has changed. Requests
 * that run go on with the ranker that they began with: an answer, and its
 * explanation, is from one of them. A ranker that is no longer used is freed
 * when each context that had it has begun another request or is freed.
 * Errors: NXC_ERR_MISMATCH (feature names differ), NXC_ERR_STATE (contexts are
 * there, and it reads a larger feature set than they extract: see
 * nxc_engine_set_features). Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_set_ranker(nxc_engine *engine,
                                                        nxc_ranker *ranker,
                                                        nxc_error *err);
/* Rank with the active version of a registry; its shadow's scores are counted
 * (metrics shadow_*) and change no answer. Errors: those of nxc_registry_load
 * and of nxc_engine_set_ranker; NXC_ERR_STATE (none is active);
 * NXC_ERR_MISMATCH (the shadow reads more than is extracted): then nothing has
 * changed. Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_set_registry(nxc_engine *engine,
                                                          const char *dir,
                                                          nxc_error *err);
/* Look whether the registry has changed, and take what is active now; requests
 * go on meanwhile. *changed (may be NULL): whether it had. On failure the
 * engine ranks on with what it has, and the next call tries again. Errors:
 * those of nxc_engine_set_registry; NXC_ERR_STATE (there is no registry).
 * Thread-safety: any. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_reload_ranker(nxc_engine *engine,
                                                           bool *changed,
                                                           nxc_error *err);
/* The name of the engine's ranker; valid until it is replaced. Since 0.1. */
NXC_API const char *nxc_engine_ranker(const nxc_engine *engine);
/* Extract this feature set ("v1", "v2"), though the ranker may want fewer: a
 * ranking then carries all of it. NULL: the set that the ranker was trained on.
 * Errors: NXC_ERR_NOT_FOUND, NXC_ERR_MISMATCH (less than the ranker wants).
 * Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_set_features(nxc_engine *engine,
                                                          const char *set,
                                                          nxc_error *err);
/* name: how requests refer to it; unique in the engine, which takes the catalog
 * on success. Before the first nxc_ctx_new. Thread-safety: exclusive.
 * Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_add_catalog(nxc_engine *engine,
                                                         nxc_str name,
                                                         nxc_catalog *catalog,
                                                         nxc_error *err);
/* Encode the candidate texts of a catalog that have no embedding yet, on
 * parallel_workers threads. Without it the first ranking does it. Does nothing
 * without an encoder. Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_precompute(nxc_engine *engine,
                                                        nxc_str catalog,
                                                        nxc_progress progress,
                                                        void *user,
                                                        nxc_error *err);
/* Encode the texts (n) that the store does not have, each once, on
 * parallel_workers threads in batches of batch_size, and keep them there
 * (option store), so that nobody encodes them again: texts of operations, of
 * resources, prompts that are asked often. A batch is kept when it is encoded:
 * after an interruption the same call goes on where it was. info may be NULL.
 * Errors: NXC_ERR_STATE (no encoder, no store that works), NXC_ERR_CANCELLED,
 * NXC_ERR_NOMEM. Thread-safety: exclusive. Since 0.1. */
typedef struct nxc_precompute_info {
    size_t n_texts;   /* different ones */
    size_t n_known;   /* were in the store */
    size_t n_encoded; /* are in it now */
} nxc_precompute_info;
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_precompute_texts(
    nxc_engine *engine, const nxc_str *texts, size_t n, nxc_progress progress,
    void *user, nxc_precompute_info *info, nxc_error *err);
/* Save a loaded catalog in compiled form together with its embeddings, so that
 * an engine with the same encoder need not encode it again. Encodes what is
 * missing (see nxc_engine_precompute). Thread-safety: exclusive. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_engine_save_catalog(nxc_engine *engine, nxc_str catalog, const char *path,
                        nxc_progress progress, void *user, nxc_error *err);
/* Whether a cache tier was switched off because it failed; out (untouched if
 * none was) says which and why. Ranking goes on without it, with the same
 * results. Thread-safety: any. Since 0.1. */
NXC_API bool nxc_engine_warning(nxc_engine *engine, nxc_error *out);
/* NULL if there is none of that name ("" is the first). Since 0.1. */
NXC_API const nxc_catalog *nxc_engine_get_catalog(const nxc_engine *engine,
                                                  nxc_str name);

/* ----------------------------------------------------------- 7 requests */

/* One thread's request memory. The engine must outlive it. Since 0.1. */
typedef struct nxc_ctx nxc_ctx;
NXC_API NXC_MUST_CHECK nxc_status nxc_ctx_new(nxc_engine *engine, nxc_ctx **out,
                                              nxc_error *err);
NXC_API void nxc_ctx_free(nxc_ctx *ctx);

/* One call of a session. Give call, or method and path. Unknown numbers are
 * NaN (timestamp) and 0 (response_status); unknown strings are empty. */
typedef struct nxc_call {
    nxc_str call;   /* "GET /v1/customers/cus_1", operationId or tool name */
    nxc_str method; /* with path, in place of call */
    nxc_str path;
    nxc_str
        resource; /* as the caller names it; used if nothing else is known */
    double timestamp; /* seconds since 1970-01-01 UTC, or NaN */
    int32_t response_status;
} nxc_call;

/* An earlier session of the same user. */
typedef struct nxc_previous {
    const nxc_call *calls; /* oldest first */
    size_t n_calls;
    double time; /* of its end, seconds, or NaN: that of its newest call */
} nxc_previous;

/* A decision point. Start from NXC_REQUEST_INIT. */
typedef struct nxc_request {
    size_t size; /* sizeof(nxc_request) */
    nxc_str id;  /* echoed */
    nxc_str prompt;
    nxc_str previous_prompt; /* the prompt before this one in the session, or
                                empty: what is new in prompt is what follows */
    const nxc_call *history; /* oldest first; see docs/sessions.md */
    size_t n_history;
    double session_start; /* seconds, or NaN */
    double now;           /* seconds, or NaN: the time features are missing */
    nxc_str catalog;      /* name, or "": the only one */
    const nxc_str *candidates; /* keys as in nxc_catalog_find, or NULL: all */
    size_t n_candidates;
    size_t top;     /* 0: all */
    uint32_t allow; /* set of NXC_RISK_BIT: candidates with another risk are
                       not ranked; 0: all are */
    double min_confidence;        /* rank nothing unless the best candidate's
                                     probability is at least this; NaN: always */
    const nxc_previous *previous; /* oldest first */
    size_t n_previous;
    nxc_str previous_of; /* or the name of a user or a session that the store
                            has learnt (docs/learn.md); without a store, or of
                            a stranger, nothing is known */
} nxc_request;
#define NXC_REQUEST_INIT                                                     \
    {                                                                        \
        sizeof(nxc_request), {0, 0}, {0, 0}, {0, 0}, 0, 0, NXC_NAN, NXC_NAN, \
            {0, 0}, 0, 0, 0, 0, NXC_NAN, 0, 0, {                             \
            0, 0                                                             \
        }                                                                    \
    }
#define NXC_NAN (__builtin_nan(""))

/* Parse a request from JSON (docs/formats/request.md). Everything in out is
 * valid until the next nxc_request_parse on ctx.
 * Errors: NXC_ERR_PARSE, NXC_ERR_INVALID, NXC_ERR_LIMIT, with a JSON path.
 * Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_request_parse(nxc_ctx *ctx, nxc_str json,
                                                    nxc_request *out,
                                                    nxc_error *err);
/* Parse a session (JSON array or object, or JSONL) into out->history,
 * session_start and, where it carries them, prompt and now. Fields that the
 * session does not carry are left alone. Valid until the next parse on ctx.
 * Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_session_parse(nxc_ctx *ctx, nxc_str name,
                                                    nxc_str bytes,
                                                    nxc_request *out,
                                                    nxc_error *err);
/* RFC 3339, or epoch seconds or milliseconds, to seconds. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_time_parse(nxc_str text, double *out,
                                                 nxc_error *err);

/* Whether a feature value could be computed. */
typedef enum nxc_feature_status {
    NXC_FEATURE_OK = 0,
    NXC_FEATURE_NO_ENCODER = 1, /* prompt_similarity without an encoder */
    NXC_FEATURE_NO_NOW = 2,     /* a time feature without now */
    NXC_FEATURE_NO_PROMPT = 3,  /* a prompt feature without a prompt */
    NXC_FEATURE_NO_MODEL = 4,   /* no n-gram model in the catalog */
    NXC_FEATURE_NO_EVIDENCE = 5 /* set v2: nothing to measure it from */
} nxc_feature_status;

/* One row of the feature registry. */
typedef struct nxc_feature_info {
    const char *name;       /* "prompt_similarity" */
    const char *kind;       /* "category", "number", "flag" */
    const char *depends_on; /* letters of P(rompt), C(andidate), H(istory),
                               N(ow), A(ll candidates), S(tatistics) */
    const char *doc;        /* one line */
} nxc_feature_info;
/* Feature i of a set ("v1", "v2": docs/features.md); false past the end and for
 * an unknown set. Thread-safety: any. Since 0.1. */
NXC_API bool nxc_feature_describe(const char *set, size_t i,
                                  nxc_feature_info *out);
/* 16 hex digits over the names, kinds and dependencies of a set and the
 * revision of their definitions: a model's notes carry it, and a model whose
 * notes carry another is refused. False for an unknown set; out is then
 * untouched. Thread-safety: any. Since 0.1. */
NXC_API bool nxc_feature_fingerprint(const char *set, char out[17]);
/* "GET", ... for a value of a category feature, "" otherwise; the resource
 * features need the catalog. Valid as long as the catalog. Since 0.1. */
NXC_API nxc_str nxc_feature_label(const nxc_catalog *catalog, const char *set,
                                  size_t feature, float value);

typedef struct nxc_ranked {
    uint32_t operation; /* index in the catalog */
    uint32_t rank;      /* 1 is best */
    double score;
    double probability;    /* calibrated: that it is the next call; NaN if the
                              ranker has no calibration (docs/calibration.md) */
    const float *features; /* (n_features) */
    const double *contributions; /* (n_features); NULL for trees until asked */
} nxc_ranked;

typedef struct nxc_ranking {
    const nxc_ranked *items; /* best first */
    size_t n;
    size_t n_candidates;  /* that were scored */
    size_t n_not_allowed; /* that request.allow left out */
    size_t n_features;
    const char *feature_set;       /* "v1" or "v2" */
    const uint8_t *feature_status; /* (n_features) nxc_feature_status */
    const nxc_catalog *catalog;
    const char *ranker;           /* its name */
    const char *workflow_pattern; /* "browse_edit_save", ... or "none" */
    double pattern_confidence;    /* 0..1 */
    double workflow_probability;  /* of the best candidate */
    double confidence_score;      /* softmax share of the best candidate; not
                                     calibrated, of any ranker */
    double best_probability;      /* of the best candidate, ranked or not; NaN
                                     without a calibration */
    bool abstained;         /* it is below request.min_confidence: no items */
    char prompt_hash[33];   /* hex XXH3-128 of the prompt */
    const char *cache_tier; /* "memory", "file", "store": where all of
                               the features, or else the prompt's
                               embedding, were found; or "none" */
    size_t n_unknown_calls; /* of the history, not in the catalog */
    size_t n_encoded;       /* texts encoded for this request */
    bool prompt_truncated;
    struct {
        double resolve_us, encode_us, features_us, score_us, order_us;
    } timing;
} nxc_ranking;

/* Rank the candidates of a request. out and all it points to are valid until
 * the next call on ctx. Ties: by operation index in the catalog, ascending.
 * Errors: NXC_ERR_NOT_FOUND (catalog, candidate), NXC_ERR_INVALID,
 * NXC_ERR_STATE (no catalog), NXC_ERR_UNSUPPORTED (min_confidence of a ranker
 * without calibration), NXC_ERR_NOMEM.
 * Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_rank(nxc_ctx *ctx,
                                           const nxc_request *request,
                                           nxc_ranking *out, nxc_error *err);

/* The contributions of a tree ensemble, which costs far more to explain than to
 * score: fills those of items first ... first + n - 1 that have none. ranking
 * is the last of ctx. Errors: NXC_ERR_UNSUPPORTED (see nxc_ranker_explain),
 * NXC_ERR_INVALID, NXC_ERR_NOMEM. Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranking_explain(nxc_ctx *ctx,
                                                      nxc_ranking *ranking,
                                                      size_t first, size_t n,
                                                      nxc_error *err);

/* Why one item stands before another, in words. Less than this share of all
 * that speaks for it is not named. */
#define NXC_BECAUSE_SHARE 0.1
#define NXC_MAX_REASONS 4
typedef struct nxc_reason {
    nxc_str text;   /* "its name says \"refund\", the other's does not" */
    double share;   /* of all that speaks for it, 0 to 1 */
    size_t feature; /* the heaviest of the reason */
} nxc_reason;
typedef struct nxc_because {
    nxc_reason reasons[NXC_MAX_REASONS]; /* heaviest first */
    size_t n; /* 0: nothing tells them apart but the catalog's order */
} nxc_because;
/* What speaks for item first and against item second: the differences of their
 * contributions, those of like features summed; swapped, what speaks for the
 * other. ranking is the last of ctx, and its request is still as it was. Texts
 * are valid until the next call of nxc_rank on ctx.
 * Errors: as nxc_ranking_explain, NXC_ERR_STATE (no ranking).
 * Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status
nxc_ranking_because(nxc_ctx *ctx, nxc_ranking *ranking, size_t first,
                    size_t second, nxc_because *out, nxc_error *err);

/* Parse, rank and format in one call: JSON in, JSON out. A request that fails
 * is answered by {"id", "error": {"code", "message"}} and its status is
 * returned. with_features: see nxc_ranking_format. out is valid until the next
 * call on ctx. Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_rank_json(nxc_ctx *ctx, nxc_str request,
                                                bool with_features,
                                                nxc_str *out, nxc_error *err);
/* The JSON form of a ranking, as nxc_rank_json gives it.
 * with_features: add feature values, and contributions where the ranker has
 * them, and why the first stands before the second. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_ranking_format(
    nxc_ctx *ctx, const nxc_request *request, const nxc_ranking *ranking,
    bool with_features, nxc_str *out, nxc_error *err);

/* ------------------------------------------------------------ 8 metrics */

typedef enum nxc_metric_kind {
    NXC_METRIC_COUNTER = 0,  /* only grows */
    NXC_METRIC_GAUGE = 1,    /* a level */
    NXC_METRIC_HISTOGRAM = 2 /* of durations */
} nxc_metric_kind;

#define NXC_METRIC_N_BUCKETS 27

/* One row of src/metrics/metrics.def with its value. */
typedef struct nxc_metric {
    const char *name; /* "requests"; in Prometheus nextcall_requests_total */
    const char *help; /* one line */
    nxc_metric_kind kind;
    uint64_t value; /* of a histogram the number of observations */
    double sum;     /* of a histogram: seconds */
    /* of a histogram: observations of at most bounds[i] seconds, the smaller
     * ones included; the last bound is infinity. NULL and zeros otherwise. */
    const double *bounds; /* (NXC_METRIC_N_BUCKETS), static */
    uint64_t buckets[NXC_METRIC_N_BUCKETS];
} nxc_metric;

/* Row i of an engine's metrics; false past the end. Sums are exact; rows that
 * are read one after the other are not of one instant.
 * Thread-safety: any. Since 0.1. */
NXC_API bool nxc_engine_metrics(const nxc_engine *engine, size_t i,
                                nxc_metric *out);
/* The duration in seconds below which the share q (0..1) of a histogram's
 * observations lies, interpolated within its bucket; NaN if there are none or
 * it is no histogram. Thread-safety: any. Since 0.1. */
NXC_API double nxc_metric_quantile(const nxc_metric *metric, double q);
/* All metrics of the context's engine as Prometheus text, format 0.0.4
 * (docs/metrics.md). out is valid until the next call on ctx.
 * Errors: NXC_ERR_NOMEM. Thread-safety: per-ctx. Since 0.1. */
NXC_API NXC_MUST_CHECK nxc_status nxc_engine_metrics_format(nxc_ctx *ctx,
                                                            nxc_str *out,
                                                            nxc_error *err);

#ifdef __cplusplus
}
#endif

#include <nextcall/learn.h>

#endif
