-- The janitor forgets old events.
CREATE INDEX events_by_time ON events (at);

-- Tickets for streams of events, known by their SHA-256. Unlogged: after a crash of the server pages ask for
-- new ones.
CREATE UNLOGGED TABLE event_tickets (
    digest     bytea  NOT NULL PRIMARY KEY,
    tenant     text   NOT NULL,
    project    text   NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX tickets_by_expiry ON event_tickets (expires_at);
