-- Takes over what a hub tells of itself, lets go of what hubs left that are no more, and answers who is there. After
-- shared.lua and place.lua.
--
-- Keys beside the log's: `nodes` has a line for each life of a hub: until when it counts, its lease, when it was heard
-- of, its connections, the version of what it told, 1 if another life took its place or 2 if some of what it had is let go, its name. `rows:<life>` has its
-- connections; `own:<life>` what is to be let go with it; `in:<channel>` of each user a line for each life that has it
-- there; `held` of each channel the lives that have a reader.
--
-- ARGV: bytes kept over all channels; names remembered for what they lost; PUBLISH or SPUBLISH, and where; the life, its
-- name, lease, connections, base, version; the life that it takes the place of, or ''; coming, here or leaving; the epoch
-- and place that the caller knows of, or '' and 0. Then changes: `r`, id, row or ''; `m`, channel, user, connections, info or '', what the channel keeps (count, age, bytes),
-- and size and end of the entries that tell of coming and going; `o`, channel, 1 or 0.
--
-- Answers nothing where there is no log, or one that has lost something, which is for append.lua to see to; -1 where the base is not what is here; else 1, whether more is to be let go, and
-- of each life that counts: life, name, connections, since when it was heard of, and how long it counts.

if not epoch then return {} end
do
  local known, known_seq = tonumber(ARGV[13]), tonumber(ARGV[14])
  local LIFE = 1099511627776
  local is_later = known and known ~= epoch and math.floor(known / LIFE) >= math.floor(epoch / LIFE)
  if is_later or (known == epoch and known_seq > seq) then return {} end
end

local NODES, HELD = BASE .. 'nodes', BASE .. 'held'
local REAPED_MAX = 200
total_max = tonumber(ARGV[1])
local lost_max, life, name = tonumber(ARGV[2]), ARGV[5], ARGV[6]
local lease, active, base, version = tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local replaced, stage = ARGV[11], ARGV[12]

local lives = {}
do
  local lines = redis.call('HGETALL', NODES)
  for at = 1, #lines, 2 do
    local ends, own, seen, count, told_to, is_old, node =
      string.match(lines[at + 1], '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d) (.*)$')
    lives[lines[at]] = {
      ends = tonumber(ends), lease = tonumber(own), seen = tonumber(seen), active = count, version = tonumber(told_to),
      is_old = is_old ~= '0', is_doomed = is_old == '2', node = node,
    }
  end
end

local me = lives[life]
if (me and me.version or 0) ~= base and not (me and me.version == version) then return {-1} end
if not me and base > 0 then return {-1} end
-- Some of what it had is let go already.
if me and me.is_doomed and stage ~= 'leaving' then return {-1} end
local is_again = me and me.version == version and base ~= version
claim_room()

-- Nobody was heard of for long: Redis was away, and nobody could renew anything.
local newest = 0
for _, other in pairs(lives) do newest = math.max(newest, other.seen) end
for _, other in pairs(lives) do
  if newest < now - other.lease / 2 and not other.is_doomed then other.ends = math.max(other.ends, now + other.lease / 2) end
end

local function own_key(owner)
  return BASE .. 'own:' .. owner
end

