import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, connectionsChannel } from '../src/query.js';
import { format, parse, VIEWS } from '../src/route.js';

test('a page of connections is one channel, whose name no list and no pattern misreads', () => {
  expect(connectionsChannel({ q: 'a*b, c', type: undefined, user: '', sort: '-behind', limit: 50 })).toBe(
    '$hub/connections?q=a%2Ab%2C%20c&sort=-behind&limit=50',
  );
  fc.assert(
    fc.property(fc.uint16Array({ maxLength: 16 }), (units) => {
      const q = String.fromCharCode(...units);
      const name = connectionsChannel({ q });
      if (name === null) return;
      expect(name).toMatch(/^\$hub\/connections(\?q=[A-Za-z0-9_.%-]+)?$/);
      if (q !== '') expect(new URLSearchParams(name.slice(name.indexOf('?'))).get('q')).toBe(q.toWellFormed());
    }),
  );
});

test('a name over the hub’s bound is none: such a page is asked for', () => {
  const head = '$hub/connections?q='.length;
  expect(connectionsChannel({ q: 'a'.repeat(255 - head) })).toHaveLength(255);
  expect(connectionsChannel({ q: 'a'.repeat(256 - head) })).toBeNull();
  expect(address('connections', { q: 'a'.repeat(300) })).toHaveLength(314);
});

test('an address without members has no question mark', () => {
  expect(address('users', { q: '' })).toBe('users');
});

test('what is shown is in the address, and comes back from it', () => {
  const params = fc.dictionary(
    fc.stringMatching(/^[a-z_]{1,8}$/),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...VIEWS), params, (view, given) => {
      expect(parse(format(view, given))).toEqual({ view, params: { ...given } });
    }),
  );
});

test('an address that means nothing is the first view', () => {
  for (const hash of ['', '#', '#nowhere?x=1', '#%%%']) expect(parse(hash).view).toBe('connections');
});

test('one state has one address', () => {
  expect(format('users', { sort: 'user', q: 'a' })).toBe(
    format('users', { q: 'a', sort: 'user', after: undefined, page: '' }),
  );
});
