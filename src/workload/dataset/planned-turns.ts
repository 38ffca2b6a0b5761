import { datasetError, type RowValues } from '../../dataset/row.ts';
import { type Conversation, type Message, ownIdOf, type Turn, withChildren } from '../conversation.ts';
import { messagesRow, type PlacedTurn, turnRow } from './turn-row.ts';

/** Where the history of later turns comes from; `auto`: as the format has it. */
export type HistoryChoice = 'auto' | 'live' | 'recorded';

/** A turn as a run sends it. */
export interface PlannedTurn {
  /**
   * What it asks, by column: `messages` and whatever goes with them. Of a live turn, `messages` are those that it adds to the history of its
   * thread.
   */
  readonly row: RowValues;
  readonly isLive: boolean;
  /** Positions in the list of turns that must have ended. */
  readonly waitsFor: readonly number[];
  /** From the end of the last of them; null where the file does not say. */
  readonly delayMs: number | null;
  /** 0 is the conversation itself, others are those it starts. */
  readonly thread: number;
  readonly position: number;
  /** Of the first turn of a thread: the one whose history it goes on from. */
  readonly forkOf?: number | undefined;
  /** Of its conversation, in the file; undefined where that has none. */
  readonly conversationId: string | undefined;
  /** In the conversation, as the file counts; undefined where it doesn't. */
  readonly turnNumber: number | undefined;
  /** Where it stands, for messages. */
  readonly place: () => string;
}

/** Makes the text of a turn that has only a length. `at`: its position among the turns of its conversation and of those it starts. */
export type TextOf = (placed: PlacedTurn, at: number) => string;

/** A conversation among those of its tree. */
interface Thread {
  readonly conversation: Conversation;
  readonly number: number;
  /** Of its first turn in the list. */
  readonly first: number;
}

/**
 * All turns of a conversation and of those it starts, in one list, each with the turns it waits for. A recorded call that had failed is
 * left out: who waits for it waits for what that waited for.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input) for a turn without messages, and for a history that the file does not hold.
 */
export function plannedTurns(
  root: Conversation,
  history: HistoryChoice,
  textOf: TextOf,
): readonly PlannedTurn[] {
  const threads: Thread[] = [];
  let first = 0;
  for (const conversation of withChildren(root)) {
    threads.push({ conversation, number: threads.length, first });
    first += conversation.turns.length;
  }
  const all = threads.flatMap((thread) => turnsOf(thread, threads, history, textOf));
  const isLeftOut = threads.flatMap(({ conversation }) =>
    conversation.turns.map(({ recorded }) => recorded?.hasFailed === true),
  );
  if (!isLeftOut.includes(true)) return all;
  const kept = isLeftOut.flatMap((out, at) => (out ? [] : [at]));
  if (kept.length === 0) throw datasetError(root.place(), 'each of its calls failed when it was recorded');
  const known = new Map<number, readonly number[]>();
  const standIns = (at: number): readonly number[] => {
    if (isLeftOut[at] !== true) return [at];
    const found = known.get(at) ?? [...new Set(all[at]!.waitsFor.flatMap(standIns))];
    known.set(at, found);
    return found;
  };
  const places = new Map(kept.map((at, index) => [at, index]));
  const sentOfThread = new Map<number, number>();
  return kept.map((at) => {
    const turn = all[at]!;
    const position = sentOfThread.get(turn.thread) ?? 0;
    sentOfThread.set(turn.thread, position + 1);
    const waitsFor = new Set(turn.waitsFor.flatMap(standIns));
    return { ...turn, position, waitsFor: [...waitsFor].map((one) => places.get(one)!) };
  });
}

