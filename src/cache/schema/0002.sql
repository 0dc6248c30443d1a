-- Version 2: sessions that were learnt, and the secrets of their keys.
-- Keys are 16 bytes of an HMAC-SHA-256, times milliseconds since 1970 (NULL:
-- not known), checksums XXH3-64 over key and payload. Nothing here expires or
-- is evicted. See docs/formats/store.md.
CREATE TABLE learned_session (
    id INTEGER PRIMARY KEY,
    catalog TEXT NOT NULL,
    session_key BLOB NOT NULL,
    group_key BLOB NOT NULL,
    first_time INTEGER,
    last_time INTEGER,
    checksum INTEGER NOT NULL,
    n_calls INTEGER NOT NULL,
    payload BLOB NOT NULL
);
CREATE UNIQUE INDEX idx_learned_key ON learned_session (catalog, session_key);
CREATE INDEX idx_learned_group ON learned_session
    (group_key, catalog, last_time);

CREATE TABLE learned_secret (
    id INTEGER PRIMARY KEY,
    checksum INTEGER NOT NULL,
    secret BLOB NOT NULL
);
