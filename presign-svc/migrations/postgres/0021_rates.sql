-- How far the buckets of the rate limits are from full, shared by all instances: when each is full again, in
-- microseconds since 1970 UTC. Unlogged: it is written often, and after a crash of the server all are full.
CREATE UNLOGGED TABLE rate_buckets (
    key     text COLLATE "C" NOT NULL PRIMARY KEY,
    full_at bigint           NOT NULL
) WITH (fillfactor = 50);

-- Takes from all of these buckets and answers 0 or, where one of them has too little, takes from none and
-- answers how many microseconds to wait. Times are what flows in meanwhile: `needed` must be in the bucket,
-- `cost` is taken, `refill` is what fills an empty one.
CREATE FUNCTION draw_from_buckets(keys text[], needed bigint[], cost bigint[], refill bigint[], moment bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    wait bigint;
BEGIN
    INSERT INTO rate_buckets SELECT asked.key, moment FROM unnest(keys) AS asked (key) ORDER BY asked.key
        ON CONFLICT DO NOTHING;
    -- In one order, so that nobody waits in a circle.
    PERFORM 1 FROM rate_buckets WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
    SELECT coalesce(max(greatest(b.full_at, moment) - moment + a.needed - a.refill), 0) INTO wait
        FROM unnest(keys, needed, refill) AS a (key, needed, refill) JOIN rate_buckets b ON b.key = a.key;
    IF wait > 0 THEN
        RETURN wait;
    END IF;
    UPDATE rate_buckets b SET full_at = greatest(b.full_at, moment) + a.cost
        FROM unnest(keys, cost) AS a (key, cost) WHERE b.key = a.key;
    RETURN 0;
END $$;
