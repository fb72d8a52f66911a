-- One operation on the state of one rate limiter, as a whole; the time is the server's.
--
-- KEYS[1]: the hash with the state. KEYS[2]: the sorted set of the instances that hold permits, by the time of their latest
-- operation. ARGV: the instance, the time that replaces one permit in nanoseconds, the burst, how many permits the instance
-- used, holds and wants to hold, for how long the store keeps them in microseconds, and the number of the operation.
-- Returns: an error for one that comes after a later one of its instance; else how many permits it gets, how many instances there are, and after how many microseconds there may be another one.
--
-- Fields of the hash: u permits that were used and are not free again, at a; h the sum of what instances hold; and what each
-- holds and the number of its latest operation, by i: and its name. All times are microseconds.
local state, holders = KEYS[1], KEYS[2]
local me, interval, burst = ARGV[1], math.max(tonumber(ARGV[2]) / 1000, 0.001), tonumber(ARGV[3])
local used_now, held_now, want, keep = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local number = tonumber(ARGV[8])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function text(value)
  return string.format('%.17g', value)
end

local own = 'i:' .. me
local stored = redis.call('HMGET', state, 'u', 'a', 'h', own)
local used, at = tonumber(stored[1] or '0') or 0, tonumber(stored[2] or '0') or 0
local function holder(value)
  local held, latest = string.match(value or '', '^(%S+) (%S+)$')
  return tonumber(held) or 0, tonumber(latest) or 0
end
local held = tonumber(stored[3] or '0') or 0
local own_held, latest = holder(stored[4])
if latest >= number then
  return redis.error_reply('a later operation of the instance came before it')
end
-- A clock that was set back frees nothing for that time.
used = math.max(0, used - math.max(0, now - at) / interval)

-- No operation came later than now: a replica that took over may have another clock.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', holders, '(' .. text(now), '+inf')) do
  redis.call('ZADD', holders, text(now), name)
end
local expired = 0
local names = redis.call('ZRANGEBYSCORE', holders, '-inf', text(now - keep))
for _, name in ipairs(names) do
  local field = 'i:' .. name
  expired = expired + holder(redis.call('HGET', state, field))
  redis.call('HDEL', state, field)
  redis.call('ZREM', holders, name)
  if name == me then
    own_held = 0
  end
end
if #names == 0 and held > 0 and redis.call('ZCARD', holders) == 0 then
  -- The set was evicted, the hash was not: what nobody can give back counts as used.
  expired = held
  redis.call('DEL', state)
  own_held = 0
end
held = math.max(0, held - expired)
used = used + expired

held = math.max(0, held - own_held) + held_now
used = used + used_now
redis.call('ZADD', holders, text(now), me)
local instances = redis.call('ZCARD', holders)
local free = burst - held - used
-- Half of it where others may ask next: no instance takes everything.
local whole = math.max(0, math.floor(free))
local share = whole
if instances > 1 then
  share = math.max(math.floor(free / 2), math.min(whole, 1))
end
local granted = math.min(math.max(0, want - held_now), share)
held = held + granted
redis.call('HSET', state, 'u', text(used), 'a', text(now), 'h', text(held), own, text(held_now + granted) .. ' ' .. text(number))
local left = free - granted
local next = math.min(math.ceil(math.max(0, 1 - left) * interval), 3600000000)

-- What is used is free again by then, and nobody holds anything.
local life = math.min(keep / 1000 + math.max(used, burst) * interval / 1000 + 1000, 3155760000000)
life = string.format('%.0f', math.ceil(life))
redis.call('PEXPIRE', state, life)
redis.call('PEXPIRE', holders, life)
return { text(granted), instances, text(next) }
