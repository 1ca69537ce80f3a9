-- The janitor forgets old events.
CREATE INDEX events_by_time ON events (at);
