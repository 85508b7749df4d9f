// The pictures in docs/guide: its pages as a reader sees them who does what the text says.
//
//   node pictures/guide.js

import { fileURLToPath } from 'node:url';
import { launch, openWindow } from '../harness/browser.js';
import { serveGuide, underVite } from '../harness/guide.js';
import { Hub } from '../harness/hub.js';

const OUT = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const HEIGHT = 280;
const TAB_WIDTH = 320;

const hub = await Hub.start();
const browser = await launch();
const site = await serveGuide(hub.url);
try {
  await take('guide-plain-page', `${site.url}/eventsource.html`, { says: 'live' });
  await take('guide-tabs', `${site.url}/shared.html`, { says: 'connected', tabs: 3 });
  await underVite(hub.url, (url) => take('guide-react', url, { beside: '/src/light.jsx', says: 'connected' }));
} finally {
  await site.stop();
  await browser.close();
  await hub.stop();
}

/** Frames in any text of the same origin: they share a stream as tabs do, and fit into one picture. */
async function take(name, address, { beside = '/state-first.js', says, tabs = 1 }) {
  const viewport = { width: tabs * TAB_WIDTH, height: HEIGHT };
  const { context, finish } = await openWindow(browser, { viewport, deviceScaleFactor: 1.5 });
  const page = await context.newPage();
  await page.goto(new URL(beside, address).href);
  await page.evaluate(framed, { address, tabs });
  const [, ...frames] = page.frames();
  const every = (selector, hasText) => Promise.all(frames.map((frame) => frame.locator(selector, { hasText }).waitFor()));
  await every('#light', says);
  await hub.settlesAt(1);
  for (const [id, status] of [[7, 'done'], [8, 'done'], [9, 'failed']]) {
    await hub.publish({ channel: 'jobs', type: 'job_completed', data: { id, status } });
  }
  await hub.publish({ channel: 'pending-changes', type: 'manifest_changed', data: { project_folder: 'summer' } });
  await every('#jobs li', 'job 9: failed');
  await page.screenshot({ path: `${OUT}${name}.png` });
  await finish();
  await hub.settlesAt(0);
}

function framed({ address, tabs }) {
  document.body.style = 'display: flex; gap: 12px; margin: 12px; background: #e8e8ee';
  document.body.replaceChildren();
  for (let tab = 0; tab < tabs; tab += 1) {
    const frame = document.createElement('iframe');
    frame.src = address;
    frame.style = 'flex: 1; width: 0; height: 252px; border: 1px solid #aab; border-radius: 8px; background: #fff';
    document.body.append(frame);
  }
}
