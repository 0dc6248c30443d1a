/* The table of subcommands: dispatch, parsing, help and manuals come from it.
 */
#include "command.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define OPTIONS(a) (a), COUNT(a)

const cli_option cli_common_options[] = {
    {"color", "WHEN", "auto, always or never; NO_COLOR is honoured"},
};
const size_t cli_n_common_options = COUNT(cli_common_options);

const cli_option cli_engine_options[] = {
    {"config", "FILE", "options from FILE and no other; see nextcall.conf(5)"},
};
const size_t cli_n_engine_options = COUNT(cli_engine_options);

/* Rows that several subcommands share. */
#define OPT_MODEL \
    { "model", "FILE", "packed encoder; default: the int8 one of model fetch" }
#define OPT_THREADS \
    { "threads", "N", "encode on N threads (parallel_workers)" }
#define OPT_JSON \
    { "json", NULL, "JSON for programs in place of text" }
#define OPT_FILTER \
    { "filter", "NAME", "of a JSONL catalog only the lines of catalog NAME" }
#define OPT_REQUEST                                                            \
    {"catalog", "[NAME=]FILE",                                                 \
     "compiled catalog or raw document; repeatable"},                          \
        {"on", "NAME", "which of several catalogs"}, OPT_FILTER,               \
        {"prompt", "TEXT", "what the user wants"},                             \
        {"call", "CALL",                                                       \
         "a call made before, oldest first: \"GET /v1/x\", an operationId or " \
         "a tool name; repeatable"},                                           \
        {"history", "FILE", "the session as JSON or JSONL; - is stdin"},       \
        {"now", "TIME", "RFC 3339 or epoch; without it time is not known"},    \
        {"session-start", "TIME", "when the session began"},                   \
        {"candidate", "OPERATION",                                             \
         "rank only these; repeatable; default: the whole catalog"},           \
        {"allow", "RISK,...",                                                  \
         "rank only operations of these risks: read, write, destructive, "     \
         "money"},                                                             \
        {"ranker", "FILE|DIR|v1",                                              \
         "LightGBM text model, a registry, or the linear default over the "    \
         "set v1; default: universal-v2"},                                     \
        OPT_MODEL, {"no-model", NULL, "rank without an encoder"},              \
        {"no-store", NULL,                                                     \
         "read and keep nothing; default: the cache folder's store"},          \
        OPT_THREADS

static const cli_option rank_options[] = {
    OPT_REQUEST,
    {"min-confidence", "P",
     "rank nothing unless the best one's probability is at least P, 0 to 1"},
    {"top", "N", "print the N best (default 10; JSON: all)"},
    {"requests", "FILE.jsonl",
     "one request a line in, one answer a line out, in order; - is stdin"},
    {"table", NULL, "with --requests: a table for each"},
    {"features", NULL, "JSON: add feature values and contributions"},
    {"metrics", "-|FILE",
     "at the end: a table (-), or write FILE.json or FILE.prom (Prometheus)"},
    OPT_JSON,
};
static const cli_example rank_examples[] = {
    {"Rank Stripe's operations for a prompt and a session",
     "nextcall rank --catalog stripe.json --prompt 'refund the last charge' "
     "--call 'GET /v1/customers/cus_1' --call 'GET /v1/charges'"},
    {"Many decision points, streaming",
     "nextcall rank --catalog stripe.nxc --requests points.jsonl > "
     "ranked.jsonl"},
};

#define OPT_PROTOCOL                                                          \
    {"protocol", "cold|warm",                                                 \
     "what is known: the catalog alone, or the sessions of all other groups " \
     "too (a catalog of one group: of all other scenarios); default: cold"},  \
        {"learned", "N|random",                                               \
         "warm: at most N sessions, or of each scenario its own number"},     \
        {"world", "rep|shuf|psh",                                             \
         "repeat calls, shuffle operations, or shuffle prompts"},             \
    {                                                                         \
        "seed", "N", "of --learned and --world; default: 1"                   \
    }

static const cli_option features_options[] = {
    OPT_REQUEST,
    OPT_JSON,
    {"output", "FILE.npy", "write (candidates, features) float32"},
    {"set", "NAME", "the feature set; default: the ranker's"},
    {"list", NULL, "only the names, kinds and definitions of the set"},
    {"scenarios", "FILE.jsonl",
     "the candidates of every decision point of these scenarios; needs "
     "--output"},
    {"every", "N", "with --scenarios: only each N-th scenario"},
    OPT_PROTOCOL,
};
static const cli_example features_examples[] = {
    {"The eleven features of every operation",
     "nextcall features --catalog stripe.nxc --prompt 'void the invoice'"},
};

