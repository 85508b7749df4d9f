// Slides: live on every screen, right on one that was off, and kept.

import { browserForFile } from '../../../e2e/harness/fixture.js';
import { assert, counts, kioskTest, round, SOON_MS, says, told } from './fixture.js';

const windowed = browserForFile();
const SCREENS = 5;

kioskTest(
  'a change reaches five screens',
  {},
  windowed(async ({ hub, kiosk, context, t }) => {
    const admin = await kiosk.admin(context);
    const screens = await open(kiosk, context);
    await says(admin, '[data-display=lobby] .on', `On, ${SCREENS} screens`);
    // On the pages' own clocks, which are this machine's: a driver's turns are not in the figure.
    await Promise.all(screens.map(noteChanges));
    const clickedAt = await admin.evaluate(() => {
      const now = performance.timeOrigin + performance.now();
      document.querySelector('[aria-label="Next slide on lobby"]').click();
      return now;
    });
    await allShow(screens, 1, 'Tonight in the library');
    const shownAt = await Promise.all(screens.map((page) => page.evaluate(() => window.changedAt)));
    told(t, 'from the click on the desk to five screens', { ms: shownAt.map((at) => round(at - clickedAt)) });
    assert.match(
      await admin.locator('[data-display=lobby] .thumb [aria-current]').getAttribute('aria-label'),
      /^Show slide 2 on lobby: Tonight/,
    );
    await counts(hub, { admin: 1, display: SCREENS });
  }),
);

kioskTest(
  'a screen that was off shows the current slide at once, and asks nobody for it',
  {},
  windowed(async ({ kiosk, context }) => {
    for (const slide of [1, 2, 3]) assert.equal((await kiosk.ask('PUT', 'displays/lobby', { slide })).status, 200);
    const asked = [];
    context.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const page = await kiosk.display(context);
    await allShow([page], 3, 'Mind the water');
    assert.deepEqual(
      asked.filter((path) => path.startsWith('/api/')),
      ['/api/sse/stream'],
    );
  }),
);

for (const [how, goDown] of [
  ['is restarted', 'down'],
  ['is killed and comes back empty', 'crash'],
]) {
  kioskTest(
    `screens miss nothing when the hub ${how}`,
    {},
    windowed(async ({ hub, kiosk, context, t }) => {
      const screens = await open(kiosk, context);
      const admin = await kiosk.admin(context);
      await says(admin, '[data-display=lobby] .on', `On, ${SCREENS} screens`);
      await hub[goDown]();
      await says(admin, '[data-display=lobby] .on', 'Not known');
      await Promise.all(screens.map((page) => page.locator('#light[data-status=reconnecting]').waitFor()));
      assert.equal(
        (await kiosk.ask('PUT', 'displays/lobby', { slide: 2 })).status,
        200,
        'the desk goes on without the hub',
      );
      const from = performance.now();
      await hub.up();
      await allShow(screens, 2, 'Doors close at ten');
      told(t, `hub ${how}: five screens right again`, { ms: round(performance.now() - from) });
      await counts(hub, { admin: 1, display: SCREENS });
      await says(admin, '[data-display=lobby] .on', `On, ${SCREENS} screens`);
      const late = await kiosk.display(context, 'canteen');
      await says(late, '.stage', /soup|Menu|Lift/);
      await kiosk.ask('PUT', 'displays/lobby', { slide: 3 });
      await allShow(screens, 3, 'Mind the water');
    }),
  );
}

kioskTest(
  'what was set is there after a restart of the kiosk',
  {},
  windowed(async ({ kiosk, context }) => {
    const slides = [
      { look: 'notice', title: 'Closed', text: '' },
      { look: 'sun', title: 'Open', text: 'Come in' },
    ];
    assert.equal((await kiosk.ask('PUT', 'shows/doors', { name: 'Doors', slides })).status, 200);
    assert.equal((await kiosk.ask('PUT', 'displays/entrance', { show: 'doors', slide: 1 })).status, 200);
    const page = await kiosk.display(context, 'entrance');
    await says(page, '.stage h2', 'Open');
    const { said: before } = await kiosk.ask('GET', '');
    await kiosk.stop();
    await page.locator('#light[data-status=reconnecting]').waitFor();
    await kiosk.up();
    assert.deepEqual((await kiosk.ask('GET', '')).said, before);
    await page.locator('#light[data-status=connected]').waitFor({ state: 'attached' });
    await kiosk.ask('PUT', 'displays/entrance', { step: 1 });
    await says(page, '.stage h2', 'Closed');
  }),
);

