import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shown, visible } from '../src/text.js';

test.each([
  ['controls', 'a\u0000b\nc\u007f\u0085', 'a\\u{0}b\\u{a}c\\u{7f}\\u{85}'],
  ['what turns the direction', 'exe.\u202egnp\u2066x\u2069', 'exe.\\u{202e}gnp\\u{2066}x\\u{2069}'],
  ['what has no width', 'ad\u200bmin\ufeff\u00ad', 'ad\\u{200b}min\\u{feff}\\u{ad}'],
  ['spaces that look like one', 'a\u00a0b\u3000c d', 'a\\u{a0}b\\u{3000}c d'],
  ['line ends of Unicode', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
  ['half of a pair', 'a\ud800b', 'a\\u{d800}b'],
  ['letters that are drawn as nothing', '\u3164\u2800\u115f', '\\u{3164}\\u{2800}\\u{115f}'],
  ['tags', '\u{e0041}', '\\u{e0041}'],
])('%s are shown as their codes', (_what, given, seen) => {
  expect(visible(given)).toBe(seen);
});

test('letters of all scripts, marks and pictures stay', () => {
  for (const name of ['Jürgen', 'Юлия', 'فاطمة', '王小明', 'नमस्ते', 'Ａ１', '🙂', 'e\u0301'])
    expect(visible(name)).toBe(name);
});

test('what is long is cut between characters, and whole in the title up to a bound', () => {
  expect(shown('🙂🙂🙂', 2)).toEqual({ text: '🙂🙂…', title: '🙂🙂🙂' });
  expect(shown('ab', 2)).toEqual({ text: 'ab', title: undefined });
  const { text, title } = shown('x'.repeat(100_000), 10);
  expect(text).toHaveLength(11);
  expect(title?.length).toBe(2_001);
  const pairs = shown(`x${'🙂'.repeat(100_000)}`, 10);
  expect([pairs.text, pairs.title?.at(-1)]).toEqual([`x${'🙂'.repeat(9)}…`, '…']);
  expect(pairs.title).not.toContain('u{d83d}');
});

test('of any text nothing is left that can’t be seen', () => {
  fc.assert(
    fc.property(fc.uint16Array({ maxLength: 40 }), (units) => {
      const text = String.fromCharCode(...units);
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
