import { EventKind } from '../core/event-types.ts';
import type { RecordNote } from './event-batch.ts';

/** What a record says that belongs into its note, before there is one. */
export interface Notable {
  /** Whether a note of it would say this. @hot */
  says(conversationId: string | undefined, turn: number | undefined, workerId: number | undefined): boolean;
}

/** Decides which notes are kept beside the records that are read. */
export interface RecordNotes {
  /** Whether a note has to be made at all. `isFirst`: of the sample. @hot */
  wants(sampleSeq: number, isFirst: boolean, record: Notable): boolean;
  /** What is kept of a note that was made. */
  keep(sampleSeq: number, isFirst: boolean, note: RecordNote): RecordNote | undefined;
  /** The first record of the sample was left out: the next one takes its place. */
  leftOut(sampleSeq: number): void;
  /** The sample is complete, and this was its last record. */
  forget(sampleSeq: number): void;
}

/** For metrics, which do without, and without an object for each record. */
export const NO_NOTES: RecordNotes = {
  wants: () => false,
  keep: (_sampleSeq, _isFirst, note) => note,
  leftOut: () => {},
  forget: () => {},
};

/** For whoever writes the records again. */
export const ALL_NOTES: RecordNotes = { ...NO_NOTES, wants: () => true };

/**
 * The note of a sample's first record, and of its later records those that say something else. {@link NoteExpander} has the others back.
 */
export class FirstNotes implements RecordNotes {
  /** First notes that say more than which sample it is, of samples in flight. */
  readonly #telling = new Map<number, RecordNote>();
  /** Samples whose first record was left out, and no other has come. */
  readonly #begun = new Set<number>();

  wants(sampleSeq: number, isFirst: boolean, record: Notable): boolean {
    if (isFirst || (this.#begun.size > 0 && this.#begun.has(sampleSeq))) return true;
    const first = this.#telling.size === 0 ? undefined : this.#telling.get(sampleSeq);
    return !record.says(first?.conversationId, first?.turn, first?.workerId);
  }

  keep(sampleSeq: number, isFirst: boolean, note: RecordNote): RecordNote | undefined {
    // Of no sample.
    if (note.sampleUuid === undefined) return note;
    if (!this.#begun.delete(sampleSeq) && !isFirst)
      return saysTheSame(note, this.#telling.get(sampleSeq) ?? NOTHING) ? undefined : note;
    if (!saysTheSame(note, NOTHING)) this.#telling.set(sampleSeq, note);
    return note;
  }

  leftOut(sampleSeq: number): void {
    this.#begun.add(sampleSeq);
  }

  forget(sampleSeq: number): void {
    this.#telling.delete(sampleSeq);
  }
}

/** Gives each record of a sample the note that {@link FirstNotes} left out. */
export class NoteExpander {
  readonly #firsts = new Map<number, RecordNote>();

  /** The note of the next record, from the one that was kept. */
  noteOf(sampleSeq: number, kind: EventKind, kept: RecordNote | undefined): RecordNote | undefined {
    const first = this.#firsts.get(sampleSeq);
    if (kind === EventKind.sampleComplete) this.#firsts.delete(sampleSeq);
    if (kept?.sampleUuid === undefined) return first === undefined ? kept : { ...first, ...kept };
    if (first === undefined && kind !== EventKind.sampleComplete) {
      const { finishReason: _ofThisRecord, ...ofTheSample } = kept;
      this.#firsts.set(sampleSeq, ofTheSample);
    }
    return kept;
  }
}

const NOTHING: RecordNote = {};

function saysTheSame(a: RecordNote, b: RecordNote): boolean {
  return a.conversationId === b.conversationId && a.turn === b.turn && a.workerId === b.workerId;
}
