import { EventKind } from '../core/event-types.ts';
import { NO_SAMPLE, type RunId, type SampleSeq, sampleSeqOfUuid } from '../core/ids.ts';
import { type UuidKey, uuidKeyOf, UUID_KEY_WORDS } from './uuid-key.ts';
import { UuidMap } from './uuid-map.ts';

/** Where numbers of foreign samples begin in a run that has numbers of its own. */
const FOREIGN_SEQS_FROM = 2 ** 31;
/** Words of a key that are the run id; eight hex digits of zeros follow, then eight of the number. */
const RUN_ID_WORDS = 4;
const ZEROS = 0x3030_3030;

/**
 * The numbers behind the uuids of a stream. A sample of our own run has its number in its uuid. Others are numbered as they
 * come, until they complete: for whatever reads the events, the uuid of a completed sample begins anew.
 *
 * A uuid may be any text; those of 32 ASCII letters, as ours and the reference's, are found by their bytes.
 */
export class SampleNumbers {
  readonly #runId: RunId | undefined;
  readonly #runKey: UuidKey | undefined;
  readonly #foreignByKey = new UuidMap<SampleSeq>();
  readonly #foreignByText = new Map<string, SampleSeq>();
  readonly #key: UuidKey = new Int32Array(UUID_KEY_WORDS);
  readonly #foreignSeqs: { next: number };
  /** Uuids of samples that another reader numbered, by their number. */
  readonly #adopted = new Map<SampleSeq, string>();

  /** Without a run id all samples are foreign. `others`: of a stream of the same run whose samples have numbers of their own. */
  constructor(runId: RunId | undefined, others?: SampleNumbers) {
    this.#runId = runId;
    const runKey: UuidKey = new Int32Array(UUID_KEY_WORDS);
    this.#runKey = runId !== undefined && uuidKeyOf(runId.padEnd(32, '0'), runKey) ? runKey : undefined;
    const firstSeq = runId === undefined ? 0 : FOREIGN_SEQS_FROM;
    this.#foreignSeqs = others === undefined ? { next: firstSeq } : others.#foreignSeqs;
  }

  /** What the next foreign sample is given; a number below it is known. */
  get next(): number {
    return this.#foreignSeqs.next;
  }

  /** The number of a sample of our own run; `undefined` for others. */
  ownSeq(uuid: string): SampleSeq | undefined {
    return this.#runId === undefined ? undefined : sampleSeqOfUuid(this.#runId, uuid);
  }

  /** The same by the key of the uuid; -1 for others. @hot */
  ownSeqOfKey(key: UuidKey): number {
    const runKey = this.#runKey;
    if (runKey === undefined) return -1;
    for (let word = 0; word < RUN_ID_WORDS; word++) if (key[word] !== runKey[word]) return -1;
    if (key[RUN_ID_WORDS] !== ZEROS || key[RUN_ID_WORDS + 1] !== ZEROS) return -1;
    const high = fourHexDigits(key[RUN_ID_WORDS + 2]!);
    const low = fourHexDigits(key[RUN_ID_WORDS + 3]!);
    const seq = high * 2 ** 16 + low;
    return high < 0 || low < 0 || seq >= NO_SAMPLE ? -1 : seq;
  }

  /** The number of the foreign sample a record of this kind belongs to. */
  foreignSeq(uuid: string, kind: EventKind): SampleSeq {
    if (uuidKeyOf(uuid, this.#key)) return this.foreignSeqOfKey(this.#key, kind);
    const known = this.#foreignByText.get(uuid);
    const seq = known ?? this.#next();
    if (kind === EventKind.sampleComplete) this.#foreignByText.delete(uuid);
    else if (known === undefined) this.#foreignByText.set(uuid, seq);
    return seq;
  }

  /** The same by the key of the uuid. @hot */
  foreignSeqOfKey(key: UuidKey, kind: EventKind): SampleSeq {
    const known = this.#foreignByKey.get(key);
    const seq = known ?? this.#next();
    if (kind === EventKind.sampleComplete) this.#foreignByKey.delete(key);
    else if (known === undefined) this.#foreignByKey.set(key, seq);
    return seq;
  }

  /** Takes over the number that another reader of the same stream gave a foreign sample. */
  adopt(uuid: string, seq: SampleSeq): void {
    this.#foreignSeqs.next = Math.max(this.#foreignSeqs.next, seq + 1);
    if (uuidKeyOf(uuid, this.#key)) this.#foreignByKey.set(this.#key, seq);
    else this.#foreignByText.set(uuid, seq);
    this.#adopted.set(seq, uuid);
  }

  /** The sample of this number is complete, says that reader. Fast for adopted samples; others are looked for among all in flight. */
  complete(seq: SampleSeq): void {
    const uuid = this.#adopted.get(seq);
    if (uuid === undefined) {
      this.#foreignByKey.deleteValue(seq);
      for (const [text, known] of this.#foreignByText) if (known === seq) this.#foreignByText.delete(text);
      return;
    }
    this.#adopted.delete(seq);
    // The uuid may stand for a later sample already.
    if (!uuidKeyOf(uuid, this.#key)) {
      if (this.#foreignByText.get(uuid) === seq) this.#foreignByText.delete(uuid);
    } else if (this.#foreignByKey.get(this.#key) === seq) this.#foreignByKey.delete(this.#key);
  }

  #next(): SampleSeq {
    return this.#foreignSeqs.next++ as SampleSeq;
  }
}

/** The number that four lower-case hex digits stand for, from the word of their letters; -1 when they are no such. @hot */
function fourHexDigits(letters: number): number {
  let number = 0;
  for (let shift = 24; shift >= 0; shift -= 8) {
    const letter = (letters >> shift) & 0xff;
    if (letter >= 0x30 && letter <= 0x39) number = number * 16 + letter - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) number = number * 16 + letter - 0x57;
    else return -1;
  }
  return number;
}
