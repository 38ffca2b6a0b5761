import { type ArenaMemory, RequestArena, RequestArenaBuilder, type SharedArena } from './arena.ts';

/** Instead of a number among the pieces: the request of the turn is whole in the arena. */
const NO_PIECE = 2 ** 32 - 1;
/** Instead of a number of {@link TurnTable.forkOf}: the thread begins without a history. */
export const NO_THREAD = 2 ** 32 - 1;

/** Instead of a number of {@link TurnTable.turnNumberOf}: the file doesn't number its turns. */
const NO_NUMBER = 2 ** 32 - 1;

/** A request whose messages depend on responses: what stands around them, and those that it adds itself. */
export interface LivePieces {
  /** The body up to the first message, and from behind the last one on. */
  readonly open: string;
  readonly tail: string;
  /** What the turn adds to its history: messages as JSON with commas between. */
  readonly messages: string;
}

/** A turn of a conversation, as the engine needs it. */
export interface TurnEntry {
  /** Turns of the conversation by position that must have ended. */
  readonly waitsFor: readonly number[];
  /** From the end of the last of them to the due time; NaN: drawn from the think times of the run. */
  readonly delayNs: number;
  /** Turns of one thread share their history: thread 0 is the conversation itself, others are those it starts. */
  readonly thread: number;
  /** Within its thread. */
  readonly position: number;
  /** Of the first turn of a thread: the thread whose history it goes on from. */
  readonly forkOf?: number | undefined;
  /** Absent where the request is whole in the arena. */
  readonly live?: LivePieces | undefined;
  /** The id of its conversation in the dataset; absent where that has none. */
  readonly conversationId?: string | undefined;
  /** In the conversation, as the dataset counts; absent where it doesn't. */
  readonly turnNumber?: number | undefined;
}

/** What a thread needs to see a turn table; crosses by structured clone without a copy. */
export interface SharedTurnTable {
  readonly conversations: SharedArrayBuffer;
  readonly waits: SharedArrayBuffer;
  readonly followerEnds: SharedArrayBuffer;
  readonly followers: SharedArrayBuffer;
  readonly delaysNs: SharedArrayBuffer;
  readonly threads: SharedArrayBuffer;
  readonly positions: SharedArrayBuffer;
  readonly forks: SharedArrayBuffer;
  readonly opens: SharedArrayBuffer;
  readonly tails: SharedArrayBuffer;
  readonly ids: SharedArrayBuffer;
  readonly turnNumbers: SharedArrayBuffer;
  /** Of the longest opening of a body. */
  readonly maxOpenBytes: number;
  /** The messages of each turn, then the pieces that `opens`, `tails` and `ids` point at. */
  readonly pieces: SharedArena;
}

/**
 * Which turns make up each conversation and what each waits for, in memory that threads share. A turn has the number of its row in the
 * request arena; those of a conversation follow one another.
 *
 * Memory: 52 bytes a turn, 4 for each wait, and the live pieces and ids once each.
 */
export class TurnTable {
  readonly shared: SharedTurnTable;
  readonly conversationCount: number;
  readonly maxOpenBytes: number;
  readonly #conversations: Uint32Array;
  readonly #waits: Uint32Array;
  readonly #followerEnds: Uint32Array;
  readonly #followers: Uint32Array;
  readonly #delaysNs: Float64Array;
  readonly #threads: Uint32Array;
  readonly #positions: Uint32Array;
  readonly #forks: Uint32Array;
  readonly #opens: Uint32Array;
  readonly #tails: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #turnNumbers: Uint32Array;
  readonly #pieces: RequestArena;

