-- Under every filter a page is read from an index in the order of the list. What photos are found by has lists in
-- the order of the camera's clock, too, and squares of the globe are among it; the service adds those of older
-- photos at its next start.
ALTER TABLE photo_terms DROP CONSTRAINT photo_terms_kind_check;
ALTER TABLE photo_terms
    ADD CONSTRAINT photo_terms_kind_check CHECK (kind IN ('tag', 'camera', 'word', 'place')),
-- As in its upload.
    ADD COLUMN taken_local bigint;
UPDATE photo_terms t SET taken_local = u.taken_local FROM uploads u
    WHERE u.id = t.photo AND u.taken_local IS NOT NULL;
CREATE INDEX terms_by_taken ON photo_terms (tenant, project, kind, term, taken_local, photo)
    WHERE taken_local IS NOT NULL;
-- Whether a photo has a term is read from it alone.
DROP INDEX terms_of_photo;
CREATE INDEX terms_of_photo ON photo_terms (photo, kind, term);

CREATE INDEX photos_by_status_and_taken ON uploads (tenant, project, status, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND taken_local IS NOT NULL;
CREATE INDEX photos_by_kind_and_taken ON uploads (tenant, project, kind, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND taken_local IS NOT NULL;

-- Few photos are found by their places alone, and sorted.
DROP INDEX photos_by_place;
CREATE INDEX photos_by_place ON uploads (tenant, project, latitude, longitude, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND latitude IS NOT NULL;
