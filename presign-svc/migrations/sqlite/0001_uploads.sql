-- One row per upload, which becomes the photo of the same id. Times are milliseconds since 1970 UTC.
CREATE TABLE uploads (
    id                  TEXT    NOT NULL PRIMARY KEY,
    tenant              TEXT    NOT NULL,
    project             TEXT    NOT NULL,
    created_by          TEXT    NOT NULL,
    client_ref          TEXT,
    version             INTEGER NOT NULL CHECK (version > 0),
    status              TEXT    NOT NULL CHECK (status IN (
        'pending_upload', 'uploaded', 'processing', 'completed', 'failed', 'aborted', 'expired', 'quarantined')),
    failure_code        TEXT,
    failure_detail      TEXT,

    -- as announced
    filename            TEXT    NOT NULL,
    media_type          TEXT    NOT NULL,
    size_bytes          INTEGER NOT NULL CHECK (size_bytes > 0),
    checksum            TEXT,
    claimed_metadata    TEXT,

    -- how it travels
    folder              TEXT    NOT NULL,
    part_size_bytes     INTEGER,
    multipart_id        TEXT,
    expected_object     TEXT,

    -- as verified
    verified_at         INTEGER,
    etag                TEXT,
    verified_media_type TEXT,
    verified_checksum   TEXT,
    metadata            TEXT,
    width               INTEGER,
    height              INTEGER,
    taken_at            TEXT,
    latitude            REAL,
    longitude           REAL,
    variants            TEXT    NOT NULL,

    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    deadline_at         INTEGER NOT NULL,
    deleted_at          INTEGER,
    cleanup_due_at      INTEGER
) STRICT;

-- Idempotency of create.
CREATE UNIQUE INDEX uploads_by_client_ref ON uploads (tenant, project, client_ref) WHERE client_ref IS NOT NULL;
-- The gallery: ids are UUIDv7, so their order is the order of creation.
CREATE INDEX photos_newest_first ON uploads (tenant, project, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
-- The janitor.
CREATE INDEX uploads_by_deadline ON uploads (deadline_at) WHERE status = 'pending_upload';
CREATE INDEX uploads_by_cleanup ON uploads (cleanup_due_at) WHERE cleanup_due_at IS NOT NULL;
