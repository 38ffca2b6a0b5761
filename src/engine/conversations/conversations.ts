import { drawDurationMs } from '../../core/duration-distribution.ts';
import { KeyedRandom } from '../../core/keyed-random.ts';
import { NS_PER_MS, type RunClock } from '../../core/time.ts';
import { NO_THREAD, type TurnTable } from '../../dataset/turn-table.ts';
import { drawTicket, MAX_TICKETS } from '../../plan/tickets.ts';
import type { ApiAdapter, FinalOutput } from '../../protocol/adapter.ts';
import { responseItem } from '../../protocol/live-history.ts';
import { MemoryAccount } from '../../protocol/response-memory.ts';
import type { FollowUps } from '../issuer.ts';
import type { TurnName, TurnPlace, TurnPlaces } from '../sample-recorder.ts';
import type { ConversationRules } from '../settings.ts';
import { DueTurns } from './due-turns.ts';
import { ThreadHistory } from './thread-history.ts';

export interface ConversationsOptions {
  readonly clock: RunClock;
  readonly turns: TurnTable;
  readonly rules: ConversationRules;
  /** Of the API, for responses that become part of a history. */
  readonly adapter: ApiAdapter;
  readonly seed: number;
  /** Of each endpoint: the head of a request up to the length of its body. */
  readonly heads: readonly string[];
  /** See `ConversationSettings`; default: no limit. */
  readonly historyMemory?: SharedArrayBuffer | undefined;
}

/** Of a phase. */
export interface ConversationPhase {
  readonly firstConversation: number;
  /** The number in the run of what `sampleCounter` counts as a sample. */
  readonly sampleSeqOf: (ticket: number) => number;
  /** How many times conversation `index` of the phase is one that was sent before. */
  readonly repeatsOf: (index: number) => number;
  /** Conversations with a number below this start with a turn that is drawn. */
  readonly startsMidway: number;
  /** Counts the samples of all workers; see `createTicketCounter`. */
  readonly sampleCounter: Int32Array;
  /** The turn has a number and is due; it goes to the endpoint of its conversation. */
  readonly send: (endpoint: number, seq: number, row: number, dueNs: number) => void;
  /** Records a sample that fails at once, without being sent, as a turn before it failed. */
  readonly failUnsent: (endpoint: number, seq: number, row: number, nowNs: number) => void;
  /** A turn will be due: see {@link FollowUps.nextDueNs}. */
  readonly onDue: () => void;
  /** Nothing more of one conversation will be sent to its endpoint, and nothing is in flight. */
  readonly onEnd: (endpoint: number, conversation: number) => void;
}

/** A token that can be sent in a header. */
const SENDABLE = /^[\x20-\x7e]{1,4096}$/;
/** Keeps the draws of think times apart from others by the seed. */
const THINK_TIME = 2;
/** And those of the turns with which conversations start. */
const START = 8;
/** Turns of a conversation that draw think times of their own. */
const KEYS_PER_CONVERSATION = 2 ** 21;

/** A conversation under way. */
interface Talk {
  readonly number: number;
  /** Within the phase: what it draws does not depend on how many a warm-up had. */
  readonly index: number;
  readonly firstTurn: number;
  readonly turnCount: number;
  readonly endpoint: number;
  /** How many times it was sent before. */
  readonly repeats: number;
  /** By position in the conversation: how many turns it still waits for, and when the last of those so far ended. */
  readonly waits: Uint32Array;
  readonly readyNs: Float64Array;
  /** By thread; made when a live turn needs it. */
  readonly histories: (ThreadHistory | undefined)[];
  /** What its histories hold of responses; those that forks copy are not counted again. */
  readonly memory: MemoryAccount;
  /** Turns that were sent so far. */
  sent: number;
  inFlight: number;
  /** Turns that wait for their due time. */
  scheduled: number;
  /** The latest that the server gave; sent with the turns that follow. */
  token: string | undefined;
  /** No turn will be sent any more. */
  isCutOff: boolean;
}

/** One turn of it that is due or in flight. */
interface OpenTurn extends TurnPlace {
  readonly talk: Talk;
  readonly turn: number;
  dueNs: number;
  request: Uint8Array | undefined;
}

