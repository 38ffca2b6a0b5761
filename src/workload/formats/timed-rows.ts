import { PLAIN_TURN, type Conversation, type Turn } from '../conversation.ts';

/** A request of a trace without sessions: a conversation of one turn that is due at its time. */
export function timedRow(
  index: number,
  place: () => string,
  dueMs: number,
  turn: Partial<Turn>,
): Conversation {
  return {
    id: `(row ${index})`,
    place,
    startMs: dueMs,
    history: 'none',
    turns: [{ ...PLAIN_TURN, dueMs, ...turn }],
    children: [],
  };
}
