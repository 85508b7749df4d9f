import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const client = (file: string) => fileURLToPath(new URL(`../js/src/${file}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    // The client's source: these tests need no build of it.
    alias: [
      { find: '@tidings/client/testing', replacement: client('testing') },
      { find: '@tidings/client', replacement: client('index') },
    ],
  },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    // Twenty hot reloads on a machine that has other things to do.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxWorkers: 2,
  },
});