/**
 * The conversations of one worker: sends the turns that follow once those they wait for have ended, and makes requests of what the server
 * has answered.
 *
 * A conversation stays with its worker and its endpoint. Its samples are numbered as they go out, from a counter that all workers share. A turn
 * costs a few allocations; a run of single requests has none of this.
 */
export class Conversations implements FollowUps, TurnPlaces {
  readonly #turns: TurnTable;
  readonly #rules: ConversationRules;
  readonly #adapter: ApiAdapter;
  readonly #clock: RunClock;
  readonly #random: KeyedRandom;
  readonly #starts: KeyedRandom;
  readonly #heads: readonly Uint8Array[];
  readonly #historyMemory: SharedArrayBuffer | undefined;
  readonly #roomBefore: number;
  readonly #due = new DueTurns<OpenTurn>();
  readonly #inFlight = new Map<number, OpenTurn>();
  readonly #talks = new Set<Talk>();
  #phase: ConversationPhase | undefined;
  #sampled = 0;
  #cutOff = 0;
  #heldUntilNs = 0;

  constructor({ clock, turns, rules, adapter, seed, heads, historyMemory }: ConversationsOptions) {
    this.#adapter = adapter;
    this.#historyMemory = historyMemory;
    this.#clock = clock;
    this.#turns = turns;
    this.#rules = rules;
    this.#random = new KeyedRandom(seed, THINK_TIME);
    this.#starts = new KeyedRandom(seed, START);
    this.#heads = heads.map((head) => Buffer.from(head, 'latin1'));
    this.#roomBefore = Math.max(...this.#heads.map(({ length }) => length)) + turns.maxOpenBytes;
  }

  beginPhase(phase: ConversationPhase): void {
    this.#phase = phase;
    this.#sampled = 0;
    this.#cutOff = 0;
    this.#heldUntilNs = 0;
  }

  /** Samples of this phase that were numbered here. */
  get sampled(): number {
    return this.#sampled;
  }

  /** Conversations of this phase that the end of issuing cut off. */
  get cutOff(): number {
    return this.#cutOff;
  }

  /** See `RequestArena.fileReadMs`. */
  get fileReadMs(): number {
    return this.#turns.fileReadMs;
  }

  get open(): number {
    return this.#talks.size;
  }

  get nextDueNs(): number {
    return this.#due.nextDueNs;
  }

