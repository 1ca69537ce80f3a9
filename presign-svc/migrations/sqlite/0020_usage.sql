-- The bytes an upload counts with: those announced for the original and for its variants.
ALTER TABLE uploads ADD COLUMN charged_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE uploads SET charged_bytes = size_bytes
    + (SELECT coalesce(sum(json_extract(value, '$.size_bytes')), 0) FROM json_each(variants));

-- What each tenant and each upload link has in use, so that a quota is one row's comparison. The triggers
-- keep it in the very transaction that changes an upload, whoever changes it: the numbers are always the sum
-- over `uploads`. The subject of an upload link is 'link:' and its id.
CREATE TABLE usage (
    tenant       TEXT    NOT NULL,
    holder       TEXT    NOT NULL CHECK (holder IN ('tenant', 'link')),
    -- empty for the tenant, else the link's id
    name         TEXT    NOT NULL,
    open_files   INTEGER NOT NULL CHECK (open_files >= 0),
    open_bytes   INTEGER NOT NULL CHECK (open_bytes >= 0),
    stored_files INTEGER NOT NULL CHECK (stored_files >= 0),
    stored_bytes INTEGER NOT NULL CHECK (stored_bytes >= 0),
    PRIMARY KEY (tenant, holder, name)
) STRICT, WITHOUT ROWID;

INSERT INTO usage
SELECT tenant, 'tenant', '', sum(is_open), sum(is_open * charged_bytes), sum(is_stored), sum(is_stored * charged_bytes)
FROM (
    SELECT tenant, charged_bytes, status = 'pending_upload' AND deleted_at IS NULL AS is_open,
        verified_at IS NOT NULL AND deleted_at IS NULL AS is_stored
    FROM uploads
) GROUP BY tenant;

CREATE TRIGGER usage_of_a_new_upload AFTER INSERT ON uploads
WHEN new.deleted_at IS NULL AND (new.status = 'pending_upload' OR new.verified_at IS NOT NULL)
BEGIN
    INSERT INTO usage
    SELECT new.tenant, holder, name, is_open, is_open * new.charged_bytes, 1 - is_open, (1 - is_open) * new.charged_bytes
    FROM (
        SELECT 'tenant' AS holder, '' AS name, new.status = 'pending_upload' AS is_open
        UNION ALL
        SELECT 'link', substr(new.created_by, 6), new.status = 'pending_upload'
        WHERE substr(new.created_by, 1, 5) = 'link:'
    ) WHERE true
    ON CONFLICT (tenant, holder, name) DO UPDATE SET
        open_files = open_files + excluded.open_files,
        open_bytes = open_bytes + excluded.open_bytes,
        stored_files = stored_files + excluded.stored_files,
        stored_bytes = stored_bytes + excluded.stored_bytes;
END;

CREATE TRIGGER usage_of_an_open_upload_that_changed AFTER UPDATE OF status, verified_at, deleted_at ON uploads
WHEN old.status = 'pending_upload' AND old.deleted_at IS NULL
    AND NOT (new.status = 'pending_upload' AND new.deleted_at IS NULL)
BEGIN
    UPDATE usage SET
        open_files = open_files - 1,
        open_bytes = open_bytes - old.charged_bytes,
        stored_files = stored_files + (new.verified_at IS NOT NULL AND new.deleted_at IS NULL),
        stored_bytes = stored_bytes + old.charged_bytes * (new.verified_at IS NOT NULL AND new.deleted_at IS NULL)
    WHERE tenant = old.tenant
        AND (holder, name) IN (VALUES ('tenant', ''), ('link', iif(substr(old.created_by, 1, 5) = 'link:', substr(old.created_by, 6), NULL)));
END;

CREATE TRIGGER usage_of_a_photo_that_was_deleted AFTER UPDATE OF status, verified_at, deleted_at ON uploads
WHEN old.status != 'pending_upload' AND old.verified_at IS NOT NULL AND old.deleted_at IS NULL
    AND NOT (new.verified_at IS NOT NULL AND new.deleted_at IS NULL)
BEGIN
    UPDATE usage SET stored_files = stored_files - 1, stored_bytes = stored_bytes - old.charged_bytes
    WHERE tenant = old.tenant
        AND (holder, name) IN (VALUES ('tenant', ''), ('link', iif(substr(old.created_by, 1, 5) = 'link:', substr(old.created_by, 6), NULL)));
END;
