-- Looks at the newest place, and at what is held at some others. KEYS are `<prefix>{log}:meta` and `:log`.
--
-- ARGV: places.
-- Answers nothing where there is no log, else epoch, the newest place, and for each of these places when what is there
-- was appended, or '' where nothing is held.

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
if not meta[1] then return {} end
local answer = {meta[1], meta[2]}
for _, place in ipairs(ARGV) do
  local entry = redis.call('ZRANGEBYSCORE', KEYS[2], place, place)[1]
  answer[#answer + 1] = entry and string.match(entry, '^%d+\n(%d+)\n') or ''
end
return answer
