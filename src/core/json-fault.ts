/** Where a text stops being JSON. */
export interface JsonFault {
  /** Of the first character that cannot stand there, from 0; the length of the text when it ends too early. */
  readonly offset: number;
  readonly expected: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LITERALS = ['true', 'false', 'null'] as const;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
const SPACE = /[ \t\r\n]*/y;

/**
 * The first fault of a text as JSON, or undefined when there is none: for messages, where `JSON.parse` often tells no position.
 * Takes about ten times as long as `JSON.parse`; depth is limited by memory alone.
 */
export function jsonFault(text: string): JsonFault | undefined {
  /** What is open: its closing bracket. */
  const open: ('}' | ']')[] = [];
  let offset = skip(SPACE, text, 0);
  for (;;) {
    // A value stands here.
    const first = text[offset];
    if (first === '{' || first === '[') {
      const closing = first === '{' ? '}' : ']';
      offset = skip(SPACE, text, offset + 1);
      if (text[offset] !== closing) {
        open.push(closing);
        if (closing === ']') continue;
        const key = keyEnd(text, offset);
        if (typeof key !== 'number') return key;
        offset = key;
        continue;
      }
      offset += 1;
    } else {
      const end = scalarEnd(text, offset);
      if (typeof end !== 'number') return end;
      offset = end;
    }
    // A value ended here: close what it ends, up to a comma.
    for (;;) {
      offset = skip(SPACE, text, offset);
      const closing = open.at(-1);
      if (closing === undefined) {
        return offset === text.length ? undefined : { offset, expected: 'nothing after the value' };
      }
      if (text[offset] === closing) {
        open.pop();
        offset += 1;
        continue;
      }
      if (text[offset] !== ',') return { offset, expected: `"," or "${closing}"` };
      offset = skip(SPACE, text, offset + 1);
      break;
    }
    if (open.at(-1) === '}') {
      const key = keyEnd(text, offset);
      if (typeof key !== 'number') return key;
      offset = key;
    }
  }
}

/** Behind `"key":` and the space after it. */
function keyEnd(text: string, offset: number): number | JsonFault {
  if (text.charCodeAt(offset) !== QUOTE) return { offset, expected: 'a name in double quotes' };
  const end = stringEnd(text, offset);
  if (typeof end !== 'number') return end;
  const colon = skip(SPACE, text, end);
  return text[colon] === ':' ? skip(SPACE, text, colon + 1) : { offset: colon, expected: '":"' };
}

function scalarEnd(text: string, offset: number): number | JsonFault {
  if (text.charCodeAt(offset) === QUOTE) return stringEnd(text, offset);
  const literal = LITERALS.find((word) => text.startsWith(word, offset));
  if (literal !== undefined) return offset + literal.length;
  const end = skip(NUMBER, text, offset);
  return end > offset ? end : { offset, expected: 'a JSON value' };
}

function stringEnd(text: string, start: number): number | JsonFault {
  for (let offset = start + 1; offset < text.length;) {
    const code = text.charCodeAt(offset);
    if (code === QUOTE) return offset + 1;
    if (code < 0x20) return { offset, expected: 'no control character within a text' };
    if (code !== BACKSLASH) {
      offset += 1;
      continue;
    }
    const end = skip(ESCAPE, text, offset);
    if (end === offset) return { offset, expected: 'an escape that JSON has' };
    offset = end;
  }
  return { offset: text.length, expected: 'a closing double quote' };
}

/** Behind what the sticky pattern matches at `offset`; `offset` itself when it matches nothing. */
function skip(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset;
  return pattern.test(text) ? pattern.lastIndex : offset;
}
