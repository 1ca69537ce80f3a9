-- What one person, or one upload link, has sent is a list of its own, in both orders.
CREATE INDEX photos_by_sender ON uploads (tenant, project, created_by, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX photos_by_sender_and_taken ON uploads (tenant, project, created_by, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND taken_local IS NOT NULL;
