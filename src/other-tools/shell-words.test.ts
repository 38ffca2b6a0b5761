import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellQuoted, shellWords } from './shell-words.ts';

it('splits what it quotes into the same words', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      expect(shellWords(words.map(shellQuoted).join(' '))).toEqual(words);
    }),
  );
});

it.each([
  [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
  [`--x='{"a": 1}' "q\\"q" k\\ l`, ['--x={"a": 1}', 'q"q', 'k l']],
  ['a \\\n  b\nc', ['a', 'b', 'c']],
  [`'' ""`, ['', '']],
  [`"a\\b" 'a\\b'`, ['a\\b', 'a\\b']],
])('splits %s as a shell does', (line, words) => expect(shellWords(line)).toEqual(words));