local function member(owner, channel_name, user, count, info, keep, joined, left)
  local key, field = BASE .. 'in:' .. channel_name, 'm\n' .. channel_name .. '\n' .. user
  local old, others = redis.call('HGET', key, user), {}
  for line in string.gmatch(old or '', '[^\n]+') do
    if string.match(line, '^[^\t]*') ~= owner then others[#others + 1] = line end
  end
  if count ~= '0' then
    others[#others + 1] = owner .. '\t' .. count .. '\t' .. info
    redis.call('HSET', key, user, table.concat(others, '\n'))
    redis.call('HSET', own_key(owner), field,
      table.concat({keep[1], keep[2], keep[3], left[1]}, ' ') .. '\n' .. left[2])
    if not old then append(channel_name, keep[1], keep[2], keep[3], joined[1], '', '', joined[2]) end
  else
    redis.call('HDEL', own_key(owner), field)
    if #others > 0 then
      redis.call('HSET', key, user, table.concat(others, '\n'))
    elseif old then
      redis.call('HDEL', key, user)
      append(channel_name, keep[1], keep[2], keep[3], left[1], '', '', left[2])
    end
  end
end

-- Told to one hub, which tells whoever wants to know.
local function occupied(channel_name, is_there)
  local tail = 'order\n\n\n' .. cjson.encode({by = life, what = {occupied = {channel = channel_name, occupied = is_there}}})
  append('$hub/cluster/occupied', 10000, 3600000, 0, #tail + 100, '', '', tail)
end

local function reader(owner, channel_name, is_there)
  local old, others = redis.call('HGET', HELD, channel_name), {}
  for other in string.gmatch(old or '', '[^ ]+') do
    if other ~= owner then others[#others + 1] = other end
  end
  if is_there then
    others[#others + 1] = owner
    redis.call('HSET', own_key(owner), 'o\n' .. channel_name, '')
  else
    redis.call('HDEL', own_key(owner), 'o\n' .. channel_name)
  end
  if #others > 0 then
    redis.call('HSET', HELD, channel_name, table.concat(others, ' '))
    if not old then occupied(channel_name, true) end
  elseif old then
    redis.call('HDEL', HELD, channel_name)
    occupied(channel_name, false)
  end
end

-- Lets go of some of what a life had. Answers whether it was the last.
local function reap(owner)
  -- Of a slot that moves some are already elsewhere: it is done when that is over.
  if type(redis.pcall('EXISTS', own_key(owner), BASE .. 'rows:' .. owner, HELD)) ~= 'number' then return false end
  local had = redis.call('HRANDFIELD', own_key(owner), REAPED_MAX, 'WITHVALUES')
  for at = 1, #had, 2 do
    local kind, of = string.match(had[at], '^(%a)\n(.*)$')
    if kind == 'm' then
      local channel_name, user = string.match(of, '^([^\n]*)\n(.*)$')
      if not is_here(channel(channel_name)) or type(redis.pcall('EXISTS', BASE .. 'in:' .. channel_name)) ~= 'number' then
        return false
      end
      local count, age, room, size, tail = string.match(had[at + 1], '^(%d+) (%d+) (%d+) (%d+)\n(.*)$')
      local keep = {tonumber(count), tonumber(age), tonumber(room)}
      member(owner, channel_name, user, '0', '', keep, nil, {tonumber(size), tail})
    else
      reader(owner, of, false)
    end
  end
  if #had == 2 * REAPED_MAX then return false end
  redis.call('UNLINK', own_key(owner), BASE .. 'rows:' .. owner)
  redis.call('HDEL', NODES, owner)
  lives[owner] = nil
  return true
end

local function change(at)
  local kind = ARGV[at]
  if kind == 'r' then
    local key, id, row = BASE .. 'rows:' .. life, ARGV[at + 1], ARGV[at + 2]
    if row == '' then redis.call('HDEL', key, id) else redis.call('HSET', key, id, row) end
    return at + 3
  elseif kind == 'm' then
    local keep = {tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7])}
    local joined, left = {tonumber(ARGV[at + 8]), ARGV[at + 9]}, {tonumber(ARGV[at + 10]), ARGV[at + 11]}
    member(life, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], keep, joined, left)
    return at + 12
  end
  reader(life, ARGV[at + 1], ARGV[at + 2] == '1')
  return at + 3
end

local at = 15
while at <= #ARGV and not is_again do at = change(at) end

me = {ends = now + lease, lease = lease, seen = now, active = active, version = version, is_old = false, node = name}
if stage == 'leaving' then me.ends = 0 end
lives[life] = me
local before = lives[replaced]
if before then
  before.is_old = true
  if stage ~= 'coming' then before.ends = 0 end
end

local more, answer = 0, {}
for owner, other in pairs(lives) do
  if other.ends <= now and more == 0 and not reap(owner) then
    other.is_doomed, more = true, 1
  end
end
local lines = {}
for owner, other in pairs(lives) do
  local is_old = other.is_doomed and 2 or other.is_old and 1 or 0
  lines[#lines + 1] = owner
  lines[#lines + 1] = table.concat({text(other.ends), text(other.lease), text(other.seen), other.active,
    text(other.version), is_old, other.node}, ' ')
  if is_old == 0 and other.ends > now then
    for _, value in ipairs({owner, other.node, other.active, text(now - other.seen), text(other.ends - now)}) do
      answer[#answer + 1] = value
    end
  end
end
if #lines > 0 then redis.call('HSET', NODES, unpack(lines)) end
settle(lost_max)
tell(ARGV[3], ARGV[4])
return {1, more, answer}
