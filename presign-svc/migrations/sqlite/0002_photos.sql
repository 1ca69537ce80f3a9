-- What people and the pipeline say of a photo.
ALTER TABLE uploads ADD COLUMN caption TEXT;
ALTER TABLE uploads ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE uploads ADD COLUMN status_changes TEXT NOT NULL DEFAULT '[]';

-- What photos are filtered by. taken_local is the camera's own clock read as if it were UTC; taken_utc is
-- the moment, or the same where the camera wrote no offset. The service fills them in at its next start.
ALTER TABLE uploads ADD COLUMN kind TEXT CHECK (kind IN ('photo', 'video', 'document', 'archive'));
ALTER TABLE uploads ADD COLUMN taken_local INTEGER;
ALTER TABLE uploads ADD COLUMN taken_utc INTEGER;
-- By which rule these and its terms were made; those of an older one are made anew.
ALTER TABLE uploads ADD COLUMN terms_version INTEGER NOT NULL DEFAULT 0;

CREATE INDEX photos_by_status ON uploads (tenant, project, status, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX photos_by_kind ON uploads (tenant, project, kind, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX photos_by_taken ON uploads (tenant, project, taken_local, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX photos_by_place ON uploads (tenant, project, latitude, longitude, id)
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL AND latitude IS NOT NULL;
CREATE INDEX photos_by_terms_version ON uploads (terms_version) WHERE verified_at IS NOT NULL;

-- What a photo is found by: whole tags and cameras, and words by their beginnings. Compared byte by byte.
CREATE TABLE photo_terms (
    tenant  TEXT NOT NULL,
    project TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('tag', 'camera', 'word')),
    term    TEXT NOT NULL,
    photo   TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant, project, kind, term, photo)
) STRICT, WITHOUT ROWID;
CREATE INDEX terms_of_photo ON photo_terms (photo);

-- How many photos a project has by status, so that nobody counts.
CREATE TABLE photo_totals (
    tenant  TEXT    NOT NULL,
    project TEXT    NOT NULL,
    status  TEXT    NOT NULL,
    photos  INTEGER NOT NULL,
    PRIMARY KEY (tenant, project, status)
) STRICT, WITHOUT ROWID;
INSERT INTO photo_totals
    SELECT tenant, project, status, count(*) FROM uploads
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL GROUP BY tenant, project, status;

CREATE TRIGGER photo_appears AFTER INSERT ON uploads
WHEN new.verified_at IS NOT NULL AND new.deleted_at IS NULL
BEGIN
    INSERT INTO photo_totals VALUES (new.tenant, new.project, new.status, 1)
        ON CONFLICT DO UPDATE SET photos = photos + 1;
END;
CREATE TRIGGER photo_was_counted AFTER UPDATE OF status, verified_at, deleted_at ON uploads
WHEN old.verified_at IS NOT NULL AND old.deleted_at IS NULL
BEGIN
    UPDATE photo_totals SET photos = photos - 1
        WHERE tenant = old.tenant AND project = old.project AND status = old.status;
END;
CREATE TRIGGER photo_is_counted AFTER UPDATE OF status, verified_at, deleted_at ON uploads
WHEN new.verified_at IS NOT NULL AND new.deleted_at IS NULL
BEGIN
    INSERT INTO photo_totals VALUES (new.tenant, new.project, new.status, 1)
        ON CONFLICT DO UPDATE SET photos = photos + 1;
END;

-- What happened, numbered in each project in the order of commits.
CREATE TABLE event_numbers (
    tenant  TEXT    NOT NULL,
    project TEXT    NOT NULL,
    latest  INTEGER NOT NULL,
    PRIMARY KEY (tenant, project)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    tenant  TEXT    NOT NULL,
    project TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    photo   TEXT    NOT NULL,
    status  TEXT    NOT NULL,
    reason  TEXT,
    at      INTEGER NOT NULL,
    PRIMARY KEY (tenant, project, number)
) STRICT, WITHOUT ROWID;
