import { datasetError, type RowValues } from '../dataset/row.ts';
import { type Conversation, type Message, type Turn, withChildren } from './conversation.ts';

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
  /** Where it stands, for messages. */
  readonly place: () => string;
}

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
export function plannedTurns(root: Conversation, history: HistoryChoice): readonly PlannedTurn[] {
  const threads: Thread[] = [];
  let first = 0;
  for (const conversation of withChildren(root)) {
    threads.push({ conversation, number: threads.length, first });
    first += conversation.turns.length;
  }
  const all = threads.flatMap((thread) => turnsOf(thread, threads, history));
  const isLeftOut = threads.flatMap(({ conversation }) =>
    conversation.turns.map(({ recorded }) => recorded?.hasFailed === true),
  );
  if (!isLeftOut.includes(true)) return all;
  const kept = isLeftOut.flatMap((out, at) => (out ? [] : [at]));
  if (kept.length === 0) throw datasetError(root.place(), 'each of its calls failed when it was recorded');
  const standIns = (at: number): readonly number[] =>
    isLeftOut[at] === true ? all[at]!.waitsFor.flatMap(standIns) : [at];
  const places = new Map(kept.map((at, index) => [at, index]));
  return kept.map((at) => {
    const waitsFor = new Set(all[at]!.waitsFor.flatMap(standIns));
    return { ...all[at]!, waitsFor: [...waitsFor].map((one) => places.get(one)!) };
  });
}

function turnsOf(thread: Thread, threads: readonly Thread[], choice: HistoryChoice): readonly PlannedTurn[] {
  const { conversation, number, first } = thread;
  const { turns, system, place } = conversation;
  const isSeveral = threads.length > 1 || turns.length > 1;
  const isLive = conversation.history === 'live' && choice !== 'recorded' && isSeveral;
  if (choice === 'live' && conversation.history === 'recorded')
    throw datasetError(
      place(),
      'each turn brings its whole history, so this server’s responses have no place in it; leave out --history live',
    );
  const start = startOf(thread, threads);
  const said: Message[] = [];
  return turns.map((turn, position): PlannedTurn => {
    const at = () => (turns.length === 1 ? place() : `${place()}: turn ${position + 1}`);
    const opening: readonly Message[] =
      position === 0 && system !== undefined ? [{ role: 'system', content: system }] : [];
    const own = [...opening, ...messagesOf(turn, at)];
    const isRecorded = conversation.history === 'live' && choice === 'recorded';
    const messages = isRecorded ? [...said, ...own] : own;
    if (isRecorded && position + 1 < turns.length) said.push(...own, answerOf(turn, at));
    const waits =
      position === 0 && start !== undefined ? [start.turn] : waitsOf(turn, position, thread, threads);
    const isAfterPrevious = !isLive || position === 0 || waits.includes(first + position - 1);
    return {
      row: rowOf(turn, messages),
      isLive,
      // A history grows in one order only.
      waitsFor: isAfterPrevious ? waits : [first + position - 1, ...waits],
      delayMs: turn.delayMs ?? (position === 0 ? (start?.delayMs ?? null) : null),
      ...{ thread: number, position, place: at },
      ...(position === 0 && start?.forkOf !== undefined ? { forkOf: start.forkOf } : {}),
    };
  });
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

function messagesOf(turn: Turn, place: () => string): readonly Message[] {
  const { messages, payload } = turn;
  if (messages !== null) return messages;
  if (Array.isArray(payload?.messages)) return payload.messages as readonly Message[];
  throw datasetError(place(), 'says how long its prompt is, but not what it says');
}

function answerOf({ recorded }: Turn, place: () => string): Message {
  if (recorded?.answer !== undefined) return { role: 'assistant', content: recorded.answer };
  throw datasetError(place(), 'has no recorded answer for the history of the turns after it');
}

function rowOf(turn: Turn, messages: readonly Message[]): RowValues {
  const { payload, model, tools, outputTokens, extraBody } = turn;
  return {
    ...payload,
    messages: turn.images === undefined ? messages : withImages(messages, turn.images),
    ...(model === null ? {} : { model }),
    ...(tools === undefined ? {} : { tools }),
    ...(outputTokens === null ? {} : { max_new_tokens: outputTokens }),
    ...(extraBody === undefined ? {} : { extra_body: extraBody }),
  };
}

/** Images stand behind the text of the last message. */
function withImages(messages: readonly Message[], images: readonly string[]): readonly Message[] {
  const last = messages.at(-1);
  if (last === undefined) return messages;
  const text = typeof last.content === 'string' ? [{ type: 'text', text: last.content }] : [];
  const parts = Array.isArray(last.content) ? (last.content as readonly unknown[]) : text;
  const shown = images.map((url) => ({ type: 'image_url', image_url: { url } }));
  return [...messages.slice(0, -1), { ...last, content: [...parts, ...shown] }];
}