  /** Begins conversation `index` of the phase, number `conversation` of the table. `dueNs`: NaN in closed loop. */
  begin(index: number, conversation: number, dueNs: number, endpoint: number): void {
    const turns = this.#turns;
    const firstTurn = turns.firstTurnOf(conversation);
    const turnCount = turns.turnCountOf(conversation);
    const talk: Talk = {
      number: this.#phase!.firstConversation + index,
      index,
      ...{ firstTurn, turnCount, endpoint, repeats: this.#phase!.repeatsOf(index) },
      waits: new Uint32Array(turnCount),
      readyNs: new Float64Array(turnCount),
      histories: [],
      memory: new MemoryAccount(this.#historyMemory, 'the live histories of all conversations'),
      sent: 0,
      inFlight: 0,
      // Not over while it begins.
      scheduled: 1,
      token: undefined,
      isCutOff: false,
    };
    this.#talks.add(talk);
    for (let at = 0; at < turnCount; at++) talk.waits[at] = turns.waitsOf(firstTurn + at);
    const start = index < this.#phase!.startsMidway ? this.#startOf(index, firstTurn, turnCount) : 0;
    for (let at = 0; at < start; at++) {
      for (const follower of turns.followersOf(firstTurn + at)) talk.waits[follower - firstTurn]! -= 1;
    }
    talk.sent = start;
    const isRoot = Array.from(talk.waits, (waits, at) => waits === 0 && at >= start);
    for (let at = start; at < turnCount && !talk.isCutOff; at++) {
      if (isRoot[at] === true) this.#beginTurn(talk, firstTurn + at, start > 0 ? NaN : dueNs, start > 0);
    }
    talk.scheduled -= 1;
    this.#endIfOver(talk);
  }

  /** The turn with which a conversation starts midway; 0 for one with threads, whose turns have no one order. */
  #startOf(index: number, firstTurn: number, turnCount: number): number {
    for (let at = 0; at < turnCount; at++) if (this.#turns.threadOf(firstTurn + at) !== 0) return 0;
    this.#starts.start(index);
    return this.#starts.below(turnCount);
  }

  /** A turn that waits for nothing: due with its conversation, or so long after that. */
  #beginTurn(talk: Talk, turn: number, dueNs: number, isMidway: boolean): void {
    // The pause before it is over, too.
    const delayNs = isMidway ? 0 : this.#turns.delayNsOf(turn);
    if (!(delayNs > 0)) {
      this.#send(this.#opened(talk, turn, dueNs));
      return;
    }
    const beganNs = Number.isNaN(dueNs) ? this.#clock.nowNs() : dueNs;
    talk.scheduled += 1;
    this.#due.push(this.#opened(talk, turn, Math.max(beganNs + delayNs, this.#heldUntilNs)));
    this.#phase!.onDue();
  }

  sendNext(): void {
    const open = this.#due.shift()!;
    open.talk.scheduled -= 1;
    if (open.talk.isCutOff) this.#endIfOver(open.talk);
    else this.#send(open);
  }

  holdUntil(atNs: number): void {
    this.#heldUntilNs = atNs;
    this.#due.holdUntil(atNs);
  }

  giveUp(): void {
    for (const { talk } of this.#due.clear()) talk.scheduled -= 1;
    for (const talk of [...this.#talks]) {
      if (!talk.isCutOff && this.#hasMore(talk)) this.#cutOff += 1;
      talk.isCutOff = true;
      this.#endIfOver(talk);
    }
  }

  /** The request of a live turn that is due or in flight; undefined for one that is whole in the arena. */
  requestOf(seq: number, turn: number): Uint8Array | undefined {
    if (!this.#turns.isLive(turn)) return undefined;
    const open = this.#inFlight.get(seq)!;
    open.request ??= this.#historyOf(open).requestOf(turn, this.#heads[open.talk.endpoint]!);
    return open.request;
  }

  /** The server has given a token with the response to a sample. */
  keepToken(seq: number, token: string): void {
    if (SENDABLE.test(token)) this.#inFlight.get(seq)!.talk.token = token;
  }

  /** The token that the request of a sample sends back. */
  tokenOf(seq: number): string | undefined {
    return this.#inFlight.get(seq)!.talk.token;
  }

  placeOf(seq: number): TurnPlace {
    return this.#inFlight.get(seq)!;
  }

  /** The response to a sample, before {@link sampleEnded}. Throws `response_memory_exhausted` when the histories have no room for it. */
  onResponse(seq: number, { output }: FinalOutput): void {
    const open = this.#inFlight.get(seq)!;
    const history = open.talk.histories[this.#turns.threadOf(open.turn)];
    if (history === undefined) return;
    history.addResponse(responseItem(this.#adapter, output, this.#rules.reasoning), open.talk.memory);
  }

  /** A sample has ended, in any way: what waited for it gets its due time. `succeededNs`: see `OnSampleEnd`. */
  sampleEnded(seq: number, nowNs: number, succeededNs: number): void {
    const open = this.#inFlight.get(seq)!;
    const { talk, turn } = open;
    const hasFailed = Number.isNaN(succeededNs);
    // What it asks is part of the history, also where it failed before its request was made.
    if (hasFailed && this.#rules.onTurnFailure === 'continue') this.requestOf(seq, turn);
    this.#inFlight.delete(seq);
    talk.inFlight -= 1;
    if (hasFailed && this.#rules.onTurnFailure !== 'continue') this.#failed(talk, nowNs);
    if (!talk.isCutOff) this.#release(talk, turn, hasFailed ? nowNs : succeededNs);
    this.#endIfOver(talk);
  }

  /** No other turn of it is sent: if that is the rule, they fail now. */
  #failed(talk: Talk, nowNs: number): void {
    if (talk.isCutOff) return;
    talk.isCutOff = true;
    if (this.#rules.onTurnFailure !== 'fail') return;
    const scheduled = this.#due.take((open) => open.talk === talk);
    talk.scheduled -= scheduled.length;
    const unsent = scheduled.map(({ turn }) => turn);
    for (let at = 0; at < talk.turnCount; at++) if (talk.waits[at]! > 0) unsent.push(talk.firstTurn + at);
    unsent.sort((a, b) => a - b);
    for (const turn of unsent) this.#failUnsent(this.#opened(talk, turn, nowNs), nowNs);
  }

  #failUnsent(open: OpenTurn, nowNs: number): void {
    const seq = this.#numbered(open);
    if (seq === undefined) return;
    this.#phase!.failUnsent(open.talk.endpoint, seq, open.turn, nowNs);
    this.#inFlight.delete(seq);
    open.talk.inFlight -= 1;
  }

  #release(talk: Talk, turn: number, endNs: number): void {
    const { waits, readyNs, firstTurn } = talk;
    for (const follower of this.#turns.followersOf(turn)) {
      const at = follower - firstTurn;
      readyNs[at] = Math.max(readyNs[at]!, endNs);
      waits[at]! -= 1;
      if (waits[at] !== 0) continue;
      this.#fork(talk, follower);
      talk.scheduled += 1;
      const dueNs = Math.max(readyNs[at] + this.#delayNs(talk, follower), this.#heldUntilNs);
      this.#due.push(this.#opened(talk, follower, dueNs));
      this.#phase!.onDue();
    }
  }

  #delayNs(talk: Talk, turn: number): number {
    const delayNs = this.#turns.delayNsOf(turn);
    const { thinkTime } = this.#rules;
    if (!Number.isNaN(delayNs)) return delayNs;
    if (thinkTime === undefined) return 0;
    // Drawn by what it is, not by when: a run with the same seed draws the same, however many workers it has.
    this.#random.start(
      talk.index * KEYS_PER_CONVERSATION + ((turn - talk.firstTurn) % KEYS_PER_CONVERSATION),
    );
    return Math.round(drawDurationMs(thinkTime, this.#random) * NS_PER_MS);
  }

  #opened(talk: Talk, turn: number, dueNs: number): OpenTurn {
    const position = this.#turns.positionOf(turn);
    return {
      ...{ talk, turn, dueNs, position },
      request: undefined,
      conversation: talk.number,
      repeats: talk.repeats,
      turnCount: talk.turnCount,
      name: this.#nameOf(talk, turn, position),
    };
  }

  #nameOf({ repeats }: Talk, turn: number, position: number): TurnName | undefined {
    const id = this.#turns.conversationIdOf(turn);
    if (id === undefined) return undefined;
    return {
      conversationId: repeatedId(id, repeats),
      turn: this.#turns.turnNumberOf(turn) ?? 2 * position + 1,
    };
  }

  #send(open: OpenTurn): void {
    const seq = this.#numbered(open);
    if (seq !== undefined) {
      this.#phase!.send(open.talk.endpoint, seq, open.turn, open.dueNs);
      return;
    }
    open.talk.isCutOff = true;
    this.#endIfOver(open.talk);
  }

  /** Numbers the sample of a turn, which is in flight from then on; undefined when a phase has as many as it can number. */
  #numbered(open: OpenTurn): number | undefined {
    const { sampleSeqOf, sampleCounter } = this.#phase!;
    const index = drawTicket(sampleCounter, MAX_TICKETS);
    if (index < 0) return undefined;
    const seq = sampleSeqOf(index);
    this.#sampled += 1;
    open.talk.sent += 1;
    open.talk.inFlight += 1;
    this.#inFlight.set(seq, open);
    return seq;
  }

  #historyOf({ talk, turn }: OpenTurn): ThreadHistory {
    const thread = this.#turns.threadOf(turn);
    return (talk.histories[thread] ??= new ThreadHistory(this.#turns, this.#roomBefore));
  }

  /** A thread that goes on from another's history has what that says now: the other may say more before the first turn is due. */
  #fork({ histories }: Talk, turn: number): void {
    const forkOf = this.#turns.forkOf(turn);
    if (forkOf === NO_THREAD) return;
    const parent = histories[forkOf];
    if (parent !== undefined) histories[this.#turns.threadOf(turn)] = parent.fork();
  }

  /** Some of its turns were not sent yet. */
  #hasMore({ sent, turnCount }: Talk): boolean {
    return sent < turnCount;
  }

  #endIfOver(talk: Talk): void {
    if (talk.inFlight > 0 || (talk.scheduled > 0 && !talk.isCutOff)) return;
    if (!this.#talks.delete(talk)) return;
    talk.memory.release();
    this.#phase!.onEnd(talk.endpoint, talk.number);
  }
}

/** As MLCommons endpoints name a conversation that is sent again. */
function repeatedId(id: string, repeats: number): string {
  return repeats === 0 ? id : `${id}__repeat_${repeats + 1}`;
}
