import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      '/api/sse': {
        target: process.env.HUB ?? 'http://127.0.0.1:3000',
        // A hub that dies ends its answer; Vite by itself would leave the page waiting on the other half.
        configure: (proxy) => {
          proxy.on('proxyRes', (answer, _request, response) => answer.once('close', () => response.destroy()));
        },
      },
    },
  },
});
