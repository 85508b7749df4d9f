-- Keeps a lease, or begins one.
--
-- ARGV: incarnation; the hub's name; 1 where it begins; the life before, or nothing; floor; known; lease in ms; for how
-- long a lease that is over is remembered, and for how long all are kept, both in ms; the time, as far as the caller
-- knows, or 0.
-- Answers nothing where it is fenced, else the time.

local own, node, is_first, before = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4]
local floor, known, lease_ms, remembered = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local lines = redis.call('HMGET', NODES, 'clock', own, before)
tick(lines[1], tonumber(ARGV[10]))
local lease, former, changes = read(lines[2]), before ~= '' and read(lines[3]), { 'clock', clock() }
if former then
  former.until_ms = math.min(former.until_ms, now)
  changes[#changes + 1], changes[#changes + 2] = before, write(former)
end
local is_kept
if lease then
  is_kept = lease.until_ms > now and lease.seen >= known
else
  is_kept = is_first
  lease = { seen = 0, floor = 0 }
end
if is_kept then
  lease.until_ms, lease.kept, lease.node, lease.floor = now + lease_ms, now, node, math.max(lease.floor, floor)
  changes[#changes + 1], changes[#changes + 2] = own, write(lease)
end
redis.call('HSET', NODES, unpack(changes))
if not is_kept then return {} end
local all = redis.call('HGETALL', NODES)
for at = 1, #all, 2 do
  if all[at] ~= 'clock' and read(all[at + 1]).until_ms + remembered <= now then redis.call('HDEL', NODES, all[at]) end
end
redis.call('PEXPIRE', NODES, text(math.max(tonumber(ARGV[9]), 2 * lease_ms)))
return { text(now) }
