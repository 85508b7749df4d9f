// What must hold of a monitor that once showed seven connections for one tab: directly, and where a proxy swallows
// every departure.

import { browserForFile } from '../../../e2e/harness/fixture.js';
import { assert, counts, kioskTest, round, SOON_MS, says, told } from './fixture.js';

const windowed = browserForFile();
const ONE_ADMIN = /^0 displays on, 1 admin page, this one$/;

for (const ghost of [false, true]) {
  const where = ghost ? 'through a proxy that swallows departures' : 'through the kiosk';
  const storyTest = (name, body) => kioskTest(`${name}, ${where}`, { ghost }, windowed(body));

  storyTest('one admin tab is one connection, its own, and it says so', async ({ hub, kiosk, context }) => {
    const page = await kiosk.admin(context);
    await says(page, '#count', ONE_ADMIN);
    await counts(hub, { admin: 1 });
    await says(page, 'tr.own', 'admin, this page');
    assert.equal(await page.locator('#who tr').count(), 1);
    await page.close();
    await counts(hub, {});
  });

  for (const type of ['admin', 'display']) {
    const open = (kiosk, context) => (type === 'admin' ? kiosk.admin(context) : kiosk.display(context));

    storyTest(
      `${type}: reloaded once and five times in a row, it is one connection`,
      async ({ hub, kiosk, context }) => {
        const page = await open(kiosk, context);
        await page.reload();
        await counts(hub, { [type]: 1 });
        for (let time = 0; time < 5; time += 1) await page.reload({ waitUntil: 'domcontentloaded' });
        await page.locator('#light[data-status=connected]').waitFor({ state: 'attached' });
        await counts(hub, { [type]: 1 });
        await page.close();
        await counts(hub, {});
      },
    );

    storyTest(`${type}: away and back it is one, and none while away`, async ({ hub, kiosk, context }) => {
      const page = await open(kiosk, context);
      await page.goto(`${kiosk.url}/pages/slide.css`);
      await counts(hub, {});
      await page.goBack({ waitUntil: 'commit' });
      await page.locator('#light[data-status=connected]').waitFor({ state: 'attached' });
      await counts(hub, { [type]: 1 });
      await page.close();
      await counts(hub, {});
    });
  }

  storyTest('a display that is closed is gone from the list at once', async ({ hub, kiosk, context, t }) => {
    const admin = await kiosk.admin(context);
    const display = await kiosk.display(context);
    const card = '[data-display=lobby] .on';
    await says(admin, card, 'On, 1 screen');
    await says(admin, '#count', /^1 display on, 1 admin page, this one$/);
    await says(admin, '#who', 'display:lobby');
    const from = performance.now();
    await display.close();
    await says(admin, card, 'Off');
    told(t, `closed display, off on the desk, ${where}`, { ms: round(performance.now() - from) });
    await says(admin, '#count', ONE_ADMIN);
    assert.equal(await admin.locator('#who tr').count(), 1);
    await counts(hub, { admin: 1 });
    const { disconnected, client_left: left } = (await hub.stats()).connections.closed_total;
    assert.deepEqual(
      [disconnected + left, ghost ? left : 0],
      [1, 0],
      'by its goodbye, where nothing else is passed on',
    );
    await admin.close();
    await counts(hub, {});
  });

  storyTest('three tabs of one display are three screens', async ({ hub, kiosk, context }) => {
    const admin = await kiosk.admin(context);
    const first = await kiosk.display(context);
    // `window.open` copies the tab's storage, and with it the client's id.
    const opened = context.waitForEvent('page');
    await first.evaluate(() => void open(location.href));
    const pages = [first, await opened, await kiosk.display(context)];
    await counts(hub, { admin: 1, display: 3 });
    await says(admin, '[data-display=lobby] .on', 'On, 3 screens');
    for (const page of [...pages, admin]) await page.close();
    await counts(hub, {});
  });
}

kioskTest(
  'a display that crashes behind such a proxy is gone when its lease ends',
  { ghost: true },
  windowed(async ({ hub, kiosk, context, t }) => {
    const LEASE_SECONDS = 3;
    await context.route('**/pages/display.js', async (route) => {
      const text = await (await route.fetch()).text();
      const short = text.replace("type: 'display'", `type: 'display', leaseSeconds: ${LEASE_SECONDS}`);
      assert.notEqual(short, text);
      await route.fulfill({ body: short, contentType: 'text/javascript' });
    });
    const page = await kiosk.display(context);
    await counts(hub, { display: 1 });
    const devtools = await context.newCDPSession(page);
    // It never answers: what would answer is what crashes.
    devtools.send('Page.crash').catch(() => {});
    await page.waitForEvent('crash');
    const ms = await counts(hub, {}, LEASE_SECONDS * 1_000 + 1_000 + SOON_MS);
    told(t, 'crashed display, lease of 3 s', { ms: round(ms) });
    assert.equal(await hub.closedTotal('lease'), 1);
  }),
);
