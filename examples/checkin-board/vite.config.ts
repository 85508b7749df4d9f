import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  server: {
    // The Rust server has the sessions and, unless a hub runs beside it, the stream too.
    proxy: { '/api': { target: process.env.CHECKIN_BOARD_URL ?? 'http://127.0.0.1:4000', changeOrigin: false } },
  },
});
