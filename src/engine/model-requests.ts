import { type HeadSlot, slotsOf } from '../protocol/head-slots.ts';
import type { RequestSource } from './connection-pool.ts';
import { NO_NAME, type OtherModels, type SampleModels } from './sample-models.ts';

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Requests for one of several models. Those for the first lie ready; each for another is a copy with another name in it, and another length
 * in its head.
 */
export class ModelRequests implements RequestSource {
  readonly #source: RequestSource;
  readonly #models: SampleModels;
  readonly #names: readonly Buffer[];
  readonly #nameAt: Uint32Array;
  readonly #heads: readonly Buffer[];
  readonly #slots: readonly (readonly HeadSlot[])[];

  /** `source` has the requests for the first model. */
  constructor(source: RequestSource, models: SampleModels, others: OtherModels, endpoint: number) {
    this.#source = source;
    this.#models = models;
    this.#names = others.names.map((name) => Buffer.from(name));
    this.#nameAt = new Uint32Array(others.nameAt);
    const heads = others.heads[endpoint]!;
    this.#heads = heads.map((head) => Buffer.from(head, 'latin1'));
    this.#slots = heads.map(slotsOf);
  }

  requestBytes(row: number, seq: number): Uint8Array {
    const request = this.#source.requestBytes(row, seq);
    const model = this.#models.requestOf(seq, row);
    if (model === 0) return request;
    const whole = Buffer.from(request.buffer, request.byteOffset, request.length);
    const body = whole.subarray(whole.indexOf(HEAD_END) + HEAD_END.length);
    const head = this.#heads[model]!;
    const nameAt = this.#nameAt[row]!;
    if (nameAt === NO_NAME) return Buffer.concat([head, endOfHead(body.length), body]);
    const [first, name] = [this.#names[0]!, this.#names[model]!];
    const length = body.length - first.length + name.length;
    const rest = body.subarray(nameAt + first.length);
    return Buffer.concat([head, endOfHead(length), body.subarray(0, nameAt), name, rest]);
  }

  choicesOf(row: number): number {
    return this.#source.choicesOf(row);
  }

  /** Where the head of a sample's request names it; the path of a model may be longer than another's. */
  slotsOf(row: number, seq: number): readonly HeadSlot[] {
    return this.#slots[this.#models.requestOf(seq, row)]!;
  }
}

function endOfHead(bodyBytes: number): Buffer {
  return Buffer.from(`${bodyBytes}\r\n\r\n`, 'latin1');
}