static const cli_option eval_options[] = {
    {"scenarios", "FILE.jsonl", "sessions with their true calls"},
    {"catalog", "[NAME=]FILE", "their catalogs; repeatable"},
    OPT_FILTER,
    {"ranker", "FILE|DIR|v1", "default: universal-v2"},
    {"compare", "FILE|DIR|v1", "a further ranker, paired; repeatable"},
    {"every", "N", "only each N-th scenario"},
    OPT_PROTOCOL,
    {"min-candidates", "N", "only decision points with so many"},
    {"max-candidates", "N", "only decision points with at most so many"},
    {"predictions", "FILE.jsonl", "write the rankings, one point a line"},
    {"errors", "N", "print the N worst decision points and what decided"},
    OPT_MODEL,
    {"no-model", NULL, "rank without an encoder"},
    {"threads", "N", "rank on N threads (parallel_workers)"},
    {"json", NULL, "one object a method"},
};
static const cli_example eval_examples[] = {
    {"The universal ranker beside the linear one",
     "nextcall eval --scenarios part.scenarios.jsonl --catalog "
     "part.catalog.jsonl --compare v1"},
};

#define OPT_DATA                                                           \
    {"data", "DIR|FILE",                                                   \
     "X.scenarios.jsonl (its catalogs in X.catalog.jsonl), the output of " \
     "nextcall scenarios, or X.npy with X.npy.jsonl; repeatable"},         \
        {"catalog", "[NAME=]FILE", "further catalogs; repeatable"},        \
        {"set", "NAME", "the feature set (default v2)"}, {                 \
        "every", "N", "of scenario files only each N-th scenario"          \
    }
static const cli_option train_options[] = {
    OPT_DATA,
    {"output", "MODEL", "where the model goes"},
    {"continue", "MODEL|universal-v2",
     "add trees to this model; written only if held-back sessions prove it "
     "better"},
    {"split-by", "WHAT",
     "session, group, catalog or vendor, never on two sides; default: "
     "catalog, of one catalog session"},
    {"valid", "SHARE", "of the points, which say when to stop (default 0.2)"},
    {"held", "SHARE", "with --continue: held back to judge (default 0.3)"},
    {"duplicates", "WHAT",
     "answers with the same row on two sides: refuse (default) or drop"},
    {"protocol", "cold|warm",
     "what features know: the catalog alone, or the sessions of other groups "
     "too; default: cold"},
    {"learned", "N|random",
     "warm: at most N sessions, or of each scenario its own number"},
    {"candidates", "N", "of a training point at most N (default 60; 0: all)"},
    {"rounds", "N", "trees at most (default 500)"},
    {"patience", "N",
     "stop after N rounds without a better one (default 50; 0: never)"},
    {"param", "NAME=VALUE", "a parameter of LightGBM; repeatable"},
    {"seed", "N", "of split, sample and trees (default 1)"},
    OPT_FILTER,
    OPT_MODEL,
    {"no-model", NULL, "extract without an encoder"},
    {"no-store", NULL, "read and keep no embeddings"},
    {"threads", "N", "extract and train on N threads (default 4 and 1)"},
    {"json", NULL, "one object for programs"},
};
static const cli_example train_examples[] = {
    {"From a folder of sessions",
     "nextcall train --data sessions/ --output ranker.txt"},
    {"The universal ranker, continued on the sessions of one API",
     "nextcall train --data shop.scenarios.jsonl --catalog shop.json "
     "--continue universal-v2 --output shop.txt"},
};

static const cli_option explain_options[] = {
    OPT_REQUEST,
    {"operation", "OPERATION", "explain this one; default: the best"},
    {"all", NULL, "every feature, not only the twelve that matter most"},
    OPT_JSON,
};
static const cli_example explain_examples[] = {
    {"Why the first beats the second",
     "nextcall explain --catalog stripe.nxc --prompt 'void the invoice'"},
};

