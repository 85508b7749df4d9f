// What a person does with the page, and how long each took until the page showed it (event timing, W3C).

function observe() {
  window.interactions = new Map();
  window.blockedMs = 0;
  const take = (list) => {
    for (const { interactionId: id, duration, name, target, startTime, processingStart, processingEnd } of list.getEntries()) {
      if (id === 0 || duration <= (window.interactions.get(id)?.duration ?? 0)) continue;
      const what = `${name} on ${target?.textContent.slice(0, 30) || target?.tagName}`;
      const parts = [processingStart - startTime, processingEnd - processingStart, startTime + duration - processingEnd];
      window.interactions.set(id, { duration, what: `${what}: waited, handled, drawn ${parts.map(Math.round)} ms` });
    }
  };
  new PerformanceObserver(take).observe({ type: 'event', durationThreshold: 16, buffered: true });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.blockedMs += Math.max(duration - 50, 0);
  }).observe({ type: 'longtask', buffered: true });
}

/** To be called before the page is opened. */
export function observeInteractions(page) {
  return page.addInitScript(observe);
}

const PAUSE_MS = 250;

/** Sorts, selects, opens, holds, turns pages and goes through the views until `untilMs` (performance.now()), once at least. */
export async function interact(page, untilMs) {
  const head = (name) => page.getByRole('columnheader', { name }).getByRole('button');
  const steps = [
    () => head('Events').click(),
    () => page.getByLabel('Search').pressSequentially('127', { delay: 60 }),
    () => page.getByLabel('Search').fill(''),
    () => page.locator('main tbody .opener').nth(3).click(),
    () => page.keyboard.press('Escape'),
    () => page.getByRole('button', { name: 'Hold rows' }).click(),
    () => page.getByRole('button', { name: 'Held' }).press('Space'),
    () => page.getByRole('button', { name: 'Next' }).click(),
    () => head('User').press('Enter'),
    () => page.getByRole('link', { name: 'Recently closed' }).click(),
    () => page.getByRole('link', { name: 'Channels' }).click(),
    () => page.getByRole('link', { name: 'Connections' }).click(),
  ];
  for (let at = 0; at < steps.length || performance.now() < untilMs; at += 1) {
    await steps[at % steps.length]();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

const SLOWEST_SHOWN = 5;

/** As the field measures it: the worst, or where there are many, the one that 98 of 100 stay below. */
export async function interactionFigures(page) {
  const { took, count, blockedMs } = await page.evaluate(() => ({
    took: [...window.interactions.values()].sort((one, other) => other.duration - one.duration),
    count: performance.interactionCount,
    blockedMs: window.blockedMs,
  }));
  const ignored = Math.floor(count / 50);
  const slowest = took.slice(0, SLOWEST_SHOWN).map(({ duration, what }) => `${duration} ms, ${what}`);
  const inp = took[Math.min(ignored, took.length - 1)]?.duration ?? 0;
  return { interactions: count, inp_ms: inp, worst_ms: took[0]?.duration ?? 0, slowest, blocked_ms: Math.round(blockedMs) };
}
