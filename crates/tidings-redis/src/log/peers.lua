-- Answers who is there, as roster.lua does, and touches nothing. KEYS[1] is `<prefix>{log}:meta`, KEYS[2] `nodes`.
local time = redis.call('TIME')
local last = tonumber(redis.call('HGET', KEYS[1], 'time') or 0)
local now = math.max(last, time[1] * 1000 + math.floor(time[2] / 1000))
local answer, lines = {}, redis.call('HGETALL', KEYS[2])
local newest = 0
for at = 2, #lines, 2 do
  newest = math.max(newest, tonumber(string.match(lines[at], '^%d+ %d+ (%d+) ')))
end
for at = 1, #lines, 2 do
  local ends, lease, seen, active, _, is_old, node =
    string.match(lines[at + 1], '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d) (.*)$')
  if newest < now - lease / 2 then ends = math.max(ends, now + lease / 2) end
  if is_old == '0' and tonumber(ends) > now then
    for _, value in ipairs({lines[at], node, active, string.format('%.0f', now - seen), string.format('%.0f', ends - now)}) do
      answer[#answer + 1] = value
    end
  end
end
return answer
