import { InferometerError } from '../core/errors.ts';
import { sampleDigits, type RunId, type SampleSeq } from '../core/ids.ts';

/** A place in the head of every request that each sample fills in with its own text. */
export interface HeadSlot {
  /** Bytes from the start of the request. */
  readonly at: number;
  readonly kind: SlotKind;
}

/**
 * `sample`: the digits of a sample's id that differ within a run. `conversation`: the number of its conversation. `conversation_id`: the name of that in
 * the dataset, which takes the place of the one byte of its slot. `session_token`: a line of its own, or nothing in place of it. The others have fixed widths.
 */
export type SlotKind = 'sample' | 'conversation' | 'conversation_id' | 'session_token';

const SAMPLE_DIGITS = 8;
const CONVERSATION_DIGITS = 10;
/** Stand in a head where a slot is: no value that a user gives has such characters. */
const MARKS = {
  sample: '\u0001'.repeat(SAMPLE_DIGITS),
  conversation: '\u0002'.repeat(CONVERSATION_DIGITS),
  conversation_id: '\u0003',
  session_token: '\u0004\r\n',
} as const satisfies Record<SlotKind, string>;
const SLOT = /\u0001{8}|\u0002{10}|\u0003|\u0004\r\n/g;
const KINDS = Object.keys(MARKS) as readonly SlotKind[];
const PLACEHOLDER = /\{\{(.*?)\}\}/g;

/** The id of each sample, by which the run log and the exports know it. */
const SAMPLE_PLACEHOLDER = '{{sample}}';

/** The id of each conversation in the dataset, or its number where that has none. */
export const CONVERSATION_ID_PLACEHOLDER = '{{conversation_id}}';

/** Text of a header with slots for its placeholders. Throws `INFEROMETER_PROTOCOL_HEADER` (input) for an unknown one. */
export function withSlots(label: string, text: string, runId: RunId | undefined): string {
  return text.replace(PLACEHOLDER, (placeholder, name: string) => {
    if (name === 'sample' && runId !== undefined) return uuidSlot(runId);
    if (name === 'conversation' || name === 'conversation_id') return MARKS[name];
    throw new InferometerError(
      'INFEROMETER_PROTOCOL_HEADER',
      'input',
      `${label}: ${placeholder} must be ${SAMPLE_PLACEHOLDER}, {{conversation}} or {{conversation_id}}`,
    );
  });
}

/** Value of `X-Request-Id`: the sample's id. */
export function uuidSlot(runId: RunId): string {
  return `${runId}${'0'.repeat(16 - SAMPLE_DIGITS)}${MARKS.sample}`;
}

/** Value of `traceparent` (W3C Trace Context): the sample's id as the trace, sampled. */
export function traceparentSlot(runId: RunId): string {
  // A span of zeros is none, and so would that of the first sample be without a part of the run's id.
  return `00-${uuidSlot(runId)}-${runId.slice(0, 16 - SAMPLE_DIGITS)}${MARKS.sample}-01`;
}

/** The slots of a head of ASCII characters. */
export function slotsOf(head: string): readonly HeadSlot[] {
  return Array.from(head.matchAll(SLOT), ({ index, 0: text }) => ({
    at: index,
    kind: KINDS.find((kind) => MARKS[kind] === text)!,
  }));
}

/** What a sample puts into its slots. */
export function sampleSlotText(seq: number): string {
  return sampleDigits(seq as SampleSeq).slice(-SAMPLE_DIGITS);
}

export function conversationSlotText(conversation: number): string {
  return String(conversation).padStart(CONVERSATION_DIGITS, '0');
}

/** The line of a head in whose place that of a token goes, without its end. */
export const SESSION_TOKEN_LINE = MARKS.session_token.trimEnd();

/** Bytes that a slot has in a head; its text may have another number where the slot is replaced. */
export function slotWidth(kind: SlotKind): number {
  return MARKS[kind].length;
}
