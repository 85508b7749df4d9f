// Redis and several hubs on it, as one.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startHub, startRedis } from './processes.js';
import { openKey } from './tokens.js';

/** `keeps`: whether Redis keeps its log on the disk. `env` goes to each hub. */
export async function startCluster({ dataDir, hubs: count = 2, tell, keeps, env }) {
  await mkdir(dataDir, { recursive: true });
  const keyFile = join(dataDir, 'key');
  const key = await openKey(keyFile);
  const redis = await startRedis({ dir: join(dataDir, 'redis'), tell, keeps });
  const hubs = [];
  const stop = async () => {
    // The hubs first: they tell each stream to come back, and need Redis for nothing more.
    await Promise.all(hubs.map((hub) => hub.down()));
    await redis.down();
  };
  try {
    for (let number = 1; number <= count; number += 1) {
      const name = `hub-${number}`;
      hubs.push(await startHub({ name, dir: join(dataDir, name), redis: redis.url, keyFile, tell, env }));
    }
  } catch (problem) {
    await stop();
    throw problem;
  }
  return { redis, hubs, key, stop };
}
