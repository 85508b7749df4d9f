import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 20_000,
    // Each file that needs a hub starts its own process: two at once are enough for a small machine.
    maxWorkers: 2,
  },
});
