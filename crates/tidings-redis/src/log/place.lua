-- How one event gets its place, after shared.lua. Bytes kept over all channels, 0 for no bound; and what is to be told.
local total_max, told = 0, {}

-- Answers its place, its time and 1 if it was a duplicate.
local function append(name, count, age, room, size, id, key, tail)
  local c = channel(name)
  if c.age ~= age then
    c.age, c.changed = age, true
  end
  if c.age > 0 and c.first < now - c.age or c.idn > 0 then claim_room() end
  expire(c, 2000)
  local first = id ~= '' and c.idn > 0 and redis.call('HGET', c.ids, id)
  if first then
    local place, time = string.match(first, '^(%d+) (%d+)$')
    return tonumber(place), tonumber(time), 1
  end
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
  local entry = place .. '\n' .. NOW .. '\n' .. name .. '\n' .. tail
  redis.call('ZADD', LOG, place, entry)
  is_written = true
  redis.call('ZADD', c.events, place, place .. ' ' .. text(size) .. ' ' .. NOW .. ' ' .. key)
  if c.n == 0 then c.first = now end
  c.n, c.bytes, bytes, c.changed = c.n + 1, c.bytes + size, bytes + size, true
  while c.n > 1 and ((count > 0 and c.n > count) or (room > 0 and c.bytes > room)) do
    pop(c)
  end
  while total_max > 0 and bytes > total_max do
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
  return seq, now, 0
end

-- Without a command, whoever called tells.
local function tell(publish, bus)
  if publish ~= '' and #told > 0 then
    redis.call(publish, bus, text(epoch) .. '\n' .. table.concat(told, '\n'))
  end
end

