-- A client that does not know the size of its file announces the most it may have; what is stored is counted
-- once it is verified.
ALTER TABLE uploads ADD COLUMN size_is_bound INTEGER NOT NULL DEFAULT 0 CHECK (size_is_bound IN (0, 1));
-- Where it is another one than the announced.
ALTER TABLE uploads ADD COLUMN verified_size_bytes INTEGER;

CREATE TRIGGER usage_of_a_size_that_was_settled AFTER UPDATE OF charged_bytes ON uploads
WHEN old.charged_bytes != new.charged_bytes AND new.verified_at IS NOT NULL AND new.deleted_at IS NULL
BEGIN
    UPDATE usage SET stored_bytes = stored_bytes + new.charged_bytes - old.charged_bytes
    WHERE tenant = old.tenant
        AND (holder, name) IN (VALUES ('tenant', ''), ('link', iif(substr(old.created_by, 1, 5) = 'link:', substr(old.created_by, 6), NULL)));
END;
