-- Tells the leases: of each the incarnation, the hub's name, for how much longer, and how long ago it was last kept.

local all, told = redis.call('HGETALL', NODES), {}
for at = 1, #all, 2 do
  if all[at] == 'clock' then tick(all[at + 1]) end
end
if not now then return told end
for at = 1, #all, 2 do
  if all[at] ~= 'clock' then
    local lease = read(all[at + 1])
    told[#told + 1] = { all[at], lease.node, text(math.max(0, lease.until_ms - now)), text(now - lease.kept) }
  end
end
return told
