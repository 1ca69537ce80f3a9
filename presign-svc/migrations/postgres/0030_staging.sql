-- On a weak signal an upload comes in small staged pieces of one size, which a job puts together.
ALTER TABLE uploads ADD COLUMN piece_size_bytes bigint;
ALTER TABLE uploads ADD COLUMN assembly_due_at bigint;

CREATE INDEX uploads_by_assembly ON uploads (assembly_due_at) WHERE assembly_due_at IS NOT NULL;
