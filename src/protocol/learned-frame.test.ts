import { expect, test } from 'vitest';
import { LearnedFrame } from './learned-frame.ts';

const bytesOf = (text: string) => Buffer.from(text);
const textOf = (frame: unknown) => (frame as { a?: { t?: string } } | undefined)?.a?.t ?? null;

function learn(learned: LearnedFrame, frame: string): boolean {
  const bytes = bytesOf(frame);
  const text = textOf(JSON.parse(frame))!;
  return learned.learn(bytes, 0, bytes.length, 't', text, textOf);
}

/** The text found in the frame, or null when it does not match. */
function matched(learned: LearnedFrame, frame: string | Uint8Array): string | null {
  const bytes = Buffer.concat([bytesOf('..'), bytesOf(frame as string), bytesOf('..')]);
  if (!learned.matches(bytes, 2, bytes.length - 2)) return null;
  return bytes.subarray(learned.textStart, learned.textEnd).toString();
}

test('matches a frame that differs in its text alone', () => {
  const learned = new LearnedFrame();
  expect(matched(learned, '{"a":{"t":"x"}}')).toBeNull();
  expect(learn(learned, '{"a":{"t":"x"}}')).toBe(true);
  expect(matched(learned, '{"a":{"t":"x"}}')).toBe('x');
  expect(matched(learned, '{"a":{"t":"much longer"}}')).toBe('much longer');
  expect(matched(learned, String.raw`{"a":{"t":"\"\\\u00e9\/"}}`)).toBe(String.raw`\"\\\u00e9\/`);
  expect(matched(learned, '{"a":{"t":"é€😀"}}')).toBe('é€😀');
});

test.each([
  ['another frame', '{"b":{"t":"x"}}'],
  ['a longer frame', '{"a":{"t":"x"},"b":1}'],
  ['a text with a quote in it', '{"a":{"t":"x","t":"y"}}'],
  ['an empty text', '{"a":{"t":""}}'],
  ['a text that escapes its quote', String.raw`{"a":{"t":"x\"}}`],
  ['an unknown escape', String.raw`{"a":{"t":"\x"}}`],
  ['a cut escape', String.raw`{"a":{"t":"\u00e"}}`],
  ['a wrong escape', String.raw`{"a":{"t":"\u00eg"}}`],
  ['a control character', '{"a":{"t":"\n"}}'],
  ['a frame cut short', '{"a":{"t":"x"}'],
  ['nothing', ''],
])('does not match %s', (_name, frame) => {
  const learned = new LearnedFrame();
  learn(learned, '{"a":{"t":"x"}}');
  expect(matched(learned, frame)).toBeNull();
});

test('does not match a text that ends within a character', () => {
  const learned = new LearnedFrame();
  learn(learned, '{"a":{"t":"x"}}');
  for (const broken of [[0x82, 0xac], [0xe2, 0x82], [0xe2], [0xf0, 0x9f, 0x98], [0x61, 0xc3], [0x80]]) {
    const frame = Buffer.concat([bytesOf('{"a":{"t":"'), Buffer.from(broken), bytesOf('"}}')]);
    expect(matched(learned, frame)).toBeNull();
  }
});

test('learns the text that counts, not a namesake', () => {
  const learned = new LearnedFrame();
  expect(learn(learned, String.raw`{"t":"x","b":"\"t\":\"x\"","a":{"t":"x"}}`)).toBe(true);
  expect(matched(learned, String.raw`{"t":"x","b":"\"t\":\"x\"","a":{"t":"y"}}`)).toBe('y');
  expect(matched(learned, String.raw`{"t":"y","b":"\"t\":\"x\"","a":{"t":"x"}}`)).toBeNull();
});

test('learns the last of two that have the same key', () => {
  const learned = new LearnedFrame();
  expect(learn(learned, '{"a":{"t":"x","t":"x"}}')).toBe(true);
  expect(matched(learned, '{"a":{"t":"x","t":"y"}}')).toBe('y');
});

test('learns no key that is written with escapes, and forgets what it knew', () => {
  const learned = new LearnedFrame();
  learn(learned, '{"a":{"t":"x"}}');
  expect(learn(learned, String.raw`{"a":{"\u0074":"x"}}`)).toBe(false);
  expect(matched(learned, '{"a":{"t":"x"}}')).toBeNull();
});

test('a text that is the probe itself is learned too', () => {
  const learned = new LearnedFrame();
  expect(learn(learned, '{"t":"probe","a":{"t":"probe"}}')).toBe(true);
  expect(matched(learned, '{"t":"probe","a":{"t":"y"}}')).toBe('y');
});
