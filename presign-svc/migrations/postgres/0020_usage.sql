-- The bytes an upload counts with: those announced for the original and for its variants.
ALTER TABLE uploads ADD COLUMN charged_bytes bigint NOT NULL DEFAULT 0;
UPDATE uploads SET charged_bytes = size_bytes + (
    SELECT coalesce(sum((variant ->> 'size_bytes')::bigint), 0) FROM jsonb_array_elements(variants::jsonb) AS variant
);

-- What each tenant and each upload link has in use, so that a quota is one row's comparison. The triggers
-- keep it in the very transaction that changes an upload, whoever changes it: the numbers are always the sum
-- over `uploads`. The subject of an upload link is 'link:' and its id.
-- Whoever changes what counts locks the tenant's row before any other row: nobody waits in a circle.
CREATE TABLE usage (
    tenant       text COLLATE "C" NOT NULL,
    holder       text COLLATE "C" NOT NULL CHECK (holder IN ('tenant', 'link')),
    -- empty for the tenant, else the link's id
    name         text COLLATE "C" NOT NULL,
    open_files   bigint           NOT NULL CHECK (open_files >= 0),
    open_bytes   bigint           NOT NULL CHECK (open_bytes >= 0),
    stored_files bigint           NOT NULL CHECK (stored_files >= 0),
    stored_bytes bigint           NOT NULL CHECK (stored_bytes >= 0),
    PRIMARY KEY (tenant, holder, name)
) WITH (fillfactor = 50);

INSERT INTO usage
SELECT tenant, 'tenant', '',
    count(*) FILTER (WHERE status = 'pending_upload'),
    coalesce(sum(charged_bytes) FILTER (WHERE status = 'pending_upload'), 0),
    count(*) FILTER (WHERE verified_at IS NOT NULL),
    coalesce(sum(charged_bytes) FILTER (WHERE verified_at IS NOT NULL), 0)
FROM uploads WHERE deleted_at IS NULL GROUP BY tenant;

CREATE FUNCTION use_for_new_uploads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO usage AS known
        SELECT added.tenant, holder, name,
            count(*) FILTER (WHERE status = 'pending_upload'),
            coalesce(sum(charged_bytes) FILTER (WHERE status = 'pending_upload'), 0),
            count(*) FILTER (WHERE status != 'pending_upload'),
            coalesce(sum(charged_bytes) FILTER (WHERE status != 'pending_upload'), 0)
        FROM added, LATERAL (VALUES
            ('tenant', ''),
            ('link', CASE WHEN left(created_by, 5) = 'link:' THEN substr(created_by, 6) END)
        ) AS held (holder, name)
        WHERE name IS NOT NULL AND deleted_at IS NULL AND (status = 'pending_upload' OR verified_at IS NOT NULL)
        GROUP BY added.tenant, holder, name ORDER BY added.tenant, holder DESC, name
        ON CONFLICT (tenant, holder, name) DO UPDATE SET
            open_files = known.open_files + excluded.open_files,
            open_bytes = known.open_bytes + excluded.open_bytes,
            stored_files = known.stored_files + excluded.stored_files,
            stored_bytes = known.stored_bytes + excluded.stored_bytes;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_of_new_uploads AFTER INSERT ON uploads REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION use_for_new_uploads();

CREATE FUNCTION use_for_changed_upload() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_open   integer := (old.status = 'pending_upload' AND old.deleted_at IS NULL)::integer;
    was_stored integer := (old.verified_at IS NOT NULL AND old.deleted_at IS NULL)::integer;
    is_open    integer := (new.status = 'pending_upload' AND new.deleted_at IS NULL)::integer;
    is_stored  integer := (new.verified_at IS NOT NULL AND new.deleted_at IS NULL)::integer;
BEGIN
    IF (was_open, was_stored) != (is_open, is_stored) THEN
        UPDATE usage SET
            open_files = open_files + is_open - was_open,
            open_bytes = open_bytes + (is_open - was_open) * old.charged_bytes,
            stored_files = stored_files + is_stored - was_stored,
            stored_bytes = stored_bytes + (is_stored - was_stored) * old.charged_bytes
        WHERE tenant = old.tenant AND (
            (holder = 'tenant' AND name = '')
            OR (left(old.created_by, 5) = 'link:' AND holder = 'link' AND name = substr(old.created_by, 6))
        );
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER usage_changes AFTER UPDATE OF status, verified_at, deleted_at ON uploads
FOR EACH ROW EXECUTE FUNCTION use_for_changed_upload();