  constructor(shared: SharedTurnTable) {
    this.shared = shared;
    this.#conversations = new Uint32Array(shared.conversations);
    this.#waits = new Uint32Array(shared.waits);
    this.#followerEnds = new Uint32Array(shared.followerEnds);
    this.#followers = new Uint32Array(shared.followers);
    this.#delaysNs = new Float64Array(shared.delaysNs);
    this.#threads = new Uint32Array(shared.threads);
    this.#positions = new Uint32Array(shared.positions);
    this.#forks = new Uint32Array(shared.forks);
    this.#opens = new Uint32Array(shared.opens);
    this.#tails = new Uint32Array(shared.tails);
    this.#ids = new Uint32Array(shared.ids);
    this.#turnNumbers = new Uint32Array(shared.turnNumbers);
    this.#pieces = RequestArena.fromShared(shared.pieces);
    this.maxOpenBytes = shared.maxOpenBytes;
    this.conversationCount = this.#conversations.length - 1;
  }

  /** See {@link RequestArena.fileReadMs}. */
  get fileReadMs(): number {
    return this.#pieces.fileReadMs;
  }

  get turnCount(): number {
    return this.#threads.length;
  }

  firstTurnOf(conversation: number): number {
    return this.#conversations[conversation]!;
  }

  turnCountOf(conversation: number): number {
    return this.#conversations[conversation + 1]! - this.#conversations[conversation]!;
  }

  /** How many turns must end before this one. */
  waitsOf(turn: number): number {
    return this.#waits[turn]!;
  }

  /** The turns that wait for this one. */
  followersOf(turn: number): Uint32Array {
    const start = turn === 0 ? 0 : this.#followerEnds[turn - 1]!;
    return this.#followers.subarray(start, this.#followerEnds[turn]);
  }

  /** NaN: drawn from the think times of the run. */
  delayNsOf(turn: number): number {
    return this.#delaysNs[turn]!;
  }

  threadOf(turn: number): number {
    return this.#threads[turn]!;
  }

  positionOf(turn: number): number {
    return this.#positions[turn]!;
  }

  /** {@link NO_THREAD} unless the turn begins a thread that goes on from another's history. */
  forkOf(turn: number): number {
    return this.#forks[turn]!;
  }

  /** Its request depends on the responses before it. */
  isLive(turn: number): boolean {
    return this.#opens[turn] !== NO_PIECE;
  }

  messagesOf(turn: number): Uint8Array {
    return this.#pieces.requestBytes(turn);
  }

  openOf(turn: number): Uint8Array {
    return this.#pieces.requestBytes(this.#opens[turn]!);
  }

  tailOf(turn: number): Uint8Array {
    return this.#pieces.requestBytes(this.#tails[turn]!);
  }

  /** The id of its conversation in the dataset; undefined where that has none. Allocates. */
  conversationIdOf(turn: number): string | undefined {
    const piece = this.#ids[turn]!;
    return piece === NO_PIECE ? undefined : Buffer.from(this.#pieces.requestBytes(piece)).toString('utf8');
  }

  /** The number of the turn in its conversation, as the dataset counts; undefined where it doesn't. */
  turnNumberOf(turn: number): number | undefined {
    const number = this.#turnNumbers[turn]!;
    return number === NO_NUMBER ? undefined : number;
  }
}

/** A turn whose pieces were put away. */
interface PlacedTurn extends Omit<TurnEntry, 'live' | 'conversationId'> {
  /** Numbers among the pieces, or {@link NO_PIECE}. */
  readonly open: number;
  readonly tail: number;
  readonly id: number;
}

/** Puts a turn table together, conversation by conversation. */
export class TurnTableBuilder {
  readonly #conversations: number[] = [0];
  readonly #turns: PlacedTurn[] = [];
  /** The messages of each turn; in the end the pieces, too. */
  readonly #arena: RequestArenaBuilder;
  /** By their text: nearly all turns share them. */
  readonly #pieces = new Map<string, number>();
  #maxOpenBytes = 0;

  /** `memory`: default: as much as it takes. */
  constructor(memory?: ArenaMemory) {
    this.#arena = new RequestArenaBuilder(memory);
  }

  get conversationCount(): number {
    return this.#conversations.length - 1;
  }

