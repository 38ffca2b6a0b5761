import { describe, expect, test } from 'vitest';
import { LearnedJson, NO_VARIABLE } from './learned-json.ts';

const bytesOf = (text: string) => Buffer.from(text);

/** One that knows `{"a":{"t":…}}`, its variables at the keys `t`, `n`. */
function learnedFrom(json: string): LearnedJson {
  const learned = new LearnedJson(['t', 'n']);
  learned.learn(bytesOf(json), 0, bytesOf(json).length);
  return learned;
}

/** The variables of the message, or null when it does not match. */
function matched(learned: LearnedJson, message: string | Uint8Array, count = 1): string[] | null {
  const bytes = Buffer.concat([bytesOf('..'), bytesOf(message as string), bytesOf('..')]);
  if (!learned.matches(bytes, 2, bytes.length - 2)) return null;
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(learned.startOf(index), learned.endOf(index)).toString(),
  );
}

test('matches a message that differs in its variables alone', () => {
  expect(matched(new LearnedJson(['t']), '{"a":{"t":"x"}}')).toBeNull();
  const learned = learnedFrom('{"a":{"t":"x"}}');
  expect(matched(learned, '{"a":{"t":"x"}}')).toEqual(['x']);
  expect(matched(learned, '{"a":{"t":"much longer"}}')).toEqual(['much longer']);
  expect(matched(learned, String.raw`{"a":{"t":"\"\\\u00e9\/"}}`)).toEqual([String.raw`\"\\\u00e9\/`]);
  expect(matched(learned, '{"a":{"t":"é€😀"}}')).toEqual(['é€😀']);
});

test('finds texts and counts in the order they stand', () => {
  const learned = learnedFrom('{ "n" : 3, "x": 7, "t" :"x","u":{"n":0}} ');
  expect(matched(learned, '{ "n" : 12, "x": 7, "t" :"yz","u":{"n":999999999999999}} ', 3)).toEqual([
    '12',
    'yz',
    '999999999999999',
  ]);
  expect(matched(learned, '{ "n" : 3, "x": 8, "t" :"x","u":{"n":0}} ')).toBeNull();
});

test.each([
  ['another message', '{"b":{"t":"x"}}'],
  ['a longer one', '{"a":{"t":"x"},"b":1}'],
  ['more behind its end', '{"a":{"t":"x"}}}'],
  ['a text with a quote in it', '{"a":{"t":"x","t":"y"}}'],
  ['an empty text', '{"a":{"t":""}}'],
  ['a text that escapes its quote', String.raw`{"a":{"t":"x\"}}`],
  ['an unknown escape', String.raw`{"a":{"t":"\x"}}`],
  ['a cut escape', String.raw`{"a":{"t":"\u00e"}}`],
  ['a wrong escape', String.raw`{"a":{"t":"\u00eg"}}`],
  ['a control character', '{"a":{"t":"\n"}}'],
  ['another kind of value', '{"a":{"t":1}}'],
  ['nothing', ''],
])('does not match %s', (_name, message) => {
  expect(matched(learnedFrom('{"a":{"t":"x"}}'), message)).toBeNull();
});

test.each(['-1', '01', '1.5', '1e3', '1E3', '1000000000000000', '"1"', 'null', '', '1 2', '٣'])(
  'does not match a count of %s',
  (count) => expect(matched(learnedFrom('{"n":1}'), `{"n":${count}}`)).toBeNull(),
);

test('does not match one cut short, wherever', () => {
  const message = '{"a":{"t":"some text","n":17},"t":"x"}';
  const learned = learnedFrom(message);
  expect(matched(learned, message)).not.toBeNull();
  for (let length = 0; length < message.length; length++) {
    expect(matched(learned, message.slice(0, length))).toBeNull();
  }
});

test('does not match a text that ends within a character', () => {
  const learned = learnedFrom('{"a":{"t":"x"}}');
  for (const broken of [[0x82, 0xac], [0xe2, 0x82], [0xe2], [0xf0, 0x9f, 0x98], [0x61, 0xc3], [0x80]]) {
    const message = Buffer.concat([bytesOf('{"a":{"t":"'), Buffer.from(broken), bytesOf('"}}')]);
    expect(matched(learned, message)).toBeNull();
  }
});

describe('a probe', () => {
  const probed = (json: string) => {
    const learned = new LearnedJson(['t']);
    const message = learned.learn(bytesOf(json), 0, bytesOf(json).length) as {
      t?: unknown;
      a?: { t?: unknown };
    };
    return { learned, message };
  };

  test('tells the value that counts from a namesake', () => {
    const { learned, message } = probed(String.raw`{"t":"x","b":"\"t\":\"x\"","a":{"t":"x"}}`);
    expect(learned.variableOf(message.t, 'x')).toBe(0);
    expect(learned.variableOf(message.a?.t, 'x')).toBe(1);
    expect(learned.variableOf('x', null)).toBe(NO_VARIABLE);
  });

  test('tells the last of two that have the same key', () => {
    const { learned, message } = probed('{"a":{"t":"x","t":"x"}}');
    expect(learned.variableOf(message.a?.t, 'x')).toBe(1);
  });

  test('is nothing the message holds', () => {
    const { learned, message } = probed(String.raw`{"t":"x","a":{"\u0074":"probe 0"}}`);
    expect(learned.variableOf(message.a?.t, 'probe 0')).toBe(NO_VARIABLE);
    expect(learned.variableOf(message.t, 'x')).toBe(0);
  });

  test('is not taken for what only looks like it', () => {
    const { learned, message } = probed(String.raw`{"t":"x","a":{"\u0074":"\u0070robe 0"}}`);
    expect(message.a?.t).toBe('probe 0');
    expect(learned.variableOf(message.a?.t, 'probe 0')).toBe(NO_VARIABLE);
    expect(learned.variableOf(message.t, 'x')).toBe(0);
  });
});

test('a message without a variable is matched by none', () => {
  const learned = learnedFrom(String.raw`{"a":{"\u0074":"x"}}`);
  expect(matched(learned, String.raw`{"a":{"\u0074":"x"}}`)).toBeNull();
});

describe('wants to learn', () => {
  const message = '{"t":"x"}';

  test('at once while it knows nothing, later only what came three times in a row', () => {
    const learned = new LearnedJson(['t']);
    expect(learned.wantsToLearn()).toBe(true);
    learned.learn(bytesOf(message), 0, message.length);
    expect([1, 2, 3].map(() => learned.wantsToLearn())).toEqual([false, false, true]);
  });

  test('ever less what keeps changing its shape', () => {
    const learned = new LearnedJson(['t']);
    const attempts: number[] = [];
    for (let message = 1; message <= 100; message++) {
      if (!learned.wantsToLearn()) continue;
      attempts.push(message);
      learned.learn(bytesOf('{"t":"x"}'), 0, 9);
    }
    expect(attempts).toEqual([1, 4, 10, 22, 46, 94]);
  });

  test('as soon as ever after something matched', () => {
    const learned = new LearnedJson(['t']);
    for (let count = 0; count < 20; count++) {
      if (learned.wantsToLearn()) learned.learn(bytesOf(message), 0, message.length);
    }
    expect(matched(learned, message)).toEqual(['x']);
    expect([1, 2, 3].map(() => learned.wantsToLearn())).toEqual([false, false, true]);
  });
});
