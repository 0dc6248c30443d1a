-- Version 1: the caches of feature vectors and of embeddings.
-- Hashes are 16 bytes, times seconds since 1970, checksums XXH3-64 over key and
-- payload. Small columns stand before the payload, so that a lookup finds them
-- on the first page of the row. See docs/formats/store.md.
CREATE TABLE feature_vector_cache (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt_hash BLOB NOT NULL,
    candidate_hash BLOB NOT NULL,
    context_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    access_count INTEGER NOT NULL DEFAULT 1,
    last_accessed INTEGER NOT NULL,
    confidence_score REAL,
    pattern_confidence REAL,
    workflow_pattern TEXT,
    feature_vector BLOB NOT NULL
);
CREATE UNIQUE INDEX idx_prompt_candidate ON feature_vector_cache
    (prompt_hash, candidate_hash, context_hash, fingerprint);
CREATE INDEX idx_last_accessed ON feature_vector_cache (last_accessed);

CREATE TABLE embedding_cache (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text_hash BLOB NOT NULL,
    model_version BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    access_count INTEGER NOT NULL DEFAULT 1,
    last_accessed INTEGER NOT NULL,
    embedding BLOB NOT NULL
);
CREATE UNIQUE INDEX idx_text_model ON embedding_cache (text_hash, model_version);
CREATE INDEX idx_embedding_last_accessed ON embedding_cache (last_accessed);
