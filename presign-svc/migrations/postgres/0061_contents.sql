-- The same photo chosen again, from another page or device, is found by its content.
CREATE INDEX photos_by_content ON uploads (tenant, project, verified_checksum)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
