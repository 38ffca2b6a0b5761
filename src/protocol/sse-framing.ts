import { bytesOf } from './ascii.ts';
import type { Framing } from './framing.ts';
import { SseParser } from './sse.ts';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
/** How lines of an event stream begin; `error` is no field of the standard. */
const FIELDS = ['data:', 'event:', 'id:', 'retry:', 'error:', ':'].map(bytesOf);

/** Server-sent events. Servers send them under any content type, and whole bodies under theirs, so the beginning of a body decides. */
export const SSE: Framing = {
  createParser: (sink, words, account) => new SseParser(sink, words, account),
  isStream: (buffer, start, end, saysStream) => {
    const first = buffer[start];
    if (first === OPEN_BRACE || first === OPEN_BRACKET) return false;
    return saysStream || FIELDS.some((field) => beginsAs(buffer, start, end, field));
  },
};

/** Of a beginning shorter than the field, that is as far as it goes. */
function beginsAs(buffer: Uint8Array, start: number, end: number, field: Uint8Array): boolean {
  return field.every((byte, index) => start + index >= end || buffer[start + index] === byte);
}
