/* The feature sets. A row: name, kind, what it depends on (P prompt, C
 * candidate, H history, N now), whether it differs between the candidates of
 * one request, and one line. Order and names of v1 are frozen. */
#include "features/extractor.h"

#define FEATURES_V1(ROW)                                                      \
    ROW(last_endpoint_type, "category", "H", false,                           \
        "method of the newest call")                                          \
    ROW(last_resource, "category", "H", false, "resource of the newest call") \
    ROW(time_since_last, "number", "HN", false,                               \
        "seconds since the newest call that has a timestamp, -1 if none")     \
    ROW(session_length, "number", "HN", false,                                \
        "minutes since the session's start, 0 if unknown")                    \
    ROW(endpoint_type, "category", "C", true, "method of the candidate")      \
    ROW(resource_match, "flag", "HC", true,                                   \
        "the candidate's resource is one of the last 5 calls'")               \
    ROW(workflow_distance, "number", "PHC", true,                             \
        "1 - probability of the candidate in the workflow pattern")           \
    ROW(prompt_similarity, "number", "PC", true,                              \
        "cosine of the embeddings of prompt and candidate, 0 to 1")           \
    ROW(action_verb_match, "flag", "PC", true,                                \
        "a word of the prompt is a verb of the candidate's method")           \
    ROW(bigram_prob, "number", "P", false,                                    \
        "mean probability of the prompt's words after one word")              \
    ROW(trigram_prob, "number", "P", false,                                   \
        "mean probability of the prompt's words after two words")

#define DECLARE(name, kind, depends_on, is_per_candidate, doc)          \
    nxc_feature_status nxc__extract_##name(const nxc__decision_point *, \
                                           float *, size_t);
FEATURES_V1(DECLARE)

#define ROW(name, kind, depends_on, is_per_candidate, doc) \
    {{#name, kind, depends_on, doc}, is_per_candidate, nxc__extract_##name},
const nxc__feature nxc__features_v1[NXC_V1_N_FEATURES] = {FEATURES_V1(ROW)};
