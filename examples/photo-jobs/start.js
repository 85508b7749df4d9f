// The server and the page's dev server, together: the end of one is the end of both.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));
const server = spawn('cargo', ['run', '--package', 'photo-jobs'], { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill('SIGTERM'));

const page = await createServer({ root });
server.on('exit', async (code) => {
  await page.close();
  process.exit(code ?? 1);
});
await page.listen();
page.printUrls();
