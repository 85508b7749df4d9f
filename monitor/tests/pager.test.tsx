// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { expect, test } from 'vitest';
import { Pager } from '../src/parts/pager.js';

const paging = { limit: 50, after: '9.0', first: () => {}, previous: null, next: () => {} };

test.each([
  ['a whole page', 1, 50, 120, 'b', '1–50 of 120'],
  ['the last', 3, 20, 120, null, '101–120 of 120'],
  ['the last, when ten have gone from those before it', 3, 20, 110, null, '91–110 of 110'],
  ['one on which all have gone', 3, 0, 100, null, 'None of 100'],
  ['the only one', 1, 7, 7, null, 'All 7'],
  ['one of nothing', 1, 0, 0, null, 'None'],
])('of %s the numbers are told', async (_, page, rows, total, next, words) => {
  await act(() =>
    render(<Pager paging={{ ...paging, page }} page={{ total, next, order: Array(rows).fill('') }} />, document.body),
  );
  expect(document.querySelector('p')?.textContent).toBe(words);
});
