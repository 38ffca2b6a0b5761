import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  besides,
  clip,
  colourDepth,
  fit,
  inOneLine,
  lineWidth,
  paint,
  plainText,
  span,
  spread,
  type ColourDepth,
  type Line,
  type Tone,
} from './paint.ts';

const TONES: readonly Tone[] = ['plain', 'strong', 'quiet', 'good', 'warn', 'bad', 'chart', 'mark'];
const DEPTHS: readonly ColourDepth[] = ['none', '16', '256'];
const anyLine: fc.Arbitrary<Line> = fc.array(
  fc.record({ text: fc.string({ maxLength: 12 }), tone: fc.constantFrom(...TONES) }),
  { maxLength: 5 },
);
const textOf = (line: Line) => line.map(({ text }) => text).join('');

describe('widths', () => {
  it('are kept by clip and reached by fit', () => {
    fc.assert(
      fc.property(anyLine, fc.integer({ min: 0, max: 40 }), (line, width) => {
        const clipped = clip(line, width);
        expect(lineWidth(clipped)).toBeLessThanOrEqual(width);
        expect(lineWidth(fit(line, width))).toBe(width);
        const text = textOf(line);
        if (lineWidth(line) <= width) expect(textOf(clipped)).toBe(text);
        else if (width > 0) expect(textOf(clipped)).toBe(`${[...text].slice(0, width - 1).join('')}…`);
      }),
    );
  });

  it('set two texts to the ends, the left one first', () => {
    const ends = (width: number) => plainText(spread([span('left')], [span('right')], width));
    expect(ends(12)).toBe('left   right');
    expect(ends(11)).toBe('left  right');
    expect(ends(10)).toBe('left');
    expect(ends(3)).toBe('le…');
  });

  it('set columns side by side, the shorter ones filled', () => {
    const columns = [[[span('a')], [span('b')]], [[span('cccc')]]];
    expect(besides(columns, 3, 1).map(textOf)).toEqual(['a   cc…', 'b      ']);
  });
});

describe('colours', () => {
  it('change no text', () => {
    const sequence = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
    fc.assert(
      fc.property(anyLine, fc.constantFrom(...DEPTHS), (line, depth) => {
        expect(paint(line, depth).replaceAll(sequence, '').trimEnd()).toBe(plainText(line));
      }),
    );
  });

  it('are none without colours, whatever the tone', () => {
    for (const tone of TONES) {
      const codes =
        paint([span('x', tone)], 'none')
          .match(/\[([\d;]+)m/)?.[1]
          ?.split(';') ?? [];
      expect(codes.filter((code) => !['1', '2', '7'].includes(code))).toEqual([]);
    }
  });

  it.each([
    [1, 'none'],
    [4, '16'],
    [8, '256'],
    [24, '256'],
  ])('of %d bits are %s', (bits, depth) => expect(colourDepth(bits)).toBe(depth));
});

it('takes the sting out of text from elsewhere', () => {
  expect(span(inOneLine(' a\r\n\tb\u001b[31mc\u0000\u009b ')).text).toBe(String.raw`a b\x1b[31mc\x00\x9b`);
});
