import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (of: string) => fileURLToPath(new URL(of, import.meta.url));

const hub = process.env.TIDINGS_URL ?? 'http://127.0.0.1:3000';

export default defineConfig({
  // Wherever a proxy puts the hub, the page finds its files beside itself.
  base: './',
  resolve: {
    alias: {
      '@tidings/client': path('../clients/js/src/index.ts'),
      '@tidings/react': path('../clients/react/src/index.ts'),
      react: 'preact/compat',
    },
    dedupe: ['preact'],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    // The built files are committed: names and lines stay, so that a diff can be read. It costs 10 KB over the wire.
    minify: false,
    cssMinify: false,
    modulePreload: false,
    rolldownOptions: {
      // `use client` means something to frameworks that render on a server.
      onLog: (level, log, tell) => log.code === 'MODULE_LEVEL_DIRECTIVE' || tell(level, log),
      output: {
        minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
        comments: false,
        entryFileNames: 'monitoring/app-[hash].js',
        assetFileNames: 'monitoring/app-[hash][extname]',
      },
    },
  },
  server: { proxy: { '/api': hub, '/session': { target: hub, rewrite: () => '/admin/session' } } },
  test: { include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'], maxWorkers: 2 },
});
