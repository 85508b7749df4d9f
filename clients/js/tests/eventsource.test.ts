// The facade does what the standard says of an EventSource (HTML §9.2), byte by byte and against the hub.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventSource } from '../src/eventsource.js';
import { Hub } from './harness/hub.js';
import { until } from './harness/until.js';

type Source = globalThis.EventSource;

describe('what the standard says', () => {
  let server: Server;
  let url: string;
  let answers: ((asked: IncomingMessage, answer: ServerResponse) => void)[];
  let asked: IncomingMessage[];
  let source: Source | null;

  beforeEach(async () => {
    [answers, asked, source] = [[], [], null];
    server = createServer((request, response) => {
      asked.push(request);
      (answers.shift() ?? stream('', false))(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterEach(async () => {
    source?.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const stream =
    (body: string, ends = true) =>
    (_: IncomingMessage, answer: ServerResponse) => {
      answer.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
      if (ends) answer.end(body);
      else answer.write(`: here\n\n${body}`);
    };

  function open(...types: string[]): { source: Source; heard: MessageEvent[]; errors: number[] } {
    const made = new EventSource(url);
    source = made;
    const heard: MessageEvent[] = [];
    const errors: number[] = [];
    for (const type of ['message', ...types]) made.addEventListener(type, (event) => heard.push(event as MessageEvent));
    made.onerror = () => errors.push(made.readyState);
    return { source: made, heard, errors };
  }

  test('states and constants', async () => {
    answers.push(stream('', false));
    const { source } = open();
    expect([EventSource.CONNECTING, EventSource.OPEN, EventSource.CLOSED]).toEqual([0, 1, 2]);
    expect([source.readyState, source.url, source.withCredentials]).toEqual([0, url, false]);
    await new Promise((resolve) => {
      source.onopen = resolve;
    });
    expect([source.readyState, source.OPEN]).toEqual([1, 1]);
    source.close();
    expect(source.readyState).toBe(2);
    expect(asked[0]?.headers.accept).toBe('text/event-stream');
  });

  test.each([
    ['lines of every kind', 'data:a\rdata:b\r\ndata: c\n\n', [['message', 'a\nb\nc', '']]],
    ['a byte order mark', '\uFEFFdata: x\n\n', [['message', 'x', '']]],
    ['comments, and names without a colon', ': no\ndata\n\n', [['message', '', '']]],
    [
      'a type that is for one event',
      'event: thing\ndata: 1\n\ndata: 2\n\n',
      [
        ['thing', '1', ''],
        ['message', '2', ''],
      ],
    ],
    [
      'an id that stays',
      'id: 7\ndata: 1\n\ndata: 2\n\n',
      [
        ['message', '1', '7'],
        ['message', '2', '7'],
      ],
    ],
    ['an id alone', 'id: 7\n\ndata: 2\n\n', [['message', '2', '7']]],
    [
      'an id that is taken back',
      'id: 7\ndata: 1\n\nid\ndata: 2\n\n',
      [
        ['message', '1', '7'],
        ['message', '2', ''],
      ],
    ],
    [
      'an id with a NUL',
      'id: 7\ndata: 1\n\nid: a\0b\ndata: 2\n\n',
      [
        ['message', '1', '7'],
        ['message', '2', '7'],
      ],
    ],
    [
      'types that every object has a member for',
      'event: __proto__\ndata: 1\n\nevent: __defineGetter__\ndata: 2\n\ndata: 3\n\n',
      [['message', '3', '']],
    ],
    ['no data, no event', 'event: thing\n\ndata: 1\n\n', [['message', '1', '']]],
    ['an end before the blank line', 'data: 1\n\ndata: 2\n', [['message', '1', '']]],
  ])('%s', async (_, body, expected) => {
    answers.push(stream(`${body}`));
    const { heard, errors } = open('thing');
    await until(() => errors.length === 1);
    expect(heard.map(({ type, data, lastEventId }) => [type, data, lastEventId])).toEqual(expected);
    expect(errors).toEqual([0]);
  });

  test('after an end it asks again, with the last id, when the server said', async () => {
    answers.push(stream('retry: 10\nid: ä7\ndata: 1\n\n'), stream('id: 8\ndata: 2\n\n', false));
    const { heard } = open();
    await until(() => heard.length === 2);
    expect(Buffer.from(asked[1]?.headers['last-event-id'] as string, 'latin1').toString()).toBe('ä7');
    expect(heard[1]?.origin).toBe(new URL(url).origin);
  });

  test('a wait that a timer could not hold is one that it can', async () => {
    answers.push(stream('retry: 4294967297\n\n'));
    const { errors, source } = open();
    const timer = vi.spyOn(globalThis, 'setTimeout');
    await until(() => errors.length === 1);
    const longest = Math.max(...timer.mock.calls.map(([, ms]) => ms ?? 0));
    timer.mockRestore();
    source.close();
    expect(longest).toBe(2e9);
  });

  test.each([204, 400, 404, 429, 500, 503])('a %i is the end', async (status) => {
    answers.push((_, answer) => answer.writeHead(status).end());
    const { errors } = open();
    await until(() => errors.length === 1);
    expect([errors, asked.length]).toEqual([[2], 1]);
  });

  test('another content type is the end', async () => {
    answers.push((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end('data: 1\n\n'));
    const { errors, heard } = open();
    await until(() => errors.length === 1);
    expect([errors, heard]).toEqual([[2], []]);
  });

  test('closed in a listener it says no more', async () => {
    answers.push(stream('retry: 1\ndata: 1\n\ndata: 2\n\n'));
    const { source, heard, errors } = open();
    source.addEventListener('message', () => source.close());
    await until(() => heard.length === 1);
    expect([heard.length, errors, source.readyState]).toEqual([1, [], 2]);
  });

  test('one function as handler and as listener is called as both', async () => {
    answers.push(stream('data: 1\n\ndata: 2\n\n', false));
    const { source } = open();
    const calls: string[] = [];
    const call = (event: MessageEvent) => calls.push(event.data);
    source.onmessage = call;
    source.addEventListener('message', call);
    await until(() => calls.length === 4);
    expect(calls).toEqual(['1', '1', '2', '2']);
  });

  test('what is no address throws', () => {
    expect(() => new EventSource('http://[')).toThrow(DOMException);
  });
});

describe('against the hub', () => {
  test('events of a type, over a restart, none missed', async () => {
    const hub = await Hub.start();
    const source = new EventSource(`${hub.url}/api/sse/stream?channels=jobs`);
    const heard: unknown[] = [];
    let connected = 0;
    source.addEventListener('connected', () => {
      connected += 1;
    });
    source.addEventListener('done', (event) => heard.push(JSON.parse(event.data)));
    await until(() => connected === 1);
    await hub.publish('jobs', 1, 'done');
    await until(() => heard.length === 1);
    await hub.down();
    await hub.up();
    await hub.publish('jobs', 2, 'done');
    await until(() => heard.length === 2);
    expect([heard, connected]).toEqual([[1, 2], 2]);
    source.close();
    await hub.stop();
  });
});
