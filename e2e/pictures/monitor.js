// The pictures in docs/: the monitor as it looks on a usual day, made of real streams over a quarter of an hour.
//
//   node pictures/monitor.js --minutes 15 --only dark

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch, openWindow } from '../harness/browser.js';
import { Hub } from '../harness/hub.js';
import { openMonitor, row } from '../harness/monitor.js';
import { Town } from './town.js';

const OUT = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));

const PICTURES = [
  { name: 'monitor-light', scheme: 'light', width: 1280, height: 760, hash: '#connections' },
  { name: 'monitor-dark', scheme: 'dark', width: 1280, height: 760, hash: '#connections' },
  { name: 'monitor-closed', scheme: 'light', width: 1280, height: 760, hash: '#closed' },
  { name: 'monitor-connection', scheme: 'dark', width: 1280, height: 760, hash: '#connections', act: openKiosk },
  { name: 'monitor-channel', scheme: 'light', width: 1280, height: 760, hash: '#channels?channel=jobs', act: waitForLines },
  { name: 'monitor-nodes', scheme: 'light', width: 1280, height: 760, hash: '#nodes' },
  { name: 'monitor-narrow', scheme: 'dark', width: 360, height: 760, hash: '#connections' },
];

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '15' }, only: { type: 'string', default: '' } } });
const hub = await Hub.start({ TIDINGS_CLUSTER_NODE: 'hub-1' });
const browser = await launch();
const town = new Town(hub);
try {
  await town.live(Number(values.minutes) * 60_000);
  await mkdir(OUT, { recursive: true });
  for (const picture of PICTURES.filter(({ name }) => name.includes(values.only))) await take(picture);
} finally {
  await town.end();
  await browser.close();
  await hub.stop();
}

async function take({ name, scheme, width, height, hash, act }) {
  const options = { colorScheme: scheme, viewport: { width, height }, reducedMotion: 'reduce' };
  const { context, finish } = await openWindow(browser, options);
  const page = await openMonitor({ hub, context }, hash);
  await page.locator('.spark polyline[points*=" "]').first().waitFor({ state: 'attached' });
  // The town goes on meanwhile: what is waited for may be its next event.
  await Promise.all([town.live(4_000), act?.(page)]);
  await page.screenshot({ path: `${OUT}${name}.png` });
  await finish();
}

async function openKiosk(page) {
  await row(page, 'kiosk-library').getByRole('button').click();
  await page.getByRole('dialog').getByText('Opened', { exact: true }).waitFor();
}

async function waitForLines(page) {
  await page.locator('.lines li').nth(1).waitFor();
}
