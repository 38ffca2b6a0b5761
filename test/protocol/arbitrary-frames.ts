import fc from 'fast-check';

/** Texts that try the ways of JSON: quotes, escapes, halves of pairs, control characters, long texts. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        '\\',
        '\n',
        '\u0000',
        '\ud83d',
        '\ude00',
        '\ufeff',
        '😀',
        'é',
        'probe',
        '/',
        'content',
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((parts) => parts.join('')),
);

/** Ways to write the same text as a string literal. */
const literal = fc.tuple(text, fc.constantFrom('plain', 'all escaped', 'slashes')).map(([value, way]) => {
  const plain = JSON.stringify(value);
  if (way === 'slashes') return plain.replaceAll('/', '\\/');
  if (way === 'plain') return plain;
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${[...Array(value.length).keys()].map((index) => escape(value[index]!)).join('')}"`;
});

/** The bytes of a frame around a text: any order of keys, white space, namesakes and duplicates of the key. */
const frameShape = fc
  .record({
    blank: fc.constantFrom('', ' ', '\n ', '\t'),
    key: fc.constantFrom('content', 'reasoning_content', 'reasoning', 'text', '\\u0063ontent'),
    isTextLast: fc.boolean(),
    beside: fc.array(
      fc.constantFrom(
        '"role":"assistant"',
        '"content":null',
        '"content":""',
        '"content":"twin"',
        '"reasoning":"thought"',
        '"tool_calls":[]',
        '"text":"twin"',
        '"x":{"content":"inner","text":"inner"}',
        '"\\"content":"namesake"',
      ),
      { maxLength: 3 },
    ),
    outside: fc.constantFrom(
      '"id":"x"',
      '"id":"\\"content\\":\\"fake\\"","model":"probe"',
      '"usage":null,"object":"chat.completion.chunk"',
      '"content":"outer","text":"outer"',
      '"delta":{"content":"elsewhere"},"error":null',
    ),
    isOutsideFirst: fc.boolean(),
    finish: fc.constantFrom('', '', '"finish_reason":null', '"finish_reason":"stop"', '"finish_reason":""'),
    second: fc.constantFrom('', '', '{"delta":{"content":"second"},"text":"second"}'),
  })
  .map((shape) => (literalText: string) => {
    const { blank, key } = shape;
    const join = (items: readonly string[]) => items.filter((item) => item !== '').join(`${blank},${blank}`);
    const own = `"${key}"${blank}:${blank}${literalText}`;
    const inner = join(shape.isTextLast ? [...shape.beside, own] : [own, ...shape.beside]);
    const choice = `{${join([inner, `"delta"${blank}:{${blank}${inner}}`, shape.finish])}}`;
    const choices = `"choices"${blank}:[${join([choice, shape.second])}]`;
    return `${blank}{${join(shape.isOutsideFirst ? [shape.outside, choices] : [choices, shape.outside])}}${blank}`;
  });

/** A stream of frames, most of which differ in their text alone. */
export const stream = fc
  .array(fc.tuple(frameShape, fc.array(literal, { minLength: 1, maxLength: 6 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((runs) => runs.flatMap(([frame, literals]) => literals.map((value) => Buffer.from(frame(value)))));
