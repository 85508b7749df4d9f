// Many streams from several processes, since one may have 20,000 files: those that stay, and those that come and go.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MEMBER = fileURLToPath(new URL('./crowd-member.js', import.meta.url));

/** `connections` that stay, over `processes`. Each has an address of its own, so that ports that rest are enough. */
export async function startCrowd({ url, connections, processes = 4 }) {
  const { hostname, port } = new URL(url);
  const share = (whole, at) => Math.floor((whole * (at + 1)) / processes) - Math.floor((whole * at) / processes);
  const members = Array.from({ length: processes }, (_, at) => {
    const child = fork(MEMBER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.send({ do: 'open', hostname, port: Number(port), from: `127.0.1.${at + 1}`, connections: share(connections, at) });
    return child;
  });
  const all = (what) => Promise.all(members.map((child) => answer(child, what)));
  await all('open');
  return {
    addresses: members.map((_, at) => `127.0.1.${at + 1}`),
    /** `churn` opens and as many closes a second, until `calm()`. */
    churn(churn) {
      members.forEach((child, at) => child.send({ do: 'churn', churn: share(churn, at) }));
    },
    /** How many were opened and closed meanwhile; what stays is what was there before. */
    async calm() {
      for (const child of members) child.send({ do: 'calm' });
      const counts = await all('calm');
      return counts.reduce((sum, { opened, closed }) => ({ opened: sum.opened + opened, closed: sum.closed + closed }), { opened: 0, closed: 0 });
    },
    async end() {
      await Promise.all(
        members.map(async (child) => {
          if (child.exitCode !== null) return;
          child.send({ do: 'end' });
          await once(child, 'exit');
        }),
      );
    },
  };
}

function answer(child, what) {
  return new Promise((resolve, reject) => {
    const exited = (code) => reject(new Error(`a crowd's process ended with ${code}`));
    const hear = (message) => {
      if (message.did !== what) return;
      child.off('message', hear);
      child.off('exit', exited);
      resolve(message);
    };
    child.on('message', hear);
    child.once('exit', exited);
  });
}