#define OPT_LINES                                                         \
    {"json", NULL, "JSONL in and out"},                                   \
        {"input-json", NULL, "JSONL in: objects with a member text"},     \
        {"input-text", NULL, "text in, even if the first byte is a {"}, { \
        "output-json", NULL, "JSONL out"                                  \
    }
#define OPT_LEVEL \
    { "cpu", "LEVEL", "cap the instruction set: auto, ref, avx2, avx512, neon" }
static const cli_option score_options[] = {
    {"ranker", "FILE|DIR", "LightGBM text model, or a registry"},
    {"input", "FILE", "FILE.npy: (rows, features); else CSV; - is stdin"},
    {"output", "FILE.npy", "float64; default: a line a row on stdout"},
    {"contrib", NULL, "contributions of the features, then expected value"},
    {"bench", NULL, "only time it, over calls of 1 to 1,024 rows"},
    OPT_LEVEL,
};
static const cli_example score_examples[] = {
    {"Score a matrix with any LightGBM model",
     "nextcall score --ranker model.txt --input X.npy --output S.npy"},
    {"Why each row has its score",
     "nextcall score --ranker model.txt --input X.csv --contrib"},
};
static const cli_option importance_options[] = {
    OPT_JSON,
    {"permutation", NULL,
     "what MRR loses when a feature's values are shuffled over the rows of "
     "--data"},
    OPT_DATA,
    {"repeats", "N", "shuffles of each feature (default 5)"},
    {"seed", "N", "of the shuffles (default 1)"},
    OPT_FILTER,
    OPT_MODEL,
    {"no-model", NULL, "extract without an encoder"},
    {"no-store", NULL, "read and keep no embeddings"},
    OPT_THREADS,
};
static const cli_example importance_examples[] = {
    {"Which features a model goes by", "nextcall importance model.txt"},
    {"What each is worth on sessions with known calls",
     "nextcall importance model.txt --permutation --data sessions/"},
};

static const cli_option embed_options[] = {
    OPT_LINES,
    {"output", "FILE", "FILE.npy: (texts, 384) float32; else JSONL"},
    OPT_MODEL,
    {"dtype", "TYPE", "the cache folder's packed file of f32, bf16 or int8"},
    OPT_THREADS,
};
static const cli_example embed_examples[] = {
    {"Embed the lines of a file into a NumPy array",
     "nextcall embed --output vectors.npy texts.txt"},
    {"JSONL in, JSONL out", "nextcall embed --json texts.jsonl"},
};

static const cli_option tokenize_options[] = {
    OPT_LINES,
    {"output", "FILE", "in place of standard output"},
    OPT_MODEL,
    {"threads", "N", "tokenize on N threads (parallel_workers)"},
};
static const cli_example tokenize_examples[] = {
    {"Token ids of a line", "echo 'refund a charge' | nextcall tokenize -"},
};

static const cli_option import_options[] = {
    {"output", "FILE", "write the compiled catalog"},
    {"name", "NAME", "the name in the report; default: the file's"},
    {"embed", NULL, "encode the operations and keep the embeddings in it"},
    OPT_FILTER,
    OPT_MODEL,
    OPT_THREADS,
    OPT_JSON,
};
static const cli_example import_examples[] = {
    {"Compile a document once, with embeddings",
     "nextcall catalog import stripe.json --embed --output stripe.nxc"},
};

static const cli_option show_options[] = {
    {"operation", "OPERATION", "one operation with all its fields"},
    OPT_FILTER,
    OPT_JSON,
};
static const cli_example show_examples[] = {
    {"One operation",
     "nextcall catalog show stripe.json --operation 'POST /v1/refunds'"},
};
static const cli_option stats_options[] = {
    OPT_FILTER,
    OPT_JSON,
};
static const cli_example stats_examples[] = {
    {"Counts for a program", "nextcall catalog stats --json stripe.json"},
};

