import { bytesOf } from './ascii.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const SPACE = 0x20;

/** Where the text of a field begins, at its quote, when its name ends at `from`; -1 for a value that is no text. */
export function openingQuote(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at]! <= SPACE || bytes[at] === COLON)) at += 1;
  return bytes[at] === QUOTE ? at : -1;
}

const MODEL = bytesOf('"model"');
const MOST_NAME_BYTES = 200;

/**
 * The name of the model in `buffer[start..end)`, JSON or part of it, found without parsing; undefined where there is none, or one with escapes in it. Texts
 * in JSON can't be taken for it, as their quotes are escaped.
 */
export function modelNameIn(buffer: Uint8Array, start: number, end: number): string | undefined {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start);
  const at = bytes.indexOf(MODEL);
  const open = at < 0 ? -1 : openingQuote(bytes, at + MODEL.length);
  const close = open < 0 ? -1 : bytes.indexOf(QUOTE, open + 1);
  if (close <= open + 1 || close - open > MOST_NAME_BYTES) return undefined;
  const name = bytes.toString('utf8', open + 1, close);
  return name.includes('\\') ? undefined : name;
}
