// @vitest-environment happy-dom
// useEventState: state that a channel's events make.

import { expect, test } from 'vitest';
import { useEventState } from '../src/index.js';
import { channels, crash, page, provided, publish, shows } from './harness/page.js';

test('reduces events in their order, renders for another state alone, and is set after a gap', async () => {
  let renders = 0;
  const Sum = ({ times = 1 }) => {
    renders += 1;
    const [sum, set] = useEventState('jobs', (before: number, { data }) => before + data * times, 0, {
      onGap: () => set(100),
    });
    return sum;
  };
  const { text, show } = await page(provided(<Sum />));
  await channels('jobs');
  await publish('jobs', 1);
  await publish('jobs', 2);
  await shows(
    () => text() === '3',
    () => `${text()}`,
  );
  expect(renders).toBe(3);
  await publish('jobs', 0);
  await publish('other', 5);
  await show(provided(<Sum times={10} />));
  await publish('jobs', 4);
  await shows(
    () => text() === '43',
    () => `${text()}`,
  );
  // One for `show`, one for 4; React may look once more at a state that stayed as it was.
  expect(renders).toBeLessThanOrEqual(6);
  await crash();
  await shows(
    () => text() === '100',
    () => `${text()}`,
  );
});
