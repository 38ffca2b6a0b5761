/**
 * What does something instead of being seen: control characters (C0, DEL, C1), the marks that turn the direction of text, line and
 * paragraph separators, tag characters, and halves of surrogate pairs.
 */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
const SHORT: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};

/**
 * Text from a log, a server, a header or a user's note as one line that a terminal shows and does not obey: what {@link UNSEEN} holds is
 * spelled out, as in `\x1b[31m`. Every text goes through this on its way to a terminal or a text report; JSON and HTML have escapes of
 * their own. A text without such characters, nearly every one, is returned as it is.
 */
export function visibleLine(text: string): string {
  return text.replace(UNSEEN, (character) => SHORT[character] ?? escapeOf(character));
}

/** The same for text of several lines, as an error with its stack: line breaks stay. */
export function visibleText(text: string): string {
  return text.split('\n').map(visibleLine).join('\n');
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0)!;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code > 0xff
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\x${code.toString(16).padStart(2, '0')}`;
}
