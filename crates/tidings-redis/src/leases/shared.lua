-- What the scripts of the leases share, before each of them. KEYS[1] is `<prefix>{q<n>}:nodes`, a hash: of each
-- incarnation one line, of `clock` another. No incarnation is named so: each has a `-`.
local NODES = KEYS[1]

local function text(number)
  return string.format('%.0f', number)
end

-- The store's time never goes back: where the host's clock was set back, it goes on from where it was. Nor does it leap
-- from one call to the next, where the caller knows better: a clock that was set on ends no lease.
local LEAP_MS = 500
local last, ahead, now
local function tick(line, known)
  local time = redis.call('TIME')
  last, ahead = string.match(line or '0 0', '^(%d+) (-?%d+)$')
  last, ahead = tonumber(last), tonumber(ahead)
  now = time[1] * 1000 + math.floor(time[2] / 1000) + ahead
  local is_leap = known and known > 0 and now > math.max(last, known) + LEAP_MS
  if now < last or is_leap then
    local on = is_leap and math.max(last, known) or last
    ahead = ahead + on - now
    now = on
  end
end

local function clock()
  return text(now) .. ' ' .. text(ahead)
end

-- A lease: until when, when it was last kept, the highest version written under it, the floor, and the hub's name.
local LEASE = '^(%d+) (%d+) (%d+) (%d+) (.*)$'
local function read(line)
  if not line then return nil end
  local until_ms, kept, seen, floor, node = string.match(line, LEASE)
  return { until_ms = tonumber(until_ms), kept = tonumber(kept), seen = tonumber(seen), floor = tonumber(floor),
    node = node }
end

local function write(lease)
  return text(lease.until_ms) .. ' ' .. text(lease.kept) .. ' ' .. text(lease.seen) .. ' ' .. text(lease.floor)
    .. ' ' .. lease.node
end