static const cli_option fetch_options[] = {
    {"from", "FILE|DIR", "take the wheel or the unpacked folder from here"},
};
static const cli_example fetch_examples[] = {
    {"Get the model, once", "nextcall model fetch"},
};
static const cli_option pack_options[] = {
    {"output", "FILE", "the packed file; default: the cache folder's"},
    {"dtype", "TYPE",
     "f32 (default), bf16 (half the size) or int8 (a quarter)"},
};
static const cli_example pack_examples[] = {
    {"From a folder with model.safetensors and vocab.txt",
     "nextcall model pack all-MiniLM-L6-v2 --output minilm-f32.nxm"},
};
static const cli_option info_options[] = {
    OPT_MODEL,
    OPT_JSON,
};
static const cli_example info_examples[] = {
    {"What the packed file holds", "nextcall model info"},
};
static const cli_option precompute_options[] = {
    {"resources", NULL, "also a sentence for each resource of the catalogs"},
    {"resource", "NAME", "also the sentence of this one; repeatable"},
    {"prompts", "FILE.jsonl",
     "also the most frequent members prompt of its lines; - is stdin"},
    {"top", "N", "so many of them (default 1000)"},
    OPT_FILTER,
    OPT_MODEL,
    OPT_THREADS,
    OPT_JSON,
};
static const cli_example precompute_examples[] = {
    {"Two catalogs, into the store of the cache folder",
     "nextcall precompute stripe.nxc github.json --resources"},
    {"The 500 most frequent prompts of a log",
     "nextcall precompute --prompts sessions.jsonl --top 500"},
};

#define OPT_STORE                                                         \
    {                                                                     \
        "store", "DIR",                                                   \
            "folder of store.db and embedding files; default: the cache " \
            "folder's"                                                    \
    }
static const cli_option cache_options[] = {
    OPT_STORE,
    OPT_JSON,
};
static const cli_example cache_stats_examples[] = {
    {"How much is kept", "nextcall cache stats"},
};
static const cli_example cache_verify_examples[] = {
    {"Read every row and its checksum", "nextcall cache verify"},
};
static const cli_example cache_clear_examples[] = {
    {"Begin anew", "nextcall cache clear"},
};
static const cli_option migrate_options[] = {
    {"dry-run", NULL, "print the plan, change nothing"},
    OPT_JSON,
};
static const cli_example migrate_examples[] = {
    {"See what would be done, then do it",
     "nextcall migrate --dry-run app.db && nextcall migrate app.db"},
};
static const cli_option config_show_options[] = {
    OPT_JSON,
};
static const cli_example config_show_examples[] = {
    {"What holds here, and why", "nextcall config show"},
};
static const cli_example config_explain_examples[] = {
    {"One option", "nextcall config explain batch_size"},
};
static const cli_example config_check_examples[] = {
    {"Before it is put in place", "nextcall config check nextcall.conf"},
};
#define OPT_DOCUMENTS \
    { "documents", "DIR", "the API documents of the sets (tools/documents)" }
