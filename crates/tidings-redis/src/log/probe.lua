-- Does one of each of what the other scripts do, on a key of its own, so that what is forbidden shows before anything is
-- left half done. KEYS[1] is `<prefix>{log}:probe`. ARGV: PUBLISH or SPUBLISH, and where.
local key = KEYS[1]
redis.call('TIME')
redis.call('UNLINK', key)
redis.call('HSET', key, 'a', '1')
redis.call('HGET', key, 'a')
redis.call('HMGET', key, 'a')
redis.call('HKEYS', key)
redis.call('HDEL', key, 'a')
redis.call('RPUSH', key, 'a')
redis.call('LINDEX', key, 0)
redis.call('LPOP', key)
redis.call('ZADD', key, 1, 'a', 2, 'b')
redis.call('ZCARD', key)
redis.call('ZCOUNT', key, 1, 1)
redis.call('ZRANGE', key, 0, 0)
redis.call('ZRANGEBYSCORE', key, 1, 1)
redis.call('ZPOPMIN', key)
redis.call('ZREMRANGEBYSCORE', key, 1, 1)
redis.call('ZREM', key, 'b')
redis.call('EXISTS', key)
redis.call(ARGV[1], ARGV[2], '')
return 1