kioskTest(
  'a display goes on by itself, round and round',
  {},
  windowed(async ({ kiosk, context }) => {
    const page = await kiosk.display(context);
    await kiosk.ask('PUT', 'displays/lobby', { slide: 2, seconds: 1 });
    for (const title of ['Doors close at ten', 'Mind the water', 'Good evening']) await says(page, '.stage h2', title);
  }),
);

kioskTest(
  'a display without a show says what to do, and begins when it is added',
  {},
  windowed(async ({ kiosk, context }) => {
    const page = await kiosk.display(context, 'attic');
    await says(page, '.stage', 'Add a display of this name');
    const admin = await kiosk.admin(context);
    await admin.getByLabel('Another display').fill('attic');
    await admin.keyboard.press('Enter');
    await says(page, '.stage h2', 'Good evening');
    await says(admin, '[data-display=attic] .on', 'On, 1 screen');
    await admin.getByRole('button', { name: 'Remove attic' }).click();
    await says(page, '.stage', 'Add a display of this name');
  }),
);

kioskTest(
  'a show made of a text file, markup and all, is shown as text',
  {},
  windowed(async ({ kiosk, context }) => {
    const admin = await kiosk.admin(context);
    const buffer = Buffer.from('# <b>Fish</b> & chips\r\n<img src=x onerror="document.title=1">\r\n\r\nSecond slide\n');
    await admin.getByRole('button', { name: 'New show' }).click();
    await admin
      .getByLabel('Slides from a text file')
      .setInputFiles({ name: 'menu.txt', mimeType: 'text/plain', buffer });
    await admin.getByLabel('Take this slide out').first().click();
    await admin.getByLabel('Name').fill('Friday');
    await admin.getByRole('button', { name: 'Save' }).click();
    await admin.locator('#editor').waitFor({ state: 'hidden' });
    const page = await kiosk.display(context);
    await admin.getByLabel('Show on lobby').selectOption('Friday');
    await says(page, '.stage h2', '<b>Fish</b> & chips');
    assert.equal(await page.locator('.stage p').innerText(), '<img src=x onerror="document.title=1">');
    assert.equal(await page.title(), 'lobby · Kiosk show');
  }),
);

kioskTest('what can’t be is refused, with the reason', {}, async ({ kiosk }) => {
  assert.equal((await kiosk.ask('PUT', 'displays/constructor', {})).status, 200, 'a name like any other');
  for (const [method, path, body, status, says] of [
    ['PUT', 'displays/No%20Name', {}, 400, /no name/],
    ['PUT', 'displays/lobby', { show: 'nowhere' }, 404, /no show/],
    ['PUT', 'displays/lobby', { slide: 99 }, 400, /from 0 to 3/],
    ['PUT', 'displays/lobby', { seconds: 3_601 }, 400, /from 0 to 3600/],
    ['PUT', 'shows/x', { name: 'X', slides: [] }, 400, /1 to 100 slides/],
    ['PUT', 'shows/x', { name: 'X', slides: [{ look: 'none' }] }, 400, /look/],
    ['PUT', 'shows/x', { name: 'X', slides: [{ look: 'sun', title: 'x'.repeat(121) }] }, 400, /at most 120/],
    ['PUT', 'shows/x', { name: 'x'.repeat(300_000), slides: [] }, 413, /bytes/],
    ['PUT', 'displays/__proto__', {}, 400, /no name/],
    ['PUT', 'displays/constructor', { show: 'constructor' }, 404, /no show/],
    ['DELETE', 'shows/welcome', undefined, 409, /shows it/],
    ['DELETE', 'displays/nowhere', undefined, 404, /no display/],
  ]) {
    const answer = await kiosk.ask(method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.said)}`);
    assert.match(answer.said.detail, says);
  }
});

/** Screens hang on machines of their own, so each has a browser window with connections of its own. */
function open(kiosk, context) {
  return Promise.all(
    Array.from({ length: SCREENS }, async () => {
      const own = await context.browser().newContext();
      context.once('close', () => own.close());
      return kiosk.display(own);
    }),
  );
}

async function allShow(screens, index, title) {
  await Promise.all(
    screens.map(async (page) => {
      await page.locator(`#stage[data-slide="${index}"]`).waitFor({ timeout: SOON_MS * 3 });
      assert.equal(await page.locator('.stage h2').innerText(), title);
    }),
  );
}

const noteChanges = (page) =>
  page.evaluate(() => {
    const note = () => {
      window.changedAt = performance.timeOrigin + performance.now();
    };
    new MutationObserver(note).observe(document.getElementById('stage'), { childList: true });
  });
