-- The same, holding each bucket from its first mention on: one that was there could be forgotten, as a full one, before
-- it was locked, and what was granted was then taken from no bucket.
CREATE OR REPLACE FUNCTION draw_from_buckets(
    keys text[], needed bigint[], cost bigint[], refill bigint[], moment bigint
)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    wait bigint;
BEGIN
    -- In the order of the column, in which everybody locks them, so that nobody waits in a circle: a key that is asked
    -- for is sorted as the database does otherwise.
    INSERT INTO rate_buckets AS known SELECT asked.key, moment FROM unnest(keys) AS asked (key) ORDER BY asked.key COLLATE "C"
        ON CONFLICT (key) DO UPDATE SET full_at = known.full_at;
    SELECT coalesce(max(greatest(b.full_at, moment) - moment + a.needed - a.refill), 0) INTO wait
        FROM unnest(keys, needed, refill) AS a (key, needed, refill) JOIN rate_buckets b ON b.key = a.key;
    IF wait > 0 THEN
        RETURN wait;
    END IF;
    UPDATE rate_buckets b SET full_at = greatest(b.full_at, moment) + a.cost
        FROM unnest(keys, cost) AS a (key, cost) WHERE b.key = a.key;
    RETURN 0;
END $$;
