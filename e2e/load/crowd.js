// Many streams, those that stay and those that come and go, held by `tidings-bench crowd`: what is measured is the hub and
// the page, and not a client.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = process.env.BENCH_BIN ?? fileURLToPath(new URL('../../target/release/tidings-bench', import.meta.url));
/** Where its streams come from: 127.0.1.1 and so on. */
const COMES_FROM = /^127\.0\.1\.\d+$/;

/** `connections` that stay. */
export async function startCrowd({ url, connections }) {
  const child = spawn(PROGRAM, ['crowd', '--target', new URL(url).host], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn').catch(({ message }) => {
    throw new Error(`${message}; cargo build --release --package tidings-bench makes it, or BENCH_BIN names it`);
  });
  const reports = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const order = async (what) => {
    child.stdin.write(`${JSON.stringify(what)}\n`);
    const { value, done } = await reports.next();
    if (done) throw new Error('the crowd ended before it was told to');
    const { done: counts, failed } = JSON.parse(value);
    if (failed) throw new Error(`the crowd: ${failed.why}`);
    return counts;
  };
  await order({ open: { streams: connections } }).catch((problem) => {
    child.kill();
    throw problem;
  });
  return {
    isFrom: (address) => COMES_FROM.test(address),
    /** `perSecond` opens and as many closes, until `calm()`. */
    churn: (perSecond) => order({ churn: { per_second: perSecond } }),
    /** How many were opened and closed in all; what stays is what was there before. */
    calm: () => order('calm'),
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