function turnsOf(
  thread: Thread,
  threads: readonly Thread[],
  choice: HistoryChoice,
  textOf: TextOf,
): readonly PlannedTurn[] {
  const { conversation, number, first } = thread;
  const { turns, system, place, history } = conversation;
  if (choice === 'live' && history === 'recorded') {
    throw datasetError(
      place(),
      'each turn brings its whole history, so responses of this server have no place in it; leave out --history live',
    );
  }
  const goesOn = history === 'live' && (threads.length > 1 || turns.length > 1);
  const isLive = goesOn && choice !== 'recorded';
  const start = startOf(thread, threads);
  if (goesOn && !isLive && start?.forkOf !== undefined) {
    throw datasetError(
      place(),
      'goes on from the history of the conversation that starts it, which is live; leave out --history recorded',
    );
  }
  const conversationId = ownIdOf(conversation);
  const said: Message[] = system === undefined ? [] : [{ role: 'system', content: system }];
  return turns.map((turn, position): PlannedTurn => {
    const at = () => (turns.length === 1 ? place() : `${place()}: turn ${position + 1}`);
    const placed = { conversation: { ...conversation, place: at }, turn };
    const text = () => textOf(placed, first + position);
    const rowOf = () => {
      if (!goesOn) return turnRow(placed, text);
      const own = turn.messages ?? [{ role: 'user', content: text() }];
      // Of a live turn, what is new: the engine knows what was said before.
      const before = said.splice(0);
      if (!isLive) {
        said.push(...before, ...own);
        if (position + 1 < turns.length) said.push(answerOf(turn, at));
      }
      return messagesRow(placed, [...before, ...own]);
    };
    const waits =
      position === 0 && start !== undefined ? [start.turn] : waitsOf(turn, position, thread, threads);
    const isAfterPrevious = !isLive || position === 0 || waits.includes(first + position - 1);
    return {
      row: rowOf(),
      isLive,
      // A history grows in one order only.
      waitsFor: isAfterPrevious ? waits : [first + position - 1, ...waits],
      delayMs: turn.delayMs ?? (position === 0 ? (start?.delayMs ?? null) : sinceBeforeMs(turn, turns)),
      ...{ thread: number, position, place: at, conversationId, turnNumber: turnNumberOf(turn) },
      ...(position === 0 && start?.forkOf !== undefined ? { forkOf: start.forkOf } : {}),
    };
  });
}

function turnNumberOf({ facts }: Turn): number | undefined {
  return typeof facts?.turn === 'number' ? facts.turn : undefined;
}

/**
 * Of a turn whose times the file has instead of a delay: how long after the latest of those it waits for it came, or after the first one where it
 * waits for none. Null where a time is missing.
 */
function sinceBeforeMs({ dueMs, waitsFor }: Turn, turns: readonly Turn[]): number | null {
  const positions = waitsFor.filter((one) => typeof one === 'number');
  const befores = (positions.length === 0 ? [0] : positions).map((position) => turns[position]!.dueMs);
  if (dueMs === null || !befores.every((ms) => ms !== null)) return null;
  return Math.max(0, dueMs - Math.max(...befores));
}

/** What a conversation that another one starts begins behind. */
function startOf(
  { conversation, number }: Thread,
  threads: readonly Thread[],
): { readonly turn: number; readonly delayMs: number | null; readonly forkOf?: number } | undefined {
  if (number === 0) return undefined;
  const parent = threads.find((one) => one.conversation.children.includes(conversation))!;
  const { turns } = parent.conversation;
  const starting = turns.findIndex((turn) => turn.starts?.some(({ ids }) => ids.includes(conversation.id)));
  const position = conversation.startsAfterParentTurn ?? Math.max(0, starting);
  const turn = turns[position]!;
  const start = turn.starts?.find(({ ids }) => ids.includes(conversation.id));
  const { atMs = null, mode } = start ?? {};
  return {
    turn: parent.first + position,
    delayMs: atMs === null ? null : Math.max(0, atMs - (turn.recorded?.serviceMs ?? 0)),
    ...(mode === 'fork' ? { forkOf: parent.number } : {}),
  };
}

/** Of a conversation that a turn waits for, it waits for each turn. */
function waitsOf(
  { waitsFor }: Turn,
  position: number,
  { conversation, first }: Thread,
  threads: readonly Thread[],
): readonly number[] {
  const waits = waitsFor.flatMap((one) => {
    if (typeof one === 'number') return [first + one];
    const child = threads.find(
      (thread) => thread.conversation.id === one && conversation.children.includes(thread.conversation),
    );
    if (child === undefined)
      throw datasetError(
        conversation.place(),
        `turn ${position + 1} waits for "${one}", which is no conversation that it starts`,
      );
    return child.conversation.turns.map((_, index) => child.first + index);
  });
  return [...new Set(waits)];
}

function answerOf({ recorded }: Turn, place: () => string): Message {
  if (recorded?.answer !== undefined) return { role: 'assistant', content: recorded.answer };
  throw datasetError(place(), 'has no recorded answer for the history of the turns after it');
}
