/** A turn of a conversation over time, ns since the run's origin. */
export interface LaneTurn {
  /** Position in its thread, from 1. */
  readonly turn: number;
  /** Null where it is not told. */
  readonly due_ns: number | null;
  readonly issued_ns: number;
  /** Null without a chunk. */
  readonly first_chunk_ns: number | null;
  /** Null while it is in flight. */
  readonly end_ns: number | null;
  readonly outcome: LaneOutcome;
}

/** `given_up`: by the end of the run. */
export type LaneOutcome = 'succeeded' | 'failed' | 'given_up' | 'in_flight';

/** Some of the turns of one conversation, in the order of issue. */
export interface ConversationLane {
  readonly conversation: number;
  readonly turns: readonly LaneTurn[];
}

/** The lanes in the extras of a snapshot; none for single requests. Never throws: what is not ours is left out. */
export function readConversationLanes(
  extras: { readonly [key: string]: unknown } | undefined,
): readonly ConversationLane[] {
  const { conversation_lanes: lanes } = extras ?? {};
  if (!Array.isArray(lanes)) return [];
  return (lanes as readonly Partial<ConversationLane>[]).flatMap((lane) => {
    const { conversation, turns } = lane ?? {};
    if (!isTime(conversation) || !Array.isArray(turns)) return [];
    return [{ conversation, turns: (turns as readonly LaneTurn[]).filter(isTurn) }];
  });
}

function isTurn(turn: LaneTurn | null): turn is LaneTurn {
  if (turn === null || !isTime(turn.turn) || !isTime(turn.issued_ns)) return false;
  return [turn.due_ns, turn.first_chunk_ns, turn.end_ns].every((at) => at === null || isTime(at));
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
