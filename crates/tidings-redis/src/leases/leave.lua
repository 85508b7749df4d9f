-- Ends a lease. ARGV: incarnation.

local lines = redis.call('HMGET', NODES, 'clock', ARGV[1])
tick(lines[1])
local lease = read(lines[2])
if lease then
  -- It is over at any time that is to come.
  lease.until_ms = math.min(lease.until_ms, last)
  redis.call('HSET', NODES, ARGV[1], write(lease))
end
return 1
