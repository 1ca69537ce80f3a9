-- Takes from all of these buckets and answers 0 or, where one of them has too little, takes from none and answers
-- how long to wait. KEYS are the buckets; each is kept as the moment at which it is full again, and forgotten by
-- then, for a full bucket is as good as none. ARGV is of each bucket what must be in it, what is taken, and what
-- fills an empty one, as the time in which it flows in. Microseconds, since 1970 UTC: whole numbers below 2^53,
-- which Lua's hold exactly. By this server's clock: an instance whose own is ahead would leave buckets that are full
-- again in days.
local now = redis.call('TIME')
local moment = tonumber(now[1]) * 1000000 + tonumber(now[2])
local full_at, wait = {}, 0
for i, key in ipairs(KEYS) do
  full_at[i] = math.max(tonumber(redis.call('GET', key) or '0'), moment)
  local needed, refill = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i])
  wait = math.max(wait, full_at[i] - moment + needed - refill)
end
if wait > 0 then
  return wait
end
for i, key in ipairs(KEYS) do
  local later = full_at[i] + tonumber(ARGV[3 * i - 1])
  local kept_ms = math.ceil((later - moment) / 1000)
  if kept_ms > 0 then
    redis.call('SET', key, string.format('%.0f', later), 'PX', string.format('%.0f', kept_ms))
  end
end
return 0
