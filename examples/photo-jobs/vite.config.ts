import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  server: {
    // The Rust server has the data and the stream; Vite has the page, and puts what you edit into it while it runs.
    proxy: {
      '/api': {
        target: process.env.PHOTO_JOBS_URL ?? 'http://127.0.0.1:3000',
        // Written as a mere string it would be true: `Host` would no longer be what `Origin` says, and where a browser
        // sends no Fetch Metadata the hub would take each change of the stream's channels for another site's.
        changeOrigin: false,
      },
    },
  },
});
