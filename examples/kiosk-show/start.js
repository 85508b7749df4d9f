// `npm start`: a hub and the kiosk in front of it, until SIGINT or SIGTERM.

import { fileURLToPath } from 'node:url';
import { startHub } from './hub.js';
import { startServer } from './server.js';

const { PORT = '4100', DATA_DIR = fileURLToPath(new URL('data', import.meta.url)), GHOST_PROXY } = process.env;
const tell = (line) => console.log(line);

const hub = await startHub({ dataDir: `${DATA_DIR}/hub`, tell }).catch(giveUp);
const server = await startServer({
  hub: hub.url,
  dataDir: DATA_DIR,
  port: Number(PORT),
  ghost: GHOST_PROXY === '1',
}).catch(async (error) => {
  await hub.stop();
  giveUp(error);
});
if (GHOST_PROXY === '1') tell('http-proxy 1.18.1 stands in between: it keeps it to itself when somebody leaves');
tell(`the kiosk: ${server.url}`);
tell(`a display: ${server.url}/display/lobby`);

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    // The hub first: it tells each stream to come back, and this server still passes that on.
    await hub.stop();
    await server.stop();
    tell('stopped');
  });
}

function giveUp(error) {
  console.error(error.message);
  process.exit(1);
}
