import { type Conversation, type Turn, withChildren } from '../conversation.ts';

/** What a run sends of a conversation: its first turn. */
export interface Opening {
  readonly conversation: Conversation;
  readonly turn: Turn;
  /** On the clock of the file, ms; null where the file has none. */
  readonly startMs: number | null;
  /** Among the conversations that are sent, in the order of the file, from 0. */
  readonly index: number;
}

/** The first turn of each conversation that did not fail when it was recorded, in the order of the file. Readers note those that did. */
export function* openings(conversations: Iterable<Conversation>): Generator<Opening> {
  let index = 0;
  for (const conversation of conversations) {
    const { turns, startMs, history } = conversation;
    const turn = turns.find(({ recorded }) => recorded?.hasFailed !== true);
    // What a later turn adds says nothing without those before it.
    if (turn === undefined || (history === 'live' && turn !== turns[0])) continue;
    yield { conversation, turn, startMs: turn.dueMs ?? startMs, index };
    index += 1;
  }
}

/** Turns of a conversation that are not sent, those of its sub-agents among them. */
export function turnsLeftOut({ conversation, turn }: Opening): number {
  let count = 0;
  for (const { turns } of withChildren(conversation)) {
    for (const one of turns) if (one !== turn && one.recorded?.hasFailed !== true) count += 1;
  }
  return count;
}
