-- Under every filter a page is read from an index in the order of the list. What photos are found by has lists in
-- the order of the camera's clock, too, and squares of the globe are among it; the service adds those of older
-- photos at its next start.
CREATE TABLE new_photo_terms (
    tenant      TEXT NOT NULL,
    project     TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('tag', 'camera', 'word', 'place')),
    term        TEXT NOT NULL,
    photo       TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    -- as in its upload
    taken_local INTEGER,
    PRIMARY KEY (tenant, project, kind, term, photo)
) STRICT, WITHOUT ROWID;
INSERT INTO new_photo_terms
    SELECT t.tenant, t.project, t.kind, t.term, t.photo, (SELECT u.taken_local FROM uploads u WHERE u.id = t.photo)
    FROM photo_terms t ORDER BY t.tenant, t.project, t.kind, t.term, t.photo;
DROP TABLE photo_terms;
ALTER TABLE new_photo_terms RENAME TO photo_terms;
CREATE INDEX terms_of_photo ON photo_terms (photo);
CREATE INDEX terms_by_taken ON photo_terms (tenant, project, kind, term, taken_local, photo)
    WHERE taken_local IS NOT NULL;

CREATE INDEX photos_by_status_and_taken ON uploads (tenant, project, status, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND taken_local IS NOT NULL;
CREATE INDEX photos_by_kind_and_taken ON uploads (tenant, project, kind, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND taken_local IS NOT NULL;

-- Few photos are found by their places alone, and sorted.
DROP INDEX photos_by_place;
CREATE INDEX photos_by_place ON uploads (tenant, project, latitude, longitude, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND latitude IS NOT NULL;
