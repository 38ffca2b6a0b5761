import { EVENT_TOPICS, EventKind, FINISH_ABSENT, FINISH_OTHER, FINISH_REASONS } from '../core/event-types.ts';
import { NO_SAMPLE, sampleDigits, type SampleSeq } from '../core/ids.ts';
import { type EventBatch, extraOf, ISSUED_EXTRA, payloadOf } from './event-batch.ts';
import { textOutputJson } from './payload-json.ts';
import { decodePayload, payloadToJson } from './payload.ts';
import { recordAt, recordFields, type RunContext } from './record-fields.ts';
import { recordToJsonLine } from './record-json.ts';

/** Prompts are kept as JSON up to so many characters, for datasets whose rows are sent again and again. */
const KEPT_CHARACTERS = 2 ** 24;
const NS_A_STEP = 1e6;

const HEADS = EVENT_TOPICS.map((topic) => `{"event_type":"${topic}","timestamp_ns":`);
const FINISHES = ['', ...FINISH_REASONS.map((reason) => `,"finish_reason":"${reason}"`)];
const THREE_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));

/**
 * Lines of `events.jsonl` straight from the columns of batches. Each is what `recordToJsonLine` makes of `recordFields`, which also writes the
 * rare ones, in a fifth of the time.
 */
export class BatchLines {
  readonly #run: RunContext;
  /** What the id of a sample begins with, in JSON. */
  readonly #uuidHead: string | undefined;
  /** Undefined: too large for a number. */
  readonly #origin: number | undefined;
  readonly #prompts = new Map<number, string>();
  #keptCharacters = 0;
  /** The time in steps that was written last. */
  #steps = -1;
  #stepsText = '';

  constructor(run: RunContext) {
    this.#run = run;
    this.#uuidHead = run.runId === undefined ? undefined : JSON.stringify(run.runId).slice(0, -1);
    const origin = Number(run.originNs);
    this.#origin = run.originNs >= 0n && Number.isSafeInteger(origin) ? origin : undefined;
  }

  /** The prompts of some rows have changed. */
  forgetPrompts(): void {
    this.#prompts.clear();
    this.#keptCharacters = 0;
  }

  /** The line of record `index`, without its line break. Throws `WireFormatError` for data that is none. */
  line(batch: EventBatch, index: number): string {
    const finishCode = batch.finishReasons[index]!;
    const hasNote = batch.notes !== undefined && batch.notes.has(index);
    if (hasNote || this.#uuidHead === undefined || finishCode === FINISH_OTHER) {
      return recordToJsonLine(recordFields(recordAt(batch, index), this.#run));
    }
    const kind = batch.kinds[index]! as EventKind;
    const seq = batch.sampleSeqs[index]!;
    const uuid = seq === NO_SAMPLE ? '""' : `${this.#uuidHead}${sampleDigits(seq as SampleSeq)}"`;
    const finish = finishCode === FINISH_ABSENT ? '' : FINISHES[finishCode]!;
    const turn = this.#run.turns?.of(kind, seq, (position) => extraOf(batch, index, position));
    const place =
      turn === undefined
        ? '"conversation_id":"","turn":null'
        : `"conversation_id":${JSON.stringify(turn.conversationId)},"turn":${turn.turn}`;
    const worker = batch.workerId >= 0 ? `,"worker_id":${batch.workerId}}` : '}';
    return (
      `${HEADS[kind]!}${this.#time(batch.timestampsNs[index]!)},"sample_uuid":${uuid}` +
      `,${place},"data":${this.#data(batch, index, kind)}${finish}${worker}`
    );
  }

  /** Milliseconds repeat from line to line, and digits in threes come from a table. */
  #time(timestampNs: number): string {
    const ns = this.#origin === undefined ? NaN : this.#origin + timestampNs;
    if (!Number.isSafeInteger(ns)) return String(this.#run.originNs + BigInt(timestampNs));
    if (ns < NS_A_STEP) return String(ns);
    const steps = Math.floor(ns / NS_A_STEP);
    if (steps !== this.#steps) {
      this.#steps = steps;
      this.#stepsText = String(steps);
    }
    const rest = ns - steps * NS_A_STEP;
    const thousands = Math.floor(rest / 1000);
    return this.#stepsText + THREE_DIGITS[thousands]! + THREE_DIGITS[rest - 1000 * thousands]!;
  }

  #data(batch: EventBatch, index: number, kind: number): string {
    const payload = payloadOf(batch, index);
    if (payload !== undefined) return textOutputJson(payload) ?? payloadText(payload);
    return kind === EventKind.sampleIssued ? this.#prompt(extraOf(batch, index, ISSUED_EXTRA.row)) : 'null';
  }

  /** Of a row; NaN when the record has none. */
  #prompt(row: number): string {
    const kept = this.#prompts.get(row);
    if (kept !== undefined) return kept;
    const prompt = Number.isNaN(row) ? undefined : this.#run.promptOf?.(row);
    if (prompt === undefined) return 'null';
    const text = payloadText(prompt);
    this.#keptCharacters += text.length;
    if (this.#keptCharacters <= KEPT_CHARACTERS) this.#prompts.set(row, text);
    return text;
  }
}

function payloadText(bytes: Uint8Array): string {
  return JSON.stringify(payloadToJson(decodePayload(bytes)));
}
