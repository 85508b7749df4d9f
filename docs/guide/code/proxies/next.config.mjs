const hub = process.env.HUB ?? 'http://127.0.0.1:3000';

export default {
  rewrites: async () => [{ source: '/api/sse/:path*', destination: `${hub}/api/sse/:path*` }],
};
