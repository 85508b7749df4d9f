// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, expect, test } from 'vitest';
import { listed, type Page } from '../src/rows/page.js';
import { type Steady, useSteady } from '../src/rows/steady.js';

let steady: Steady<string>;

function Rows({ page, scope }: { page: Page<string> | null; scope: string }) {
  steady = useSteady(page, scope, false);
  return (
    <div {...steady.holds}>
      {steady.rows.map(({ key }) => (
        <button key={key} type="button" id={key}>
          {key}
        </button>
      ))}
    </div>
  );
}

const of = (keys: string) => listed([...keys], (key) => key, keys.length, null);
const show = (keys: string | null, scope = 'all') =>
  act(() => render(<Rows page={keys === null ? null : of(keys)} scope={scope} />, document.body));
const shown = () => steady.rows.map(({ key, gone }) => (gone ? `-${key}` : key)).join('');

afterEach(() => act(() => render(null, document.body)));

test('a row that has the focus stays where it is', async () => {
  await show('abc');
  await act(() => document.getElementById('b')?.focus());
  await show('bcd');
  expect([shown(), steady.waiting]).toEqual(['-abc', 2]);
});

test('a row that had the focus when another list was asked for holds nothing there', async () => {
  await show('abc');
  await act(() => document.getElementById('b')?.focus());
  await show(null, 'other');
  expect(shown()).toBe('');
  await show('xy', 'other');
  await show('yz', 'other');
  expect([shown(), steady.waiting]).toEqual(['yz', 0]);
});
