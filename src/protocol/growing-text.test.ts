import { expect, test } from 'vitest';
import { GrowingText } from './growing-text.ts';

/** What is read of frames `[text, token ids in it]`, one token each. */
function wholeOf(frames: readonly (readonly [text: string, ids: number])[]): string {
  const growing = new GrowingText();
  for (const [index, [text, ids]] of frames.entries()) growing.take(text, 1, ids, index + 1, false);
  return growing.whole;
}
const NO_IDS = NaN;
const RULE = '-'.repeat(16);

test.each<[string, readonly string[], string]>([
  ['words', ['Hello', ' wide', ' world'], 'Hello wide world'],
  ['the same again', ['ha', 'ha', '!'], 'haha!'],
  ['a long text again', [RULE, RULE, 'x'], `${RULE}${RULE}x`],
  ['a beginning of the one before', ['then', 'the', ' end'], 'thenthe end'],
])('new texts are joined, with ids or without: %s', (_name, texts, whole) => {
  expect(wholeOf(texts.map((text) => [text, 1]))).toBe(whole);
  expect(wholeOf(texts.map((text) => [text, NO_IDS]))).toBe(whole);
});

test.each<[string, readonly string[]]>([
  ['words', ['Hello', 'Hello wide', 'Hello wide world']],
  ['half a character', ['a', 'a\ufffd', 'aé', 'aé!']],
  ['an end taken back', ['Hello', 'Hello wo', 'Hello']],
  ['a long one', [RULE, `${RULE}x`, `${RULE}xy`]],
])('the last of whole texts is the text, with ids or without: %s', (_name, texts) => {
  expect(wholeOf(texts.map((text, index) => [text, index + 1]))).toBe(texts.at(-1));
  expect(wholeOf(texts.map((text) => [text, NO_IDS]))).toBe(texts.at(-1));
});
