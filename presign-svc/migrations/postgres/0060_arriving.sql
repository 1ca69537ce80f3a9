-- A photo whose smaller pictures are in the store can be shown while its original is on its way.
ALTER TABLE uploads ADD COLUMN is_arriving boolean NOT NULL DEFAULT false;

CREATE INDEX arriving_newest_first ON uploads (tenant, project, id) WHERE is_arriving;
