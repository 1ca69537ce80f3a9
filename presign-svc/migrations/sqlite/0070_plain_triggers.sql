-- Of a new upload what is in use is counted by a plain update, which the insert's own rule for conflicts covers: one
-- that undoes the whole transaction then spares SQLite the pages as they were before each statement. An upsert's
-- update has a rule of its own.
DROP TRIGGER usage_of_a_new_upload;
CREATE TRIGGER usage_of_a_new_upload AFTER INSERT ON uploads
WHEN new.deleted_at IS NULL AND (new.status = 'pending_upload' OR new.verified_at IS NOT NULL)
BEGIN
    INSERT INTO usage VALUES (new.tenant, 'tenant', '', 0, 0, 0, 0) ON CONFLICT (tenant, holder, name) DO NOTHING;
    UPDATE usage SET
        open_files = open_files + (new.status = 'pending_upload'),
        open_bytes = open_bytes + (new.status = 'pending_upload') * new.charged_bytes,
        stored_files = stored_files + (new.status != 'pending_upload'),
        stored_bytes = stored_bytes + (new.status != 'pending_upload') * new.charged_bytes
    WHERE tenant = new.tenant AND holder = 'tenant' AND name = '';
END;
CREATE TRIGGER usage_of_a_new_upload_by_a_link AFTER INSERT ON uploads
WHEN substr(new.created_by, 1, 5) = 'link:'
    AND new.deleted_at IS NULL AND (new.status = 'pending_upload' OR new.verified_at IS NOT NULL)
BEGIN
    INSERT INTO usage VALUES (new.tenant, 'link', substr(new.created_by, 6), 0, 0, 0, 0)
        ON CONFLICT (tenant, holder, name) DO NOTHING;
    UPDATE usage SET
        open_files = open_files + (new.status = 'pending_upload'),
        open_bytes = open_bytes + (new.status = 'pending_upload') * new.charged_bytes,
        stored_files = stored_files + (new.status != 'pending_upload'),
        stored_bytes = stored_bytes + (new.status != 'pending_upload') * new.charged_bytes
    WHERE tenant = new.tenant AND holder = 'link' AND name = substr(new.created_by, 6);
END;

DROP TRIGGER photo_appears;
CREATE TRIGGER photo_appears AFTER INSERT ON uploads
WHEN new.verified_at IS NOT NULL AND new.deleted_at IS NULL
BEGIN
    INSERT INTO photo_totals VALUES (new.tenant, new.project, new.status, 0)
        ON CONFLICT (tenant, project, status) DO NOTHING;
    UPDATE photo_totals SET photos = photos + 1
        WHERE tenant = new.tenant AND project = new.project AND status = new.status;
END;
