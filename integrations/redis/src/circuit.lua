-- One operation on the state of one breaker, as a whole; the time is the server's.
--
-- KEYS[1]: the hash with the state. ARGV: the channel of updates, the fleet, the breaker, the instance, the longest open
-- time and the lease time in milliseconds, the action, and its arguments.
-- Returns: epoch, phase (0 closed, 1 open, 2 half-open), what remains of the open time, how often recovery failed, the
-- instance that made the latest change, the lease (-1 none, 0 granted, else for how long another instance has it),
-- and 1 if the state has changed.
--
-- Fields of the hash: e epoch, u end of the open time (0 closed), r failed recoveries, b by, lo, lu and ll owner, end and
-- length of the lease, w failures in a row, sb and sa latest success: by and at, so latest success of another instance, c since when
-- outcomes are counted, 0 to 9 buckets of the window: index, calls, failures, slow calls.
local key = KEYS[1]
local channel, fleet, breaker, me = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local longest, lease_time, action = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local state = {}
local stored = redis.call('HGETALL', key)
for i = 1, #stored, 2 do
  state[stored[i]] = stored[i + 1]
end
local writes = {}
local function text(value)
  if type(value) == 'number' then
    return string.format('%.17g', value)
  end
  return value
end
local function set(field, value)
  value = text(value)
  if state[field] ~= value then
    state[field] = value
    writes[field] = value
  end
end
local function number(field)
  return tonumber(state[field] or '0') or 0
end
-- No time lies further ahead than it could when it was set: a replica that took over may have another clock.
local function clamp(field, most)
  if number(field) > most then
    set(field, most)
  end
end
clamp('u', now + longest)
clamp('lu', now + number('ll'))
clamp('sa', now)
clamp('so', now)
clamp('c', now)

local keep, lease, changed = 0, -1, 0
local function enter(ends)
  set('e', math.max(now, number('e') + 1))
  set('u', ends)
  set('b', me)
  set('lo', '')
  set('lu', 0)
  set('ll', 0)
  set('w', 0)
  set('sb', '')
  set('sa', 0)
  set('so', 0)
  set('c', 0)
  for bucket = 0, 9 do
    set(tostring(bucket), '')
  end
  changed = 1
end

if action == 'report' then
  local success, failure, slow, row = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
  local open_for, threshold, agreement = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
  local window, size = ARGV[15], tonumber(ARGV[16])
  local failure_rate, slow_rate, min_calls = tonumber(ARGV[17]), tonumber(ARGV[18]), tonumber(ARGV[19])
  keep = longest + (window == 'time' and math.max(size, 10000) or 10000)
  if number('u') == 0 then
    if success > 0 then
      if state['sb'] ~= me then
        set('so', number('sa'))
        set('sb', me)
      end
      set('sa', now)
      set('w', row)
    else
      set('w', math.max(row, number('w') + failure))
    end
    if number('c') == 0 then
      set('c', now)
    end
    local index = 0
    if window == 'time' then
      index = math.floor(now / math.max(1, math.floor(size / 10)))
    end
    local function bucket(field)
      local i, calls, failures, slows = string.match(state[field] or '', '^(%S+) (%S+) (%S+) (%S+)$')
      return tonumber(i) or -1, tonumber(calls) or 0, tonumber(failures) or 0, tonumber(slows) or 0
    end
    local own = tostring(index % 10)
    local i, calls, failures, slows = bucket(own)
    if i ~= index then
      calls, failures, slows = 0, 0, 0
    end
    calls, failures, slows = calls + success + failure, failures + failure, slows + slow
    if window == 'calls' and calls > size then
      local scale = size / calls
      calls, failures, slows = calls * scale, failures * scale, slows * scale
    end
    set(own, text(index) .. ' ' .. text(calls) .. ' ' .. text(failures) .. ' ' .. text(slows))
    calls, failures, slows = 0, 0, 0
    for field = 0, 9 do
      local j, c, f, s = bucket(tostring(field))
      if j > index - 10 and j <= index then
        calls, failures, slows = calls + c, failures + f, slows + s
      end
    end
    local other = number('sa')
    if state['sb'] == me then
      other = number('so')
    end
    local trips = threshold > 0 and number('w') >= threshold and (other == 0 or now - other >= agreement)
    if window ~= 'none' and now - number('c') >= 200 and calls >= min_calls then
      trips = trips or (failure_rate > 0 and failures >= failure_rate * calls)
      trips = trips or (slow_rate > 0 and slows >= slow_rate * calls)
    end
    if trips then
      enter(now + math.min(open_for, longest))
    end
  end
elseif action == 'lease' then
  keep = longest
  local ends = number('u')
  if ends ~= 0 and now >= ends then
    local owner = state['lo'] or ''
    if owner ~= '' and owner ~= me and now < number('lu') then
      lease = number('lu') - now
    else
      set('lo', me)
      set('lu', now + lease_time)
      set('ll', lease_time)
      lease = 0
    end
  end
elseif action == 'settle' then
  keep = longest
  if state['lo'] == me and number('u') ~= 0 then
    local outcome, open_for = ARGV[8], tonumber(ARGV[9])
    if outcome == 'success' then
      enter(0)
      set('r', 0)
    elseif outcome == 'failure' then
      enter(now + math.min(open_for, longest))
      set('r', number('r') + 1)
    else
      set('lo', '')
      set('lu', 0)
      set('ll', 0)
    end
  end
end

local fields = {}
for field, value in pairs(writes) do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
if #fields > 0 then
  redis.call('HSET', key, unpack(fields))
else
  -- Changes nothing: no field has an empty name. A replica refuses it, as it will refuse what does.
  redis.call('HDEL', key, '')
end
if keep > 0 and redis.call('EXISTS', key) == 1 then
  redis.call('PEXPIRE', key, string.format('%.0f', 2 * keep))
end

local ends, phase, remaining = number('u'), 0, 0
if ends ~= 0 then
  phase = 2
  if now < ends then
    phase, remaining = 1, ends - now
  end
end
local epoch, reopened, by = text(number('e')), number('r'), state['b'] or ''
if changed == 1 then
  local update = { epoch, text(phase), text(remaining), text(reopened), by, fleet, breaker }
  redis.call('PUBLISH', channel, table.concat(update, '\n'))
end
return { epoch, phase, remaining, reopened, by, lease, changed }
