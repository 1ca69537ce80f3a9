-- One row per upload, which becomes the photo of the same id. Times are milliseconds since 1970 UTC.
-- Texts that are compared and sorted are bytes to us, so they collate as such, whatever the server's locale.
CREATE TABLE uploads (
    id                  uuid              NOT NULL PRIMARY KEY,
    tenant              text COLLATE "C"  NOT NULL,
    project             text COLLATE "C"  NOT NULL,
    created_by          text              NOT NULL,
    client_ref          text COLLATE "C",
    version             bigint            NOT NULL CHECK (version > 0),
    status              text COLLATE "C"  NOT NULL CHECK (status IN (
        'pending_upload', 'uploaded', 'processing', 'completed', 'failed', 'aborted', 'expired', 'quarantined')),
    failure_code        text,
    failure_detail      text,

    -- as announced
    filename            text              NOT NULL,
    media_type          text              NOT NULL,
    size_bytes          bigint            NOT NULL CHECK (size_bytes > 0),
    checksum            text,
    claimed_metadata    text,

    -- how it travels
    folder              text              NOT NULL,
    part_size_bytes     bigint,
    multipart_id        text,
    expected_object     text,

    -- as verified
    verified_at         bigint,
    etag                text,
    verified_media_type text,
    verified_checksum   text,
    metadata            text,
    width               bigint,
    height              bigint,
    taken_at            text COLLATE "C",
    latitude            double precision,
    longitude           double precision,
    variants            text              NOT NULL,

    created_at          bigint            NOT NULL,
    updated_at          bigint            NOT NULL,
    deadline_at         bigint            NOT NULL,
    deleted_at          bigint,
    cleanup_due_at      bigint
);

-- Idempotency of create.
CREATE UNIQUE INDEX uploads_by_client_ref ON uploads (tenant, project, client_ref) WHERE client_ref IS NOT NULL;
-- The gallery: ids are UUIDv7, so their order is the order of creation.
CREATE INDEX photos_newest_first ON uploads (tenant, project, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
-- The janitor.
CREATE INDEX uploads_by_deadline ON uploads (deadline_at) WHERE status = 'pending_upload';
CREATE INDEX uploads_by_cleanup ON uploads (cleanup_due_at) WHERE cleanup_due_at IS NOT NULL;
