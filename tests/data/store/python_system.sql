-- A database as the Python system makes it, with what its owner added.
CREATE TABLE features (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt TEXT NOT NULL,
    last_endpoint_type TEXT,
    last_resource TEXT,
    time_since_last REAL,
    session_length INTEGER,
    endpoint_type TEXT,
    resource_match REAL,
    workflow_distance REAL,
    prompt_similarity REAL,
    action_verb_match REAL,
    bigram_prob REAL,
    trigram_prob REAL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO features (prompt, last_endpoint_type, last_resource,
    time_since_last, session_length, prompt_similarity, created_at) VALUES
    ('list the invoices', 'NONE', 'none', -1, 0, 0.625, '2025-06-01 10:00:00'),
    ('it''s "quoted"', 'GET', 'users', 3.5, 0, NULL, '2025-06-01 10:00:01'),
    (x'00ff', 'PUT', NULL, 1e308, -9223372036854775808, 1.0, NULL);
CREATE TABLE api_endpoints (
    id INTEGER PRIMARY KEY,
    method TEXT,
    path TEXT,
    description TEXT,
    embedding BLOB
);
INSERT INTO api_endpoints VALUES
    (1, 'GET', '/users/{id}', 'Résumé of a user', x'80049500000000'),
    (2, 'DELETE', '/users/{id}', NULL, NULL);
CREATE TABLE "odd ""name" (a, b, PRIMARY KEY (a)) WITHOUT ROWID;
INSERT INTO "odd ""name" VALUES ('k', 0.1), (2, x'');
CREATE VIEW recent_features AS SELECT * FROM features ORDER BY id DESC;
CREATE TRIGGER count_features AFTER INSERT ON features BEGIN
    INSERT INTO api_endpoints (method) VALUES (new.prompt);
END;
CREATE TABLE feature_vector_cache (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt_hash TEXT NOT NULL,
    candidate_hash TEXT NOT NULL,
    feature_vector BLOB NOT NULL,
    confidence_score REAL,
    workflow_pattern TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    access_count INTEGER DEFAULT 1,
    last_accessed TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_prompt_candidate ON feature_vector_cache(prompt_hash, candidate_hash);
CREATE INDEX idx_last_accessed ON feature_vector_cache(last_accessed);
INSERT INTO feature_vector_cache (prompt_hash, candidate_hash, feature_vector)
    VALUES ('d41d8cd9', '98f00b20', x'8004952800000000000000'),
    ('d41d8cd9', '98f00b21', x'80'), ('d41d8cd9', '98f00b21', x'80');
CREATE TABLE embedding_cache (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    text_hash TEXT UNIQUE NOT NULL,
    embedding BLOB NOT NULL,
    model_version TEXT DEFAULT 'all-MiniLM-L6-v2',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO embedding_cache (text_hash, embedding) VALUES ('e99a18c4', x'8004'),
    ('28cb853d', x'8004');