static const cli_option scenarios_options[] = {
    {"set", "NAME", "stripe-billing, github-pr, saas-crm or ecommerce"},
    {"seed", "N", "another seed, other scenarios (default 1)"},
    {"n", "N", "how many (default 500, 600, 400, 450)"},
    OPT_DOCUMENTS,
    {"output", "FILE", "in place of standard output"},
};
static const cli_example scenarios_examples[] = {
    {"The billing set", "nextcall scenarios --set stripe-billing --seed 7 "
                        "--output billing.jsonl"},
};
static const cli_option bench_features_options[] = {
    {"set", "NAME", "stripe-billing, github-pr, saas-crm or ecommerce"},
    {"scenarios", "FILE", "scenarios of the set; default: drawn by --seed"},
    {"seed", "N", "of the scenarios and of the trace (default 1)"},
    {"sessions", "N", "sessions in the trace (default 2000)"},
    {"features", "SET", "v1 or v2, of the rows with caches (default v1)"},
    OPT_DOCUMENTS,
    OPT_MODEL,
    {"reference", "FILE", "the float32 encoder of the row \"before\""},
    OPT_JSON,
};
static const cli_example bench_features_examples[] = {
    {"What the caches do for billing",
     "nextcall bench features --set stripe-billing"},
};
static const cli_option learn_options[] = {
    {"catalog", "[NAME=]FILE", "whose operations the calls are; repeatable"},
    {"on", "NAME", "of several catalogs only this one"},
    OPT_FILTER,
    {"format", "FORMAT",
     "auto (default), sessions, har, access, json or arazzo"},
    {"session-by", "FIELD",
     "what tells users apart: a field of the log, or several with commas; of a "
     "HAR file page or gap"},
    {"gap", "TIME", "that ends a session of a log: 90s, 30m (default), 2h"},
    {"prompts", NULL, "keep the prompts of sessions"},
    {"keep-failed", NULL, "learn calls with a status of 400 or more too"},
    {"dry-run", NULL, "only read the logs and say what is in them"},
    {"host", "NAME", "leave out calls of other hosts; repeatable"},
    {"user", "NAME", "whose recording it is, of HAR and Arazzo files"},
    {"merge", "STORE.db",
     "add what another store has learnt, which is only read; repeatable"},
    {"forget", "SESSION", "forget the session of that name; repeatable"},
    {"forget-user", "NAME", "forget all sessions of that user; repeatable"},
    {"stats", NULL, "what has been learnt, by catalog"},
    OPT_JSON,
};
static const cli_example learn_examples[] = {
    {"A year of access logs, one session a client and half an hour",
     "nextcall learn --catalog shop=openapi.yaml /var/log/nginx/access.log*"},
    {"Sessions with their prompts",
     "nextcall learn --catalog shop=openapi.yaml --prompts sessions.jsonl"},
    {"Forget one user", "nextcall learn --forget-user 203.0.113.7"},
};
static const cli_option registry_add_options[] = {
    {"name", "NAME", "of the version; default: the next number"},
    {"check", "N", "check vectors to make (default 256)"},
    {"activate", NULL, "make it the active one"},
    OPT_JSON,
};
static const cli_example registry_add_examples[] = {
    {"Take a new model into service",
     "nextcall registry add models model.txt --activate"},
};
static const cli_option registry_options[] = {
    OPT_JSON,
};
static const cli_example registry_list_examples[] = {
    {"What a folder holds", "nextcall registry list models"},
};
static const cli_example registry_activate_examples[] = {
    {"Switch to another version", "nextcall registry activate models 0002"},
};
static const cli_example registry_shadow_examples[] = {
    {"Watch a version before it counts",
     "nextcall registry shadow models 0003"},
};
static const cli_example registry_rollback_examples[] = {
    {"Take a switch back", "nextcall registry rollback models"},
};
static const cli_example registry_verify_examples[] = {
    {"Score every version's check vectors", "nextcall registry verify models"},
};
static const cli_option doctor_options[] = {
    OPT_MODEL,
    OPT_JSON,
};
static const cli_example doctor_examples[] = {
    {"What this machine and installation offer", "nextcall doctor"},
};
static const cli_option help_options[] = {
    {"man", NULL, "the manual page in mdoc form"},
    {"list", NULL, "the names of all subcommands, one a line"},
};
static const cli_example help_examples[] = {
    {"The options of the library", "nextcall help options"},
};

