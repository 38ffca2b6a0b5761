import type { RowValues } from '../dataset/row.ts';

/** What a request repeats from the turns before it. */
export type History =
  /** Nothing: each turn is a whole request. */
  | 'none'
  /** What was sent before, with this server's own responses in between. */
  | 'live'
  /** What the file recorded, responses included. */
  | 'recorded';

/** A message as chat APIs have them; fields besides the role and the content stay as they are. */
export type Message = RowValues;

/**
 * Blocks of a prompt that other prompts may share, from its beginning. Equal ids stand for equal tokens behind equal tokens, within the
 * file.
 */
export interface PrefixBlocks {
  /** Tokens of a full block. */
  readonly blockTokens: number;
  readonly ids: readonly (number | string)[];
  /** Tokens of the last block, which may be shorter. */
  readonly lastBlockTokens: number;
  /** Fresh tokens behind the blocks, which nothing shares. */
  readonly tokensAfterLastBlock: number;
}

/** Conversations that a turn starts when its response has ended. */
export interface Start {
  readonly ids: readonly string[];
  /** `fork`: they go on from this conversation's history. `spawn`: they begin afresh. */
  readonly mode: 'spawn' | 'fork';
  /** A later turn waits for them. */
  readonly isJoined: boolean;
  /** Time of the start in the recording, ms after the turn's own; null where the file does not say. */
  readonly atMs: number | null;
}

/** What was measured when the file was recorded: never a target, only told. */
export interface Recorded {
  readonly answer?: string | undefined;
  readonly serviceMs?: number | undefined;
  readonly thinkMs?: number | undefined;
  readonly model?: string | undefined;
  /** The recorded call failed. It is left out of a run. */
  readonly hasFailed?: boolean | undefined;
}

/** One request, what must have ended before it, and how long after that it is due. */
export interface Turn {
  /** Turns of this conversation by position, and conversations that it started by id. */
  readonly waitsFor: readonly (number | string)[];
  /** From the end of the last of these to this turn's due time, ms; null where the file does not say. */
  readonly delayMs: number | null;
  /** On the clock of the file, ms; null where the file has none. */
  readonly dueMs: number | null;
  /** Lengths that the file asks for, in tokens of the server. */
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** What the turn adds to its history, or the whole list where there is none; null for a prompt that has only a length. */
  readonly messages: readonly Message[] | null;
  /** Null for the model of the run. */
  readonly model: string | null;
  readonly blocks: PrefixBlocks | null;
  /** The body of the request as it stands, instead of `messages`. */
  readonly payload?: RowValues | undefined;
  /** Of the URL, where the file says. */
  readonly path?: string | undefined;
  readonly tools?: readonly unknown[] | undefined;
  /** Fields of the body besides these. */
  readonly extraBody?: RowValues | undefined;
  /** URLs, paths or data URLs, behind the text. */
  readonly images?: readonly string[] | undefined;
  readonly starts?: readonly Start[] | undefined;
  readonly recorded?: Recorded | undefined;
  /** What else the file tells of the turn, under the names of the file. */
  readonly facts?: RowValues | undefined;
}

/** Turns that depend on one another; a plain prompt is a conversation of one. */
export interface Conversation {
  /** Of the file, or its place where the file has none. */
  readonly id: string;
  /** Where it stands, for messages. */
  readonly place: () => string;
  /** Due time of the first turn on the clock of the file, ms; null where the file has none. */
  readonly startMs: number | null;
  readonly history: History;
  /** Block ids mean the same only within this conversation, not in the whole file. */
  readonly hasOwnBlocks?: boolean | undefined;
  readonly system?: string | undefined;
  readonly turns: readonly Turn[];
  /** Conversations that turns of this one start. */
  readonly children: readonly Conversation[];
  /** Position of the turn of the parent that this one starts behind. */
  readonly startsAfterParentTurn?: number | undefined;
  /** When it ended in the recording, on the clock of the file, ms. */
  readonly recordedEndMs?: number | undefined;
  /** Children that no later turn waits for. */
  readonly notJoined?: readonly string[] | undefined;
  readonly facts?: RowValues | undefined;
}

/** A turn that asks and waits for nothing yet: readers say what differs. */
export const PLAIN_TURN: Turn = {
  waitsFor: [],
  delayMs: null,
  dueMs: null,
  inputTokens: null,
  outputTokens: null,
  messages: null,
  model: null,
  blocks: null,
};

/** What readers put in place of an id that the file doesn't have, such as `(row 3)`. */
const MADE_UP_ID = /^\(/;

/** The id that the file gives it; undefined where the file gives none. */
export function ownIdOf({ id, place }: Conversation): string | undefined {
  return MADE_UP_ID.test(id) || id === place() ? undefined : id;
}

/** The conversation and all it starts, parents first. */
export function* withChildren(conversation: Conversation): Generator<Conversation> {
  yield conversation;
  for (const child of conversation.children) yield* withChildren(child);
}
