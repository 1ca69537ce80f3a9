-- Streams are counted by who watches, also those that a ticket opened. One that was given out before, or by an instance
-- that is not updated yet, is nobody's: they are counted together.
ALTER TABLE event_tickets ADD COLUMN subject text NOT NULL DEFAULT '';
