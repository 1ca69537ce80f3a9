-- Who works on which upload now, among several instances. Unlogged: it is written often, and after a crash
-- of the server nobody works on anything.
CREATE UNLOGGED TABLE turns (
    upload_id uuid        NOT NULL PRIMARY KEY,
    holder    uuid        NOT NULL,
    until     timestamptz NOT NULL
);
