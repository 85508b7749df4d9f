import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The sources themselves: what is saved there is seen here.
    alias: [
      { find: /^@tidings\/client$/, replacement: source('../../js/src/index.ts') },
      { find: /^@tidings\/react$/, replacement: source('../src/index.ts') },
    ],
  },
  server: { proxy: { '/api': process.env.HUB ?? 'http://127.0.0.1:3000' } },
});
