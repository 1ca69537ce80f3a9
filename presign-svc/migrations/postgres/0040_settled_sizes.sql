-- A client that does not know the size of its file announces the most it may have; what is stored is counted
-- once it is verified.
ALTER TABLE uploads ADD COLUMN size_is_bound boolean NOT NULL DEFAULT false;
-- Where it is another one than the announced.
ALTER TABLE uploads ADD COLUMN verified_size_bytes bigint;

CREATE FUNCTION use_for_settled_size() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE usage SET stored_bytes = stored_bytes + new.charged_bytes - old.charged_bytes
    WHERE tenant = old.tenant AND (
        (holder = 'tenant' AND name = '')
        OR (left(old.created_by, 5) = 'link:' AND holder = 'link' AND name = substr(old.created_by, 6))
    );
    RETURN NULL;
END $$;
CREATE TRIGGER usage_of_settled_sizes AFTER UPDATE OF charged_bytes ON uploads
FOR EACH ROW
WHEN (old.charged_bytes != new.charged_bytes AND new.verified_at IS NOT NULL AND new.deleted_at IS NULL)
EXECUTE FUNCTION use_for_settled_size();
