-- Writes what one hub has of a user, and says who is to go. KEYS[2] is `<prefix>{q<n>}:u:<user>`, a hash: of each
-- incarnation its version and the clients that it has, five lines each: client, connection, since, rank, 1 where proven.
--
-- ARGV: incarnation; version; known; limit; 1 where a newcomer beyond it is refused; the user; what all channels of
-- hubs begin with; for how long what is here is kept, and what says only that nobody is here, both in ms; the clients; a
-- newcomer, or nothing; 1 where its client is one that the hub has already; the time, as far as the caller knows, or 0.
-- Answers `fenced`, `stale`, `placed` and each that is to go, or `refused` and each that holds the limit, four lines each.

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

-- What is claimed: by the others whose leases live, by the caller, and by the newcomer. Claims are arrays: they are made in
-- half the time of tables with names, and most calls need no more of them than their number.
local INCARNATION, NODE, CLIENT, CONNECTION, SINCE, RANK, IS_SURE, IS_NEWCOMER, WHY = 1, 2, 3, 4, 5, 6, 7, 8, 9
-- Of two numbers as they are written.
local function is_less(rank, other)
  if #rank ~= #other then return #rank < #other end
  return rank < other
end
local claims, is_there, clients, comes_twice = {}, {}, 0, false
local function claim(incarnation, node, is_here, told, is_newcomer)
  for client, connection, since, rank, proven in
    string.gmatch(told, '([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n') do
    claims[#claims + 1] = { incarnation, node, client, connection, since, rank, is_here and proven == '1', is_newcomer,
      false }
    if is_there[client] then
      comes_twice = true
    else
      is_there[client] = true
      clients = clients + 1
    end
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
local standing, leaving, is_back = claims, {}, newcomer == '' or ARGV[12] == '1'
if comes_twice then
  table.sort(claims, function(a, b)
    if a[CLIENT] ~= b[CLIENT] then return a[CLIENT] < b[CLIENT] end
    if a[IS_NEWCOMER] ~= b[IS_NEWCOMER] then return a[IS_NEWCOMER] end
    if a[RANK] ~= b[RANK] then return is_less(b[RANK], a[RANK]) end
    return a[INCARNATION] > b[INCARNATION]
  end)
  standing = {}
  local before
  for _, c in ipairs(claims) do
    if before and before[CLIENT] == c[CLIENT] then
      c[WHY] = 'superseded'
      leaving[#leaving + 1] = c
      is_back = is_back or before[IS_NEWCOMER]
    else
      before = c
      standing[#standing + 1] = c
    end
  end
end

-- Those whose far end may be gone give way first, then the oldest. A newcomer never does.
local over, is_refused = limit > 0 and clients - limit or 0, false
local function is_before(a, b)
  if a[IS_NEWCOMER] ~= b[IS_NEWCOMER] then return b[IS_NEWCOMER] end
  if not is_refused and a[IS_SURE] ~= b[IS_SURE] then return b[IS_SURE] end
  if a[RANK] ~= b[RANK] then return is_less(a[RANK], b[RANK]) end
  if a[INCARNATION] ~= b[INCARNATION] then return a[INCARNATION] < b[INCARNATION] end
  return a[CLIENT] < b[CLIENT]
end
if over > 0 then
  local unsure, is_sorted = 0, true
  for _, c in ipairs(standing) do
    if not c[IS_NEWCOMER] and not c[IS_SURE] then unsure = unsure + 1 end
  end
  is_refused = refuses and not is_back and unsure < over
  for at = 2, #standing do
    is_sorted = is_sorted and is_before(standing[at - 1], standing[at])
  end
  if not is_sorted then table.sort(standing, is_before) end
  if standing[#standing][IS_NEWCOMER] then standing[#standing] = nil end
end

local answer = { is_refused and 'refused' or 'placed' }
if is_refused then
  for _, c in ipairs(standing) do
    answer[#answer + 1] = c[NODE] .. '\n' .. c[CLIENT] .. '\n' .. c[CONNECTION] .. '\n' .. c[SINCE]
  end
else
  held = held .. newcomer
  for at = 1, math.min(over, #standing) do
    standing[at][WHY] = 'limit'
    leaving[#leaving + 1] = standing[at]
  end
  for _, c in ipairs(leaving) do
    answer[#answer + 1] = c[INCARNATION] .. '\n' .. c[CLIENT] .. '\n' .. c[CONNECTION] .. '\n' .. c[WHY]
  end
end

if version > tonumber(seen) then seen = ARGV[2] end
local line = until_ms .. ' ' .. kept .. ' ' .. seen .. ' ' .. floor .. ' ' .. node
local time = clock()
if time ~= lines[1] then
  redis.call('HSET', NODES, 'clock', time, own, line)
else
  redis.call('HSET', NODES, own, line)
end
redis.call('HSET', USER, own, ARGV[2] .. '\n' .. held)
if #void > 0 then redis.call('HDEL', USER, unpack(void)) end
redis.call('PEXPIRE', USER, (held ~= '' or others_hold) and kept_ms or void_ms)
for _, c in ipairs(leaving) do
  local incarnation = c[INCARNATION]
  if incarnation ~= own then
    local inbox = string.match(incarnation, '^[^-]*')
    redis.call('PUBLISH', channels .. inbox,
      incarnation .. '\n' .. user .. '\n' .. c[CLIENT] .. '\n' .. c[CONNECTION] .. '\n' .. c[WHY])
  end
end
return answer
