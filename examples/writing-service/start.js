// `npm start`: Redis, two hubs on it and the service in front of them, until SIGINT or SIGTERM.

import { fileURLToPath } from 'node:url';
import { startCluster } from './cluster.js';
import { startServer } from './server.js';

const { PORT = '4200', DATA_DIR = fileURLToPath(new URL('data', import.meta.url)), PACE_MS = '1500' } = process.env;
const tell = (line) => console.log(line);

const cluster = await startCluster({ dataDir: DATA_DIR, tell }).catch(giveUp);
const server = await startServer({
  hubs: cluster.hubs.map(({ url }) => url),
  key: cluster.key,
  dataDir: DATA_DIR,
  port: Number(PORT),
  paceMs: Number(PACE_MS),
}).catch(async (error) => {
  await cluster.stop();
  giveUp(error);
});
tell(`the writing service: ${server.url}`);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await server.stop();
    await cluster.stop();
    tell('stopped');
  });
}

function giveUp(error) {
  console.error(error.message);
  process.exit(1);
}
