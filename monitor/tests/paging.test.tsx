// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { expect, test } from 'vitest';
import { type Paging, usePaging } from '../src/paging.js';
import { FIRST_PAGE, Router, type Routing, useRouting } from '../src/routing.js';

let paging: Paging;
let routing: Routing;

function View() {
  paging = usePaging();
  return null;
}

function Page() {
  routing = useRouting();
  return (
    <Router.Provider value={routing}>
      <View />
    </Router.Provider>
  );
}

test('the way back is known from the first page on, also after a filter took one there', async () => {
  await act(() => render(<Page />, document.body));
  await act(() => paging.next('5.0'));
  await act(() => paging.next('9.0'));
  expect([paging.page, paging.after]).toEqual([3, '9.0']);
  await act(() => routing.go({ q: 'ada', ...FIRST_PAGE }, { quiet: true }));
  expect([paging.page, paging.previous]).toEqual([1, null]);
  await act(() => paging.next('2.0'));
  await act(() => paging.previous?.());
  expect([paging.page, paging.after]).toEqual([1, undefined]);
});
