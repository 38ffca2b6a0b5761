import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleLine, visibleText } from './visible-text.ts';

describe('text from elsewhere', () => {
  it.each([
    ['an escape sequence', 'a\u001b]0;title\u0007b', String.raw`a\x1b]0;title\x07b`],
    ['a C1 control', 'a\u009b31mb', String.raw`a\x9b31mb`],
    ['DEL and NUL', '\u007f\u0000', String.raw`\x7f\x00`],
    ['line breaks and tabs', 'a\r\nb\tc', String.raw`a\r\nb\tc`],
    ['a bidirectional override', 'gpj.\u202eexe', String.raw`gpj.\u202eexe`],
    ['an isolate', '\u2066a\u2069', String.raw`\u2066a\u2069`],
    ['a line separator', 'a\u2028b', String.raw`a\u2028b`],
    ['a tag character', 'a\u{e0041}', String.raw`a\u{e0041}`],
    ['half a surrogate pair', 'a\ud800', String.raw`a\ud800`],
  ])('shows %s', (_what, text, shown) => {
    expect(visibleLine(text)).toBe(shown);
  });

  it('is left alone where every character can be seen', () => {
    for (const text of ['', 'plain', 'µs … ┃ 模型 🙂 👩‍💻', 'עברית', 'a\u00a0b'])
      expect(visibleLine(text)).toBe(text);
  });

  it('keeps its lines where it may have some', () => {
    expect(visibleText('a\u001b\nb\r\nc')).toBe('a\\x1b\nb\\r\nc');
  });

  it('never holds a character that does something', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visibleLine(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u);
        expect(visibleLine(shown)).toBe(shown);
      }),
    );
  });
});
