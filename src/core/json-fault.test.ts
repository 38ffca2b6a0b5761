import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonFault } from './json-fault.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test.each<[string, number, string]>([
  ['', 0, 'a JSON value'],
  ['{"a": NaN}', 6, 'a JSON value'],
  ['{"a": 1', 7, '"," or "}"'],
  ['[1, 2', 5, '"," or "]"'],
  ['[1,]', 3, 'a JSON value'],
  ['{"a":1,}', 7, 'a name in double quotes'],
  ["{'a':1}", 1, 'a name in double quotes'],
  ['{"a" 1}', 5, '":"'],
  ['{"a":1} x', 8, 'nothing after the value'],
  ['"a', 2, 'a closing double quote'],
  ['"a\tb"', 2, 'no control character within a text'],
  ['"\\x"', 1, 'an escape that JSON has'],
  ['01', 1, 'nothing after the value'],
  ['{"a":[{"b":}]}', 11, 'a JSON value'],
])('%j fails at %d', (text, offset, expected) => {
  expect(parses(text)).toBe(false);
  expect(jsonFault(text)).toEqual({ offset, expected });
});

test('finds no fault in what JSON.parse takes, and one in what it refuses', () => {
  const valid = fc.json({ maxDepth: 4 });
  const damaged = fc
    .tuple(
      valid,
      fc.nat(),
      fc.constantFrom('', '"', ',', '}', ']', ':', '\\', '0', '-', 'e', '\n', ' ', 'NaN'),
    )
    .map(([text, at, put]) => {
      const offset = at % (text.length + 1);
      return text.slice(0, offset) + put + text.slice(offset + (at % 3 === 0 ? 0 : 1));
    });
  fc.assert(
    fc.property(fc.oneof(valid, damaged), (text) => {
      expect(jsonFault(text) === undefined).toBe(parses(text));
    }),
    { numRuns: 3000 },
  );
});

test('a fault lies no further than the text that a longer one can still mend', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.nat(), (text, at) => {
      const cut = text.slice(0, at % text.length);
      const fault = jsonFault(cut);
      // Numbers may end anywhere; all else that was cut is missed at its end, or where a word or an escape began.
      if (fault !== undefined) expect(cut.length - fault.offset).toBeLessThan(6);
    }),
    { numRuns: 1000 },
  );
});

test('goes as deep as there is memory', () => {
  const depth = 100_000;
  expect(jsonFault('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined();
  expect(jsonFault('['.repeat(depth))).toEqual({ offset: depth, expected: 'a JSON value' });
});
