-- Lets go of what is too old, at most so many events.
--
-- ARGV: how many; names of channels remembered for what they lost.
-- Answers the time, how many events went, and 1 where more are due.

local most, popped = tonumber(ARGV[1]), 0
-- What goes first is taken before anything is written that needs room: where there is none, this makes it.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', OLDEST, '-inf', '(' .. NOW, 'LIMIT', 0, most)) do
  local c = channel(name)
  if is_here(c) then
    -- What is known of its oldest may be too early: here it is looked at.
    c.first = 0
    popped = popped + expire(c, most - popped)
    if c.n == 0 then c.changed = true end
  end
  if popped >= most then break end
end
if next(kept) then settle(tonumber(ARGV[2])) end
local rest = redis.call('ZCOUNT', OLDEST, '-inf', '(' .. NOW)
return {now, popped, rest > 0 and 1 or 0}
