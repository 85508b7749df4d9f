-- Writes what one hub has of a user, and says who is to go. KEYS[2] is `<prefix>{q<n>}:u:<user>`, a hash: of each
-- incarnation its version and the clients that it has, five lines each: client, connection, since, rank, 1 where proven.
--
-- ARGV: incarnation; version; known; limit; 1 where a newcomer beyond it is refused; the user; what all channels of
-- hubs begin with; for how long what is here is kept, and what says only that nobody is here, both in ms; the clients; a
-- newcomer, or nothing; 1 where its client is one that the hub has already; the time, as far as the caller knows, or 0.
-- Answers `fenced`, `stale`, `placed` and of each that is to go five fields, or `refused` and of each that holds the limit
-- four.

local USER = KEYS[2]
local own, version, known, limit, refuses = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local user, channels, kept_ms, void_ms, held, newcomer = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]

local parts = redis.call('HGETALL', USER)
local names = { 'clock', own }
for at = 1, #parts, 2 do
  if parts[at] ~= own then names[#names + 1] = parts[at] end
end
local lines = redis.call('HMGET', NODES, unpack(names))
tick(lines[1], tonumber(ARGV[13]))
local until_ms, kept, seen, floor, node = string.match(lines[2] or '', LEASE)
if not until_ms or tonumber(until_ms) <= now or tonumber(seen) < known then return { 'fenced' } end
if version <= tonumber(floor) then return { 'stale' } end

-- What is claimed: by the caller, the newcomer, and the others whose leases live.
local claims = {}
local function claim(incarnation, node, is_here, told, is_newcomer)
  if told == '' then return end
  for client, connection, since, rank, proven in string.gmatch(told, '([^\n]*)\n([^\n]*)\n(%d+)\n(%d+)\n(%d)\n') do
    claims[#claims + 1] = { incarnation = incarnation, node = node, client = client, connection = connection,
      since = since, rank = tonumber(rank), is_sure = is_here and proven == '1', is_newcomer = is_newcomer }
  end
end

local void, others_hold, at_line = {}, false, 2
for at = 1, #parts, 2 do
  local incarnation = parts[at]
  local at_version, told = string.match(parts[at + 1], '^(%d+)\n(.*)$')
  if incarnation == own then
    if version <= tonumber(at_version) then return { 'stale' } end
  else
    at_line = at_line + 1
    local other = read(lines[at_line])
    if not other or other.until_ms <= now or (told == '' and tonumber(at_version) <= other.floor) then
      void[#void + 1] = incarnation
    else
      others_hold = others_hold or told ~= ''
      -- No two beats in a row were missed, of the four in a lease.
      local is_here = 8 * (other.until_ms - now) >= 3 * (other.until_ms - other.kept)
      claim(incarnation, other.node, is_here, told, false)
    end
  end
end
claim(own, node, true, held, false)
claim(own, node, true, newcomer, true)

-- Of each client the newcomer stands, or the latest.
if #claims > 1 then table.sort(claims, function(a, b)
  if a.client ~= b.client then return a.client < b.client end
  if a.is_newcomer ~= b.is_newcomer then return a.is_newcomer end
  if a.rank ~= b.rank then return a.rank > b.rank end
  return a.incarnation > b.incarnation
end) end
local standing, leaving, is_back, clients, unsure = {}, {}, newcomer == '' or ARGV[12] == '1', 0, 0
local before
for _, c in ipairs(claims) do
  if before and before.client == c.client then
    c.why = 'superseded'
    leaving[#leaving + 1] = c
    is_back = is_back or before.is_newcomer
  else
    before = c
    clients = clients + 1
    if not c.is_newcomer then
      standing[#standing + 1] = c
      if not c.is_sure then unsure = unsure + 1 end
    end
  end
end

local over = limit > 0 and clients - limit or 0
local function by_age(a, b)
  if a.rank ~= b.rank then return a.rank < b.rank end
  if a.incarnation ~= b.incarnation then return a.incarnation < b.incarnation end
  return a.client < b.client
end
local is_refused = over > 0 and refuses and not is_back and unsure < over
local answer
if is_refused then
  table.sort(standing, by_age)
  answer = { 'refused' }
  for _, c in ipairs(standing) do
    answer[#answer + 1] = { c.node, c.client, c.connection, c.since }
  end
else
  held = held .. newcomer
  if over > 0 then
    table.sort(standing, function(a, b)
      if a.is_sure ~= b.is_sure then return b.is_sure end
      return by_age(a, b)
    end)
    for at = 1, math.min(over, #standing) do
      standing[at].why = 'limit'
      leaving[#leaving + 1] = standing[at]
    end
  end
  answer = { 'placed' }
  for _, c in ipairs(leaving) do
    answer[#answer + 1] = { c.incarnation, c.client, c.connection, c.why }
  end
end

if version > tonumber(seen) then seen = ARGV[2] end
local line = until_ms .. ' ' .. kept .. ' ' .. seen .. ' ' .. floor .. ' ' .. node
if clock() ~= lines[1] then
  redis.call('HSET', NODES, 'clock', clock(), own, line)
else
  redis.call('HSET', NODES, own, line)
end
redis.call('HSET', USER, own, ARGV[2] .. '\n' .. held)
if #void > 0 then redis.call('HDEL', USER, unpack(void)) end
redis.call('PEXPIRE', USER, (held ~= '' or others_hold) and kept_ms or void_ms)
for _, c in ipairs(leaving) do
  if c.incarnation ~= own then
    local inbox = string.match(c.incarnation, '^[^-]*')
    redis.call('PUBLISH', channels .. inbox,
      c.incarnation .. '\n' .. user .. '\n' .. c.client .. '\n' .. c.connection .. '\n' .. c.why)
  end
end
return answer
