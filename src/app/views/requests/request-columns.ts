import { latencyNs, type SampleColumns, timePerTokenNs } from '../../../events/sample-columns.ts';

/** Bytes that a request takes in {@link RequestColumns}. */
export const REQUEST_BYTES = 63;
/** Of whole numbers: not known. */
export const UNKNOWN = 0xffff_ffff;

/**
 * What the table of requests needs of each, in as few bytes as it takes: spans of time have the 24 bits of a float, enough for the digits
 * that are shown. NaN and {@link UNKNOWN} stand for what never came.
 */
export class RequestColumns {
  /** Rows that are filled; there is room for as many as were asked for. */
  count = 0;
  readonly seqs: Uint32Array;
  readonly issuedNs: Float64Array;
  readonly issueDelayNs: Float32Array;
  readonly ttftNs: Float32Array;
  readonly tpotNs: Float32Array;
  readonly latencyNs: Float32Array;
  readonly chunks: Uint32Array;
  readonly inputTokens: Uint32Array;
  readonly outputTokens: Uint32Array;
  readonly datasetRows: Uint32Array;
  readonly conversations: Uint32Array;
  readonly turns: Uint32Array;
  readonly workers: Int16Array;
  readonly groups: Uint16Array;
  readonly errorTypes: Uint16Array;
  readonly finishReasons: Uint16Array;
  readonly outcomes: Uint8Array;
  readonly measured: Uint8Array;
  readonly attempts: Uint8Array;

  constructor(room: number) {
    this.seqs = new Uint32Array(room);
    this.issuedNs = new Float64Array(room);
    this.issueDelayNs = new Float32Array(room);
    this.ttftNs = new Float32Array(room);
    this.tpotNs = new Float32Array(room);
    this.latencyNs = new Float32Array(room);
    this.chunks = new Uint32Array(room);
    this.inputTokens = new Uint32Array(room);
    this.outputTokens = new Uint32Array(room);
    this.datasetRows = new Uint32Array(room);
    this.conversations = new Uint32Array(room);
    this.turns = new Uint32Array(room);
    this.workers = new Int16Array(room);
    this.groups = new Uint16Array(room);
    this.errorTypes = new Uint16Array(room);
    this.finishReasons = new Uint16Array(room);
    this.outcomes = new Uint8Array(room);
    this.measured = new Uint8Array(room);
    this.attempts = new Uint8Array(room);
  }

  /** Adds samples as far as there is room. */
  add(samples: SampleColumns): void {
    const from = this.count;
    const added = Math.min(samples.count, this.seqs.length - from);
    for (let i = 0; i < added; i++) {
      const to = from + i;
      this.seqs[to] = samples.seqs[i]!;
      this.issuedNs[to] = samples.issuedNs[i]!;
      this.issueDelayNs[to] = samples.issuedNs[i]! - samples.dueNs[i]!;
      this.ttftNs[to] = samples.firstChunkNs[i]! - samples.issuedNs[i]!;
      this.tpotNs[to] = timePerTokenNs(samples, i);
      this.latencyNs[to] = latencyNs(samples, i);
      this.chunks[to] = samples.chunks[i]!;
      this.inputTokens[to] = wholeOrUnknown(samples.inputTokens[i]!);
      this.outputTokens[to] = wholeOrUnknown(samples.outputTokens[i]!);
      this.datasetRows[to] = wholeOrUnknown(samples.rows[i]!);
      this.conversations[to] = wholeOrUnknown(samples.conversations[i]!);
      this.turns[to] = wholeOrUnknown(samples.turns[i]!);
      this.workers[to] = samples.workers[i]!;
      this.groups[to] = samples.groups[i]!;
      this.errorTypes[to] = samples.errorTypes[i]!;
      this.finishReasons[to] = samples.finishReasons[i]!;
      this.outcomes[to] = samples.outcomes[i]!;
      this.measured[to] = samples.measured[i]!;
      this.attempts[to] = samples.attempts[i]!;
    }
    this.count += added;
  }
}

function wholeOrUnknown(value: number): number {
  return value >= 0 && value < UNKNOWN ? value : UNKNOWN;
}
