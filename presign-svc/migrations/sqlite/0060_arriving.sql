-- A photo whose smaller pictures are in the store can be shown while its original is on its way.
ALTER TABLE uploads ADD COLUMN is_arriving INTEGER NOT NULL DEFAULT 0 CHECK (is_arriving IN (0, 1));

CREATE INDEX arriving_newest_first ON uploads (tenant, project, id) WHERE is_arriving;
