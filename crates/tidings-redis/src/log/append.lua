-- Puts a batch of events at the end of the log, and tells of them. All of it, or nothing.
--
-- ARGV: the epoch and place that the caller knows of, or '' and 0; a random number below 2^40; bytes kept over all
-- channels; names of channels remembered for what they lost; PUBLISH or SPUBLISH or '', and where.
-- For each event: its channel; what that keeps: count, age, bytes; what the event counts in bytes; its id, its key, and
-- the end of its entry.
--
-- Answers epoch, the newest place and the time, and of each event its place, its time and 1 if it was a duplicate.

-- An epoch is the number of the log's life, and chance. Who knows of a later life, or of another with the same number,
-- sees a log that was put back to what it was before; who knows of a later place in this life, one that lost something.
-- What is here stays, as history: the new life begins behind it.
local LIFE, LIVES = 1099511627776, 8191
local known, known_seq, chance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local life, known_life = math.floor((epoch or 0) / LIFE), math.floor((known or 0) / LIFE)
local is_other = known and known ~= epoch and known_life >= life
if not epoch or is_other or (known == epoch and known_seq > seq) then
  claim_room()
  if not epoch then
    -- Somebody deleted what says how the rest belongs together.
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
    seq, bytes, forgotten = 0, 0, 0
  end
  epoch = math.min(math.max(life, known_life) + 1, LIVES) * LIFE + chance
  redis.call('HSET', META, 'epoch', text(epoch), 'began', text(seq))
end

total_max = tonumber(ARGV[4])
local answer, lost_max = {epoch, 0, now}, tonumber(ARGV[5])

local names = {}
for at = 8, #ARGV, 8 do
  names[#names + 1] = ARGV[at]
end
local lines = #names > 0 and redis.call('HMGET', CHANNELS, unpack(names)) or {}
for n, name in ipairs(names) do
  channel(name, lines[n])
end

for at = 8, #ARGV, 8 do
  local place, time, is_duplicate = append(ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]),
    tonumber(ARGV[at + 4]), ARGV[at + 5], ARGV[at + 6], ARGV[at + 7])
  answer[#answer + 1] = place
  answer[#answer + 1] = time
  answer[#answer + 1] = is_duplicate
end

settle(lost_max)
answer[2] = seq
tell(ARGV[6], ARGV[7])
return answer
