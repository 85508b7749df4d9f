// What only a real browser shows of the hub's walls: the login's cookie, and pages of another origin beside the hub.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, openWindow } from '../harness/browser.js';
import { Hub } from '../harness/hub.js';
import { logIn, operators, PASSWORD } from '../harness/login.js';

let browser;
let hub;

before(async () => {
  browser = await launch();
  const maker = await Hub.guarded();
  const hash = maker.verb(['password'], `${PASSWORD}\n`);
  await maker.stop();
  hub = await Hub.guarded({ TIDINGS_ADMIN_LOGINS_PER_MINUTE: 0 }, operators(hash));
});

after(async () => {
  await hub.assertBooksBalance();
  await hub.stop();
  await browser.close();
});

const inWindow = (run) => async () => {
  const window = await openWindow(browser);
  try {
    await run(await window.context.newPage(), window.context);
  } finally {
    await window.finish();
  }
};

test('an operator logs in, sees who they are, and logs out', inWindow(async (page, context) => {
  await page.goto(`${hub.url}/admin/monitoring`);
  await page.getByRole('textbox', { name: 'Name' }).fill('ann');
  await page.locator('#password').fill('wrong');
  await page.getByRole('button', { name: 'Log in' }).first().click();
  await page.getByRole('alert').getByText('Name or password is wrong.').waitFor();
  await logIn(page, hub, 'ann');
  await page.locator('.who').getByText('ann').waitFor();
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Strict', '/']);
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script sees it');
  await page.goto(`${hub.url}/admin/monitoring#nodes`);
  await page.getByRole('button', { name: 'Sweep now' }).click();
  await page.getByText('Nothing was stale.').waitFor();
  await page.getByRole('heading', { name: 'Operators’ actions' }).waitFor();
  await page.getByText('Login: refused').first().waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(`${hub.url}/admin/login`);
  assert.deepEqual(await context.cookies(), []);
  await page.goto(`${hub.url}/admin/monitoring`);
  await page.locator('#password').waitFor();
}));

test('who may only look is offered nothing else, and gets nothing else', inWindow(async (page) => {
  await logIn(page, hub, 'bob');
  await page.getByText('read only').waitFor();
  await page.locator('main tbody tr .opener').first().click();
  await page.getByRole('dialog').getByText('Proof of life').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Kick…' }).count(), 0);
  await page.goto(`${hub.url}/admin/monitoring#nodes`);
  await page.getByRole('heading', { name: 'Cleanup' }).waitFor();
  for (const name of ['Sweep now', 'Drain this node…']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  await page.goto(`${hub.url}/admin/monitoring#channels?channel=room%3A1`);
  await page.getByText('Its events are not for your role').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Publish' }).count(), 0);
  const status = await page.evaluate(async () => {
    const headers = { 'Tidings-Client': 'monitor' };
    return (await fetch('../api/sse/cleanup', { method: 'POST', headers })).status;
  });
  assert.equal(status, 403, 'the page hides what the hub refuses');
}));

test('a session that is over leads to the login, and the login back to where one was', inWindow(async (page, context) => {
  await logIn(page, hub, 'ann', '');
  await page.goto(`${hub.url}/admin/monitoring#users`);
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await context.clearCookies();
  await page.waitForURL(`${hub.url}/admin/login`);
  await page.getByRole('textbox', { name: 'Name' }).fill('ann');
  await page.locator('#password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).first().click();
  await page.waitForURL(`${hub.url}/admin/monitoring#users`);
}));

test('a link from elsewhere opens the monitor for whoever is logged in', inWindow(async (page) => {
  await logIn(page, hub, 'ann');
  const site = await otherOrigin('localhost');
  await page.goto(site.url);
  await page.setContent(`<a href="${hub.url}/admin/monitoring">monitor</a>`);
  await page.getByRole('link').click();
  await page.locator('.light[data-state=connected]').waitFor();
  await site.stop();
}));

// The same site to the browser, which looks past ports: it sends the cookie, however strict. Only the hub stands there.
test('a page of another origin does nothing with an operator’s login', inWindow(async (page, context) => {
  await logIn(page, hub, 'ann');
  const site = await otherOrigin('127.0.0.1');
  const other = await context.newPage();
  await other.goto(site.url);
  const tried = await other.evaluate(async (hub) => {
    const settled = (promise) => promise.then((answer) => `${answer.type} ${answer.status}`, (error) => error.name);
    const credentials = 'include';
    const post = (path, init) => settled(fetch(hub + path, { method: 'POST', credentials, ...init }));
    const stream = new EventSource(`${hub}/api/sse/stream?channels=$hub/stats`, { withCredentials: true });
    const streamed = new Promise((resolve) => {
      stream.onmessage = () => resolve('message');
      stream.addEventListener('connected', () => resolve('connected'));
      stream.onerror = () => resolve(`error ${stream.readyState}`);
    });
    const plain = { 'Content-Type': 'text/plain' };
    return {
      read: await settled(fetch(`${hub}/api/sse/connections`, { credentials })),
      blind: await settled(fetch(`${hub}/api/sse/connections`, { credentials, mode: 'no-cors' })),
      json: await post('/api/sse/drain', { headers: { 'Content-Type': 'application/json' }, body: '{}' }),
      named: await post('/api/sse/drain', { headers: { 'Tidings-Client': 'x' } }),
      simple: await post('/api/sse/drain', { mode: 'no-cors', headers: plain, body: '{}' }),
      beacon: navigator.sendBeacon(`${hub}/api/sse/drain`, '{}'),
      logout: await post('/admin/logout', { mode: 'no-cors' }),
      streamed: await streamed,
    };
  }, hub.url);
  assert.deepEqual(tried, {
    read: 'TypeError',
    // Where the browser lets no script look, it keeps the answer from its process, too.
    blind: 'TypeError',
    json: 'TypeError',
    named: 'TypeError',
    simple: 'TypeError',
    beacon: true,
    logout: 'TypeError',
    streamed: 'error 2',
  });
  await other.setContent(`<form method="post" action="${hub.url}/api/sse/drain" enctype="text/plain"><button>go</button></form>`);
  await other.getByRole('button').click();
  await other.waitForURL(`${hub.url}/api/sse/drain`);
  assert.match(await other.textContent('body'), /"status":403/);
  assert.equal((await hub.stats()).phase, 'serving');
  assert.equal((await page.request.get(`${hub.url}/admin/session`)).status(), 200, 'still logged in');
  await site.stop();
}));

test('no page shows the monitor or the login in a frame', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const site = await otherOrigin('127.0.0.1');
  await page.goto(site.url);
  const forbidden = page.waitForEvent('console', (message) => /frame-ancestors 'none'/.test(message.text()));
  await page.setContent(`<iframe src="${hub.url}/admin/monitoring"></iframe>`);
  await forbidden;
  await context.close();
  await site.stop();
});

async function otherOrigin(host) {
  const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>other</p>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://${host}:${server.address().port}/`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
