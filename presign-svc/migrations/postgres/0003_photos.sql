-- What people and the pipeline say of a photo.
ALTER TABLE uploads
    ADD COLUMN caption        text,
    ADD COLUMN tags           text   NOT NULL DEFAULT '[]',
    ADD COLUMN status_changes text   NOT NULL DEFAULT '[]',
-- What photos are filtered by. taken_local is the camera's own clock read as if it were UTC; taken_utc is
-- the moment, or the same where the camera wrote no offset. The service fills them in at its next start.
    ADD COLUMN kind           text COLLATE "C" CHECK (kind IN ('photo', 'video', 'document', 'archive')),
    ADD COLUMN taken_local    bigint,
    ADD COLUMN taken_utc      bigint,
-- By which rule these and its terms were made; those of an older one are made anew.
    ADD COLUMN terms_version  bigint NOT NULL DEFAULT 0;

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
    tenant  text COLLATE "C" NOT NULL,
    project text COLLATE "C" NOT NULL,
    kind    text COLLATE "C" NOT NULL CHECK (kind IN ('tag', 'camera', 'word')),
    term    text COLLATE "C" NOT NULL,
    photo   uuid             NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant, project, kind, term, photo)
);
CREATE INDEX terms_of_photo ON photo_terms (photo);

-- How many photos a project has by status, so that nobody counts.
CREATE TABLE photo_totals (
    tenant  text COLLATE "C" NOT NULL,
    project text COLLATE "C" NOT NULL,
    status  text COLLATE "C" NOT NULL,
    photos  bigint           NOT NULL,
    PRIMARY KEY (tenant, project, status)
);
INSERT INTO photo_totals
    SELECT tenant, project, status, count(*) FROM uploads
    WHERE verified_at IS NOT NULL AND deleted_at IS NULL GROUP BY tenant, project, status;

CREATE FUNCTION count_new_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO photo_totals AS known VALUES (new.tenant, new.project, new.status, 1)
        ON CONFLICT (tenant, project, status) DO UPDATE SET photos = known.photos + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER photo_appears AFTER INSERT ON uploads
FOR EACH ROW WHEN (new.verified_at IS NOT NULL AND new.deleted_at IS NULL)
EXECUTE FUNCTION count_new_photo();

-- Both statuses in one order, so that of two photos that change places none waits for the other.
CREATE FUNCTION count_changed_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO photo_totals AS known
        SELECT new.tenant, new.project, status, sum(change) FROM (VALUES
            (old.status, CASE WHEN old.verified_at IS NOT NULL AND old.deleted_at IS NULL THEN -1 ELSE 0 END),
            (new.status, CASE WHEN new.verified_at IS NOT NULL AND new.deleted_at IS NULL THEN 1 ELSE 0 END)
        ) AS changes (status, change)
        GROUP BY status HAVING sum(change) != 0 ORDER BY status
        ON CONFLICT (tenant, project, status) DO UPDATE SET photos = known.photos + excluded.photos;
    RETURN NULL;
END $$;
CREATE TRIGGER photo_changes AFTER UPDATE ON uploads
FOR EACH ROW WHEN (
    (old.verified_at IS NOT NULL AND old.deleted_at IS NULL) OR (new.verified_at IS NOT NULL AND new.deleted_at IS NULL)
)
EXECUTE FUNCTION count_changed_photo();

-- What happened, numbered in each project in the order of commits.
CREATE TABLE event_numbers (
    tenant  text COLLATE "C" NOT NULL,
    project text COLLATE "C" NOT NULL,
    latest  bigint           NOT NULL,
    PRIMARY KEY (tenant, project)
);
CREATE TABLE events (
    tenant  text COLLATE "C" NOT NULL,
    project text COLLATE "C" NOT NULL,
    number  bigint           NOT NULL,
    kind    text             NOT NULL,
    photo   uuid             NOT NULL,
    status  text             NOT NULL,
    reason  text,
    at      bigint           NOT NULL,
    PRIMARY KEY (tenant, project, number)
);
