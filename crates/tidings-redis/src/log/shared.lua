-- What append and sweep share, before either. KEYS[1] is `<prefix>{log}:meta`; every other key lies beside it, in the
-- same slot of a cluster. KEYS declares what is surely touched, so that while the slot moves a call is refused as a whole.
local META = KEYS[1]
local BASE = string.sub(META, 1, -5)
local LOG, CHANNELS, LOST, OLDEST = BASE .. 'log', BASE .. 'channels', BASE .. 'lost', BASE .. 'oldest'

local function text(number)
  return string.format('%.0f', number)
end

local meta = redis.call('HMGET', META, 'epoch', 'seq', 'bytes', 'forgotten', 'time', 'host')
local epoch = tonumber(meta[1])
local seq, bytes, forgotten = tonumber(meta[2] or 0), tonumber(meta[3] or 0), tonumber(meta[4] or 0)

-- The log's time never goes back. Where the host's clock was set back, it goes on at half its pace until the host is
-- there again: events still age, and nothing is dated wrong for ever.
local now, host
do
  local time = redis.call('TIME')
  local last, seen = tonumber(meta[5] or 0), tonumber(meta[6] or 0)
  host = time[1] * 1000 + math.floor(time[2] / 1000)
  now = host
  if host < last then
    local half = math.max(0, math.floor((host - seen) / 2))
    now = last + half
    -- What is no whole step yet is not lost.
    if half == 0 and host > seen then host = seen end
  end
end

local NOW, HOST = text(now), text(host)

-- The channels that this call looked at, each with what `channels` says of it in one line: its bytes, the age that it
-- keeps, its events, its ids, and a time that none of its events is from before.
local kept = {}

local function channel(name, line)
  local c = kept[name]
  if c then return c end
  c = {
    events = BASE .. 'ch:' .. name, ids = BASE .. 'ids:' .. name, order = BASE .. 'order:' .. name,
    keys = BASE .. 'keys:' .. name, bytes = 0, age = 0, n = 0, idn = 0, first = 0, trimmed = 0,
  }
  if line == nil then line = redis.call('HGET', CHANNELS, name) end
  if line then
    local b, age, n, idn, first = string.match(line, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
    c.bytes, c.age, c.n, c.idn, c.first = tonumber(b), tonumber(age), tonumber(n), tonumber(idn), tonumber(first)
    c.due = c.age > 0 and c.first + c.age
  end
  kept[name] = c
  return c
end

-- Without room, Redis refuses the first write of a script if that is one that needs some, and none after it. So what
-- only frees must not come first in an append, which would then be done by half.
local is_written = false

local function claim_room()
  if not is_written then redis.call('HSET', META, 'time', NOW, 'host', HOST) end
  is_written = true
end

local function oldest_id(c)
  return string.match(redis.call('LINDEX', c.order, 0), '^(%d+) (%d+) (.*)$')
end

local function forget_id(c, id)
  redis.call('LPOP', c.order)
  redis.call('HDEL', c.ids, id)
  c.idn = c.idn - 1
  c.changed = true
end

-- Whether a channel's keys are here, which nobody declared: of a slot that moves some are already elsewhere.
local function is_here(c)
  return type(redis.pcall('EXISTS', c.events, c.ids, c.order, c.keys)) == 'number'
end

-- Lets go of a channel's oldest event, and of the ids up to it.
local function pop(c)
  local place, size, time, key = string.match(redis.call('ZPOPMIN', c.events)[1], '^(%d+) (%d+) (%d+) (.*)$')
  redis.call('ZREMRANGEBYSCORE', LOG, place, place)
  if key ~= '' then redis.call('HDEL', c.keys, key) end
  c.n, c.bytes, bytes = c.n - 1, c.bytes - size, bytes - size
  c.trimmed, c.first, c.changed = tonumber(place), tonumber(time), true
  while c.idn > 0 do
    local at, _, id = oldest_id(c)
    if tonumber(at) > c.trimmed then break end
    forget_id(c, id)
  end
end

-- Lets go of what is too old in a channel, at most so many events. Answers how many.
local function expire(c, most)
  local oldest, popped = now - c.age, 0
  if c.age == 0 then return 0 end
  while c.n > 0 and c.first < oldest and popped < most do
    local front = redis.call('ZRANGE', c.events, 0, 0)[1]
    local time = tonumber(string.match(front, '^%d+ %d+ (%d+) '))
    if time < oldest then
      pop(c)
      popped = popped + 1
    else
      c.first, c.is_exact, c.changed = time, true, true
    end
  end
  while c.idn > 0 do
    local _, time, id = oldest_id(c)
    if tonumber(time) >= oldest then break end
    forget_id(c, id)
  end
  return popped
end

-- When a channel is due: no later than its oldest event, and moved on by whoever looked at that.
local function settle_due(name, c)
  local due = c.age > 0 and c.first + c.age
  if not due then
    if c.due then redis.call('ZREM', OLDEST, name) end
  elseif not c.due or due < c.due or c.is_exact then
    redis.call('ZADD', OLDEST, text(due), name)
  end
end

-- Writes down what became of the channels and of the whole.
local function settle(lost_max)
  local lines, lost, is_new = {}, {}, false
  for name, c in pairs(kept) do
    if c.changed then
      if c.n == 0 then
        redis.call('HDEL', CHANNELS, name)
        redis.call('ZREM', OLDEST, name)
        redis.call('UNLINK', c.events, c.ids, c.order, c.keys)
      else
        lines[#lines + 1] = name
        lines[#lines + 1] = text(c.bytes) .. ' ' .. text(c.age) .. ' ' .. c.n .. ' ' .. c.idn .. ' ' .. text(c.first)
        settle_due(name, c)
      end
      if c.trimmed > 0 then
        lost[#lost + 1] = text(c.trimmed)
        lost[#lost + 1] = name
      end
    end
    if #lines > 1000 or #lost > 1000 then
      if #lines > 0 then redis.call('HSET', CHANNELS, unpack(lines)) end
      if #lost > 0 and redis.call('ZADD', LOST, unpack(lost)) > 0 then is_new = true end
      lines, lost = {}, {}
    end
  end
  if #lines > 0 then redis.call('HSET', CHANNELS, unpack(lines)) end
  if #lost > 0 and redis.call('ZADD', LOST, unpack(lost)) > 0 then is_new = true end
  local more = is_new and redis.call('ZCARD', LOST) - lost_max or 0
  if more > 0 then
    -- Those that lost something longest ago, the last of them the latest.
    local names = redis.call('ZPOPMIN', LOST, more)
    forgotten = math.max(forgotten, tonumber(names[#names]))
  end
  redis.call('HSET', META, 'seq', text(seq), 'bytes', text(bytes), 'forgotten', text(forgotten),
    'time', NOW, 'host', HOST)
end

