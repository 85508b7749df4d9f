// Keeps a list of who is connected, by the hub's webhooks.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace('whsec_', ''), 'base64');
const connected = new Map();

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isSigned(request.headers, body)) return response.writeHead(401).end();
  JSON.parse(body).data.forEach(take);
  response.writeHead(204).end();
});

function isSigned({ 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' }, body) {
  if (!(Math.abs(Date.now() / 1000 - time) < 300)) return false;
  const expected = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function take({ type, connection, channel }) {
  if (type === 'connected') connected.set(connection.id, connection.user);
  if (type === 'disconnected') connected.delete(connection.id);
  console.log(type, connection?.user ?? channel ?? '', [...connected.values()].join(' '));
}

server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening on', server.address().port));
