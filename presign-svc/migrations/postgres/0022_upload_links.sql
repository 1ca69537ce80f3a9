-- Capabilities for customers without an account. Of the secret only its SHA-256 is kept.
CREATE TABLE upload_links (
    id          uuid             NOT NULL PRIMARY KEY,
    secret_hash bytea            NOT NULL UNIQUE,
    tenant      text COLLATE "C" NOT NULL,
    project     text COLLATE "C" NOT NULL,
    label       text,
    created_by  text             NOT NULL,
    max_files   bigint           NOT NULL CHECK (max_files > 0),
    max_bytes   bigint           NOT NULL CHECK (max_bytes > 0),
    created_at  bigint           NOT NULL,
    expires_at  bigint           NOT NULL,
    revoked_at  bigint
);
CREATE INDEX links_newest_first ON upload_links (tenant, project, id);
