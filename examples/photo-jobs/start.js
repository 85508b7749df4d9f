// The server and the page's dev server, together: the end of one is the end of both.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const children = [
  spawn('cargo', ['run', '--package', 'photo-jobs'], { cwd: at('.'), stdio: 'inherit' }),
  spawn('npx', ['vite'], { cwd: at('.'), stdio: 'inherit' }),
];

const stop = () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
for (const child of children) {
  child.on('exit', (code) => {
    process.exitCode ||= code ?? 0;
    stop();
  });
}
