-- Capabilities for customers without an account. Of the secret only its SHA-256 is kept.
CREATE TABLE upload_links (
    id          TEXT    NOT NULL PRIMARY KEY,
    secret_hash BLOB    NOT NULL UNIQUE,
    tenant      TEXT    NOT NULL,
    project     TEXT    NOT NULL,
    label       TEXT,
    created_by  TEXT    NOT NULL,
    max_files   INTEGER NOT NULL CHECK (max_files > 0),
    max_bytes   INTEGER NOT NULL CHECK (max_bytes > 0),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX links_newest_first ON upload_links (tenant, project, id);
