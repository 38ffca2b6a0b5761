import type { ConversationLane, LaneOutcome, LaneTurn } from '../core/conversation-lanes.ts';

/** As many as one can tell apart in a drawing. */
const MOST_LANES = 24;
const MOST_TURNS = 600;

type MutableLaneTurn = { -readonly [Key in keyof LaneTurn]: LaneTurn[Key] };

/**
 * The turns of the conversations that were begun first, for a drawing: 24 conversations and 600 turns at most. Turns beyond those cost a
 * comparison.
 */
export class LaneRecorder {
  readonly #lanes = new Map<number, MutableLaneTurn[]>();
  /** By slot of the sample table. */
  readonly #open = new Map<number, MutableLaneTurn>();
  #turns = 0;

  onIssued(conversation: number, slot: number, turn: number, dueNs: number, issuedNs: number): void {
    // The slot may be that of a sample whose end is missing in the log.
    this.#open.delete(slot);
    if (this.#turns === MOST_TURNS) return;
    let lane = this.#lanes.get(conversation);
    if (lane === undefined) {
      if (this.#lanes.size === MOST_LANES) return;
      this.#lanes.set(conversation, (lane = []));
    }
    const due_ns = Number.isNaN(dueNs) ? null : dueNs;
    const opened: MutableLaneTurn = {
      ...{ turn, due_ns, issued_ns: issuedNs, first_chunk_ns: null, end_ns: null, outcome: 'in_flight' },
    };
    lane.push(opened);
    this.#open.set(slot, opened);
    this.#turns += 1;
  }

  /** @hot */
  onFirstChunk(slot: number, timestampNs: number): void {
    if (this.#open.size === 0) return;
    const turn = this.#open.get(slot);
    if (turn !== undefined) turn.first_chunk_ns = timestampNs;
  }

  /** @hot */
  onComplete(slot: number, timestampNs: number, outcome: Exclude<LaneOutcome, 'in_flight'>): void {
    if (this.#open.size === 0) return;
    const turn = this.#open.get(slot);
    if (turn === undefined) return;
    turn.end_ns = timestampNs;
    turn.outcome = outcome;
    this.#open.delete(slot);
  }

  /** In the order in which they began. */
  lanes(): readonly ConversationLane[] {
    return [...this.#lanes].map(([conversation, turns]) => ({ conversation, turns }));
  }
}
