// What the kernel knows: whose sockets are there, and what a process has spent.

import { readFile } from 'node:fs/promises';

const ESTABLISHED = '01';
const TICKS_PER_SECOND = 100;

/** Established sockets of the port whose far end is an address that `isFrom` takes. */
export async function socketsFrom(port, isFrom) {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = (await readFile('/proc/net/tcp', 'latin1')).split('\n').slice(1);
  return lines.filter((line) => {
    const [, own, far, state] = line.trim().split(/\s+/);
    return state === ESTABLISHED && own.endsWith(`:${local}`) && isFrom(dotted(far.slice(0, 8)));
  }).length;
}

/** Seconds of a core that the process has used, its own and the kernel's for it. */
export async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  // The name in brackets may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** An address as /proc writes it, on a machine that has the low byte first. */
function dotted(hex) {
  return hex.match(/../g).reverse().map((byte) => Number.parseInt(byte, 16)).join('.');
}
