-- An upload's bytes are looked for now and then although its client says nothing: it may have died after its last
-- byte. The first look comes two minutes after the announcement, the last one at the deadline: one index has both.
ALTER TABLE uploads ADD COLUMN look_due_at bigint;

DROP INDEX uploads_by_deadline;
CREATE INDEX uploads_by_look ON uploads (least(coalesce(look_due_at, created_at + 120000), deadline_at))
    WHERE status = 'pending_upload';
