-- The janitor forgets uploads that came to nothing, a month after nothing was left of them in the store.
CREATE INDEX uploads_by_closing ON uploads (updated_at)
    WHERE status != 'pending_upload' AND verified_at IS NULL AND cleanup_due_at IS NULL;
