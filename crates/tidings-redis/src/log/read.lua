-- Reads what is held after a place, so much as comes in one answer. KEYS[1] is `<prefix>{log}:meta`.
--
-- ARGV: the place; events, bytes and names of channels in one answer.
-- Answers nothing where there is no epoch, else epoch, the newest place, through which place names were forgotten,
-- through which place this speaks, the channels that lost something up to there, each followed by where, the entries, and
-- through which place the log is of lives before this one.

local base = string.sub(KEYS[1], 1, -5)
local after, most, room, names_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'forgotten', 'began')
if not meta[1] then return {} end

local function text(number)
  return string.format('%.0f', number)
end

local PART = 32
local entries, places, size, through, is_full = {}, {}, 0, after, false
repeat
  local part = redis.call('ZRANGEBYSCORE', base .. 'log', '(' .. text(through), '+inf', 'LIMIT', 0, PART)
  for _, entry in ipairs(part) do
    through = tonumber(string.match(entry, '^%d+'))
    size = size + #entry
    entries[#entries + 1], places[#places + 1] = entry, through
    is_full = #entries >= most or size >= room
    if is_full then break end
  end
until is_full or #part < PART
if not is_full then through = math.max(after, tonumber(meta[2])) end

local lost = {}
if through - after > #entries then
  lost = redis.call('ZRANGEBYSCORE', base .. 'lost', '(' .. text(after), text(through), 'WITHSCORES',
    'LIMIT', 0, names_max + 1)
  if #lost > 2 * names_max then
    -- It speaks for less, so that every name has its turn.
    lost[#lost], lost[#lost - 1] = nil, nil
    through = tonumber(lost[#lost])
    while #places > 0 and places[#places] > through do
      places[#places], entries[#entries] = nil, nil
    end
  end
end
return {meta[1], meta[2], meta[3] or '0', text(through), lost, entries, meta[4] or '0'}
