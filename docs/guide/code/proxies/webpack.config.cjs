module.exports = {
  devServer: {
    proxy: [
      {
        context: ['/api/sse'],
        target: process.env.HUB ?? 'http://127.0.0.1:3000',
        onProxyReq: (request, _from, response) => response.once('close', () => request.destroy()),
        onProxyRes: (answer, _from, response) => answer.once('close', () => response.destroy()),
      },
    ],
  },
};