const cli_command cli_commands[] = {
    {"rank", "", "order the operations that could come next",
     "Ranks the operations of a catalog, or the given candidates, for a prompt "
     "and the calls made so far. For people it prints a table: rank, score, "
     "method, path and the two features that moved the candidate most from the "
     "average one; then the workflow pattern, counts and timings. "
     "--requests answers each line that is not empty by one line, a wrong one "
     "by an object with a member error; --on, --now and --top stand for what a "
     "request does not say. Wrong lines do not change the exit code.",
     OPTIONS(rank_options), 0, 0, true, OPTIONS(rank_examples), cli_rank},
    {"features", "", "the feature vectors of the candidates",
     "Extracts the features of the set v1 for each candidate; the same code as "
     "in ranking and training. Rows are in the order of --candidate, or of the "
     "catalog as catalog show lists it, without webhooks; in JSON they are the "
     "entries of an answer of rank, each with its rank. In a .npy file a "
     "category is its number, a missing value is NaN.",
     OPTIONS(features_options), 0, 0, true, OPTIONS(features_examples),
     cli_features},
    {"eval", "", "how well rankers find the true next call",
     "Ranks every decision point of scenarios whose calls are known: call i "
     "given the prompt and the calls before it, every operation of the catalog "
     "a candidate. Prints top-1, top-3, top-5, MRR (with a bootstrap interval "
     "over scenarios) and NDCG@10, first and later calls apart, for the "
     "ranker, "
     "those of --compare and simple methods; equal scores count at their "
     "expected value. Where sessions of other groups are known (--protocol "
     "warm), no group is ever on both sides.",
     OPTIONS(eval_options), 0, 0, true, OPTIONS(eval_examples), cli_eval},
    {"train", "", "a ranker from sessions with known calls",
     "Extracts the features of every decision point by the code that ranks and "
     "fits a LambdaRank model with LightGBM's library, which is found at run "
     "time (nextcall doctor says where). Sessions are split so that what "
     "--split-by names is never on two sides; rounds end when NDCG@10 of the "
     "validation points has not risen for --patience rounds, or at an "
     "interrupt, and the best round is kept. Constant columns are named, "
     "infinite values are refused. The same data, seed and threads give the "
     "same file. How it came about stands at its end (nextcall model info).",
     OPTIONS(train_options), 0, 0, true, OPTIONS(train_examples), cli_train},
    {"explain", "", "why a candidate has its score",
     "Shows each feature's value and contribution for one candidate beside the "
     "best other one. A tree ensemble's contributions count from its mean over "
     "the training rows; a model without the counts of those is refused. In "
     "JSON it is an answer of rank with two entries, the explained one first.",
     OPTIONS(explain_options), 0, 0, true, OPTIONS(explain_examples),
     cli_explain},
    {"score", "", "score a matrix with a LightGBM model",
     "Scores the rows of a matrix with any LightGBM text model of one output, "
     "bit for bit as LightGBM does, without a feature set. A .npy file holds "
     "float32 or float64 rows in C order. A CSV file has commas; a first line "
     "without a number is a header, whose names must be the model's; an empty "
     "cell, NA or nan is missing. An error names the line and the column. With "
     "--contrib a row is LightGBM's predict_contrib: a number for each feature "
     "and the expected value, which add up to the score.",
     OPTIONS(score_options), 0, 0, false, OPTIONS(score_examples), cli_score},
    {"importance", "MODEL", "what a LightGBM model goes by",
     "Shows for each feature how many splits ask for it and the sum of their "
     "gains, as LightGBM does, by falling gain. With --permutation it ranks "
     "every decision point of --data (as train reads it, all candidates) and "
     "shows how much MRR falls when one feature is shuffled over all rows, "
     "with the standard error over the shuffles.",
     OPTIONS(importance_options), 1, 1, true, OPTIONS(importance_examples),
     cli_importance},
    {"registry add", "DIR MODEL", "keep a model as a new version",
     "Copies a LightGBM text model into the registry DIR, which is made if it "
     "is not there. MODEL.check, if there is one, holds its check vectors: "
     "rows "
     "and the scores that they must get; otherwise rows are made that the "
     "model's splits decide on. A model that does not give them bit for bit is "
     "refused, here and whenever it is loaded.",
     OPTIONS(registry_add_options), 2, 2, false, OPTIONS(registry_add_examples),
     cli_registry_add},
    {"registry list", "DIR", "the versions of a registry",
     "Lists the versions by name, and which is active, shadow and previous.",
     OPTIONS(registry_options), 1, 1, false, OPTIONS(registry_list_examples),
     cli_registry_list},
    {"registry activate", "DIR VERSION", "rank with a version from now on",
     "Loads the version, compares its check vectors and switches, all at once "
     "for every process that looks. What was active becomes the previous one; "
     "a shadow that becomes active is no shadow any more.",
     OPTIONS(registry_options), 2, 2, false,
     OPTIONS(registry_activate_examples), cli_registry_activate},
    {"registry shadow", "DIR VERSION|none", "score a version beside the active",
     "The shadow scores every decision point too; the metrics "
     "shadow_requests and shadow_first_differs count how often, and how often "
     "another operation was its first. No answer depends on it.",
     OPTIONS(registry_options), 2, 2, false, OPTIONS(registry_shadow_examples),
     cli_registry_shadow},
    {"registry rollback", "DIR", "the version that was active before",
     "Exchanges the active and the previous version; twice is back again.",
     OPTIONS(registry_options), 1, 1, false,
     OPTIONS(registry_rollback_examples), cli_registry_rollback},
    {"registry verify", "DIR", "compare every version's check vectors",
     "Loads each version and scores its check vectors with the kernels of this "
     "machine. The exit code is that of the first version that is refused.",
     OPTIONS(registry_options), 1, 1, false, OPTIONS(registry_verify_examples),
     cli_registry_verify},
    {"embed", "FILE...", "sentence embeddings of lines",
     "Encodes each line of the files (- is standard input), in their order. "
     "Lines are texts, an empty one too; or JSON objects with a member text, "
     "if --json or --input-json says so or the first byte of the file is a {, "
     "and then empty lines are passed over. Output is one line of numbers a "
     "text; with --json or --output-json one object {n_tokens, truncated, "
     "embedding}; or a .npy file. Malformed UTF-8 is repaired, a text of more "
     "than 256 tokens is cut, a line of more than 16 MiB is an error. An error "
     "names the line: standard output has the lines before it, the file of "
     "--output is left as it was.",
     OPTIONS(embed_options), 1, SIZE_MAX, true, OPTIONS(embed_examples),
     cli_embed},
    {"tokenize", "FILE...", "token ids of lines",
     "Tokenizes each line of the files (- is standard input), [CLS] and [SEP] "
     "included, at most 256 ids. Input and errors as for embed; with --json or "
     "--output-json one object {n_tokens, truncated, ids} a text.",
     OPTIONS(tokenize_options), 1, SIZE_MAX, true, OPTIONS(tokenize_examples),
     cli_tokenize},
    {"catalog import", "FILE", "read an API document, compile it",
     "Reads OpenAPI 3.0 and 3.1, Swagger 2.0 (JSON or YAML), tool lists of "
     "OpenAI, Anthropic and MCP, or a JSONL catalog, and reports what was "
     "found. "
     "With --output it writes the compiled catalog, which starts without "
     "parsing.",
     OPTIONS(import_options), 1, 1, true, OPTIONS(import_examples),
     cli_catalog_import},
    {"catalog show", "FILE", "list the operations of a catalog",
     "Lists the operations of a compiled catalog or a raw document, or shows "
     "one "
     "with all that is known of it.",
     OPTIONS(show_options), 1, 1, true, OPTIONS(show_examples),
     cli_catalog_show},
    {"catalog stats", "FILE", "count the operations of a catalog",
     "Counts operations by method, texts, parameters, properties and "
     "resources.",
     OPTIONS(stats_options), 1, 1, true, OPTIONS(stats_examples),
     cli_catalog_stats},
    {"model fetch", "", "get the encoder's weights and pack them",
     "Fetches all-MiniLM-L6-v2 (Apache-2.0), verifies its SHA-256 and packs it "
     "into the cache folder: in int8, which a command takes by itself, and in "
     "float32. With --from nothing is fetched.",
     OPTIONS(fetch_options), 0, 0, false, OPTIONS(fetch_examples),
     cli_model_fetch},
    {"model pack", "DIR", "pack weights into one mapped file",
     "Reads model.safetensors and vocab.txt of a folder, validates them, and "
     "writes the file that the encoder maps.",
     OPTIONS(pack_options), 1, 1, false, OPTIONS(pack_examples),
     cli_model_pack},
    {"model info", "", "what a packed model holds",
     "Shows shapes, hashes and kernels of the packed encoder, or of a LightGBM "
     "model given by --model.",
     OPTIONS(info_options), 0, 0, true, OPTIONS(info_examples), cli_model_info},
    {"precompute", "[[NAME=]FILE...]", "encode texts before they are asked for",
     "Encodes the operations of the catalogs, and other texts, and keeps their "
     "embeddings in the store: the folder of --store, or nextcall/store in the "
     "cache folder. A text that is there is not encoded again, so an "
     "interrupted run goes on where it was and a changed catalog costs only "
     "its changed texts. The sentence of a resource is \"manage X data and "
     "perform operations on X\". A log has one JSON object a line: a session, "
     "or a request as rank --requests takes it; lines without a prompt are "
     "passed over.",
     OPTIONS(precompute_options), 0, SIZE_MAX, true,
     OPTIONS(precompute_examples), cli_precompute_texts},
    {"cache stats", "", "count what the store keeps",
     "Counts the rows of the database that keeps feature vectors and "
     "embeddings, and the bytes of its pages in use; then those of the "
     "embedding files in its folder, one for each model, which is told by the "
     "first digits of its fingerprint. Access is read where another process "
     "writes it.",
     OPTIONS(cache_options), 0, 0, false, OPTIONS(cache_stats_examples),
     cli_cache_stats},
    {"cache verify", "", "read every row and check it",
     "Reads every row and its checksum and lets SQLite check the structure. "
     "Damaged rows are counted and deleted, a damaged database is set aside as "
     "store.db.damaged-N; an embedding file with damaged rows is rewritten "
     "without them. All cost time, never a wrong answer. The exit code is 8 if "
     "there was damage.",
     OPTIONS(cache_options), 0, 0, false, OPTIONS(cache_verify_examples),
     cli_cache_verify},
    {"cache clear", "", "delete every cached row",
     "Deletes all cached rows of the database and of the embedding files, "
     "gives "
     "their room back to the file system and says how many there were. Learned "
     "sessions are no cache: they stay, and their number is said (nextcall "
     "learn --forget deletes them). Another process that has the store open "
     "for writing is an error.",
     OPTIONS(cache_options), 0, 0, false, OPTIONS(cache_clear_examples),
     cli_cache_clear},
    {"migrate", "DB", "bring a database up to date",
     "Takes a database of the Python system, or of an earlier nextcall: the "
     "table features gets the columns workflow_pattern and pattern_confidence "
     "and their indexes, caches with pickled values are counted and dropped "
     "(nothing is ever unpickled), the tables of today are created; all other "
     "tables stay as they are. A backup is made first, beside the database, "
     "and "
     "all of it is one transaction. A second run finds nothing to do.",
     OPTIONS(migrate_options), 1, 1, false, OPTIONS(migrate_examples),
     cli_migrate},
    {"config show", "", "the options, their values and origins",
     "Shows what each option of the library is set to and where that comes "
     "from: the default, a line of a file, a variable, an option of the "
     "command line.",
     OPTIONS(config_show_options), 0, 0, true, OPTIONS(config_show_examples),
     cli_config_show},
    {"config explain", "KEY", "one option: what it takes, how it is set",
     "Says what an option does, its values, its default, its names on the "
     "command line, in the environment and in a file, and its value now.",
     NULL, 0, 1, 1, true, OPTIONS(config_explain_examples), cli_config_explain},
    {"config check", "FILE", "whether a configuration file is right",
     "Reads a configuration file and says how many options it sets, or the "
     "first line that is wrong.",
     NULL, 0, 1, 1, false, OPTIONS(config_check_examples), cli_config_check},
    {"scenarios", "", "decision points for benchmarks",
     "Draws decision points from sessions as people have them with real "
     "products: prompt, calls with times and identifiers that flow from one to "
     "the next, candidates, the true next operation and the workflow pattern. "
     "The same set and seed give the same lines on every machine. Each line is "
     "a request of rank --requests. An operation that the document does not "
     "have is an error.",
     OPTIONS(scenarios_options), 0, 0, true, OPTIONS(scenarios_examples),
     cli_scenarios},
    {"bench features", "", "how long features take, with and without caches",
     "Measures the feature extraction of a set of scenarios: cold, warm on "
     "one, "
     "two and four threads, in a trace of sessions that repeats by Zipf's law, "
     "after a restart, without caches, and as the Python system did it. Caches "
     "are in a temporary folder. Then what embeddings take in float32 and int8 "
     "rows. Tables in Markdown, or JSON.",
     OPTIONS(bench_features_options), 0, 0, true,
     OPTIONS(bench_features_examples), cli_bench_command},
    {"learn", "[LOG...]", "learn from sessions of the past",
     "Reads logs (sessions as JSONL, HAR files, access logs in the Common, "
     "Combined or JSON form, Arazzo documents; plain, gzip, or - for standard "
     "input) and keeps their sessions in the store, by the name of the "
     "catalog: which operations, in which order and when, and prompts with "
     "--prompts. Query strings, headers, bodies and identifiers are not kept, "
     "users only as keys that nobody can turn back. A log that is read twice "
     "changes nothing. What is wrong with a log is counted on standard error, "
     "with the first three of each kind, and is no failure.",
     OPTIONS(learn_options), 0, 4096, true, OPTIONS(learn_examples), cli_learn},
    {"doctor", "", "what works here, and what is missing",
     "Shows version, processor, kernels, model and options with their origin.",
     OPTIONS(doctor_options), 0, 0, true, OPTIONS(doctor_examples), cli_doctor},
    {"help", "[SUBCOMMAND...]", "help on a subcommand or on the options",
     "Prints the help of a subcommand; \"options\" prints the option table.",
     OPTIONS(help_options), 0, 2, false, OPTIONS(help_examples), cli_help},
};
const size_t cli_n_commands = COUNT(cli_commands);
