-- Puts a batch of events at the end of the log, and tells of them. All of it, or nothing.
--
-- ARGV: the epoch and place that the caller knows of, or '' and 0; a random number below 2^40; bytes kept over all
-- channels; names of channels remembered for what they lost; PUBLISH or SPUBLISH, and where.
-- For each event: its channel; what that keeps: count, age, bytes; what the event counts in bytes; its id, its key, and
-- the end of its entry.
--
-- Answers epoch, the newest place and the time, and of each event its place, its time and 1 if it was a duplicate.

-- An epoch is the number of the log's life, and chance. Who knows of a later life, or of another with the same number,
-- sees a log that was put back to what it was before; who knows of a later place in this life, one that lost something.
local LIFE, LIVES = 1099511627776, 8191
local known, known_seq, chance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local life, known_life = math.floor((epoch or 0) / LIFE), math.floor((known or 0) / LIFE)
local is_other = known and known ~= epoch and known_life >= life
if not epoch or is_other or (known == epoch and known_seq > seq) then
  claim_room()
  local doomed = {LOG, CHANNELS, LOST, OLDEST}
  for _, name in ipairs(redis.call('HKEYS', CHANNELS)) do
    for _, kind in ipairs({'ch:', 'ids:', 'order:', 'keys:'}) do
      doomed[#doomed + 1] = BASE .. kind .. name
    end
    if #doomed > 1000 then
      redis.call('UNLINK', unpack(doomed))
      doomed = {LOG}
    end
  end
  redis.call('UNLINK', CHANNELS, unpack(doomed))
  epoch = math.min(math.max(life, known_life) + 1, LIVES) * LIFE + chance
  seq, bytes, forgotten = 0, 0, 0
  redis.call('HSET', META, 'epoch', text(epoch))
end

local total, lost_max = tonumber(ARGV[4]), tonumber(ARGV[5])
local answer, told = {epoch, 0, now}, {}

local names = {}
for at = 8, #ARGV, 8 do
  names[#names + 1] = ARGV[at]
end
local lines = #names > 0 and redis.call('HMGET', CHANNELS, unpack(names)) or {}
for n, name in ipairs(names) do
  channel(name, lines[n])
end

for at = 8, #ARGV, 8 do
  local name, count, age, room = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local size, id, key = tonumber(ARGV[at + 4]), ARGV[at + 5], ARGV[at + 6]
  local c = channel(name)
  if c.age ~= age then
    c.age, c.changed = age, true
  end
  if c.age > 0 and c.first < now - c.age or c.idn > 0 then claim_room() end
  expire(c, 2000)
  local first = id ~= '' and c.idn > 0 and redis.call('HGET', c.ids, id)
  if first then
    local place, time = string.match(first, '^(%d+) (%d+)$')
    answer[#answer + 1] = tonumber(place)
    answer[#answer + 1] = tonumber(time)
    answer[#answer + 1] = 1
  else
    seq = seq + 1
    local place = text(seq)
    if key ~= '' then
      claim_room()
      local old = redis.call('HGET', c.keys, key)
      local entry = old and redis.call('ZRANGEBYSCORE', c.events, old, old)[1]
      if entry then
        local freed = string.match(entry, '^%d+ (%d+) ')
        redis.call('ZREMRANGEBYSCORE', c.events, old, old)
        redis.call('ZREMRANGEBYSCORE', LOG, old, old)
        c.n, c.bytes, bytes = c.n - 1, c.bytes - freed, bytes - freed
      end
      redis.call('HSET', c.keys, key, place)
    end
    local entry = place .. '\n' .. NOW .. '\n' .. name .. '\n' .. ARGV[at + 7]
    redis.call('ZADD', LOG, place, entry)
    is_written = true
    redis.call('ZADD', c.events, place, place .. ' ' .. ARGV[at + 4] .. ' ' .. NOW .. ' ' .. key)
    if c.n == 0 then c.first = now end
    c.n, c.bytes, bytes, c.changed = c.n + 1, c.bytes + size, bytes + size, true
    while c.n > 1 and ((count > 0 and c.n > count) or (room > 0 and c.bytes > room)) do
      pop(c)
    end
    while total > 0 and bytes > total do
      local oldest, whose = string.match(redis.call('ZRANGE', LOG, 0, 0)[1], '^(%d+)\n%d+\n([^\n]*)\n')
      local other = channel(whose)
      if tonumber(oldest) == seq or (other ~= c and not is_here(other)) then break end
      pop(other)
    end
    if id ~= '' then
      redis.call('HSET', c.ids, id, place .. ' ' .. NOW)
      redis.call('RPUSH', c.order, place .. ' ' .. NOW .. ' ' .. id)
      c.idn = c.idn + 1
      while count > 0 and c.idn > count do
        local _, _, old = oldest_id(c)
        forget_id(c, old)
      end
    end
    told[#told + 1] = entry
    answer[#answer + 1] = seq
    answer[#answer + 1] = now
    answer[#answer + 1] = 0
  end
end

settle(lost_max)
answer[2] = seq
if #told > 0 then
  redis.call(ARGV[6], ARGV[7], text(epoch) .. '\n' .. table.concat(told, '\n'))
end
return answer
