import { blake2b } from '@noble/hashes/blake2.js';
import { datasetError, isRowValues, type RowValues } from './row.ts';

// MLCommons endpoints salts agentic conversations so: a system prompt stands between a salt that changes each time the conversation is sent and one of
// the conversation itself.

const SALT_BYTES = 2;
/** Times that have a salt of their own; there are no more salts than these. */
const TIMES = 2 ** 16;

/** What stands before the salt of the time in the text of a system message. */
const BEFORE_SALT = '[salt: ';

/** Four hex digits of a text. */
function saltOf(text: string): string {
  return Buffer.from(blake2b(Buffer.from(text), { dkLen: SALT_BYTES })).toString('hex');
}

/**
 * The row with its system message, which must be the first one, between the salt of the first time and that of its conversation.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input) for a row without such a message.
 */
export function withMlcommonsSalts(row: RowValues, conversationId: string, place: () => string): RowValues {
  const [first, ...rest] = Array.isArray(row.messages) ? (row.messages as readonly unknown[]) : [];
  if (!isRowValues(first) || first.role !== 'system' || typeof first.content !== 'string') {
    throw datasetError(
      place(),
      '--salt mlcommons needs a system prompt at the beginning of each conversation',
    );
  }
  const content = `${BEFORE_SALT}${saltOf('1')}]\n\n${first.content}\n\n${BEFORE_SALT}${saltOf(conversationId)}]`;
  return { ...row, messages: [{ ...first, content }, ...rest] };
}

/** Where the salt of the time is in the body of such a row, in bytes. */
export function mlcommonsSaltAt(body: string): number {
  const mark = `"${BEFORE_SALT}${saltOf('1')}]`;
  return Buffer.byteLength(body.slice(0, body.indexOf(mark))) + 1 + BEFORE_SALT.length;
}

/** The salts of each time, as numbers. */
export function mlcommonsSalts(): SharedArrayBuffer {
  const salts = new Uint16Array(new SharedArrayBuffer(TIMES * Uint16Array.BYTES_PER_ELEMENT));
  for (let i = 0; i < TIMES; i++) salts[i] = parseInt(saltOf(String(i + 1)), 16);
  return salts.buffer;
}