  /** Adds a conversation. Throws as the request arena does. */
  add(turns: readonly TurnEntry[]): void {
    for (const { live, conversationId, ...turn } of turns) {
      this.#append(live?.messages ?? '');
      const id = conversationId === undefined ? NO_PIECE : this.#pieceOf(conversationId);
      if (live === undefined) this.#turns.push({ ...turn, id, open: NO_PIECE, tail: NO_PIECE });
      else {
        this.#turns.push({ ...turn, id, open: this.#pieceOf(live.open), tail: this.#pieceOf(live.tail) });
        this.#maxOpenBytes = Math.max(this.#maxOpenBytes, Buffer.byteLength(live.open));
      }
    }
    this.#conversations.push(this.#turns.length);
  }

  finish(): TurnTable {
    const turns = this.#turns;
    for (const text of this.#pieces.keys()) this.#append(text);
    const rowOf = (piece: number) => (piece === NO_PIECE ? NO_PIECE : turns.length + piece);
    const firsts = Uint32Array.from(this.#conversations);
    const { followerEnds, followers } = followersOf(turns, firsts);
    return new TurnTable({
      conversations: shared(firsts),
      waits: shared(Uint32Array.from(turns, ({ waitsFor }) => waitsFor.length)),
      followerEnds: shared(followerEnds),
      followers: shared(followers),
      delaysNs: shared(Float64Array.from(turns, ({ delayNs }) => delayNs)),
      threads: shared(Uint32Array.from(turns, ({ thread }) => thread)),
      positions: shared(Uint32Array.from(turns, ({ position }) => position)),
      forks: shared(Uint32Array.from(turns, ({ forkOf = NO_THREAD }) => forkOf)),
      opens: shared(Uint32Array.from(turns, ({ open }) => rowOf(open))),
      tails: shared(Uint32Array.from(turns, ({ tail }) => rowOf(tail))),
      ids: shared(Uint32Array.from(turns, ({ id }) => rowOf(id))),
      turnNumbers: shared(Uint32Array.from(turns, ({ turnNumber = NO_NUMBER }) => turnNumber)),
      maxOpenBytes: this.#maxOpenBytes,
      pieces: this.#arena.finish().shared,
    });
  }

  #pieceOf(text: string): number {
    const known = this.#pieces.get(text);
    if (known !== undefined) return known;
    this.#pieces.set(text, this.#pieces.size);
    return this.#pieces.size - 1;
  }

  #append(text: string): void {
    this.#arena.appendText(1, '', text, Buffer.byteLength(text));
  }
}

/** Which turns wait for each, one after the other, and where those of each turn end. */
function followersOf(
  turns: readonly PlacedTurn[],
  firsts: Uint32Array,
): { readonly followerEnds: Uint32Array; readonly followers: Uint32Array } {
  const counts = uint32(turns.length);
  const eachWait = (visit: (waitedFor: number, turn: number) => void) => {
    for (let conversation = 0; conversation + 1 < firsts.length; conversation++) {
      const first = firsts[conversation]!;
      for (let turn = first; turn < firsts[conversation + 1]!; turn++) {
        for (const position of turns[turn]!.waitsFor) visit(first + position, turn);
      }
    }
  };
  let total = 0;
  eachWait((waitedFor) => {
    counts[waitedFor]! += 1;
    total += 1;
  });
  const starts = uint32(turns.length);
  for (let turn = 1; turn < turns.length; turn++) starts[turn] = starts[turn - 1]! + counts[turn - 1]!;
  const followers = uint32(total);
  const filled = starts.slice();
  eachWait((waitedFor, turn) => {
    followers[filled[waitedFor]!++] = turn;
  });
  return { followerEnds: filled, followers };
}

function uint32(length: number): Uint32Array {
  return new Uint32Array(length);
}

function shared(values: Uint32Array | Float64Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(values.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return buffer;
}
