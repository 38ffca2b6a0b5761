import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AgentState,
  decodeMessage,
  encodeMessage,
  type Job,
  NO_COUNTS,
  type Offer,
  type Order,
  type Reply,
  replySchema,
} from '../../cluster/messages.ts';
import { agentSubject, aliveSubject, type RunSubjects } from '../../cluster/subjects.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { NatsPlace } from './nats-place.ts';

/** One order without its number. */
export type NewOrder = Order extends infer One ? (One extends Order ? Omit<One, 'number'> : never) : never;

/** An answer is awaited so long before the question is asked again. */
const ANSWER_MS = 1000;
const RETRY_MS = 100;
/** Reading a large dataset may keep an agent from answering for a while; one that is silent for longer is gone. */
const SILENT_MS = 20_000;

/** One agent of a run, as its coordinator knows it. */
export class AgentLink {
  readonly index: number;
  readonly offer: Offer;
  readonly #place: NatsPlace;
  readonly #subjects: RunSubjects;
  #orders = 0;
  #counts = NO_COUNTS;
  #heardMs = performance.now();
  #countedMs = -Infinity;
  #isClosed = false;

  constructor(place: NatsPlace, subjects: RunSubjects, index: number, offer: Offer) {
    this.#place = place;
    this.#subjects = subjects;
    this.index = index;
    this.offer = offer;
  }

  get name(): string {
    return this.offer.name;
  }

  /** As it told last. */
  get counts(): AgentState['counts'] {
    return this.#counts;
  }

  /** When it told its counts last, by `performance.now()`. */
  get countedMs(): number {
    return this.#countedMs;
  }

  /** When it was heard last, by `performance.now()`. */
  get heardMs(): number {
    return this.#heardMs;
  }

  hear(state?: AgentState): void {
    this.#heardMs = performance.now();
    if (state === undefined) return;
    this.#counts = state.counts;
    this.#countedMs = this.#heardMs;
  }

  /**
   * Asks it to take part. Throws `INFEROMETER_AGENT_REFUSED` (setup) with its reason, and `INFEROMETER_AGENT_SILENT` (setup) when it is not
   * there any more for `silentMs`.
   */
  async engage(
    job: Job,
    timeoutMs: number,
    silentMs = SILENT_MS,
  ): Promise<Extract<Reply, { kind: 'prepared' }>> {
    const subject = agentSubject(this.offer.agent_id);
    const asking = this.#ask(subject, encodeMessage(job), timeoutMs, timeoutMs);
    const watching = new AbortController();
    try {
      const reply = await Promise.race([asking, this.#untilGone(silentMs, watching.signal)]);
      return this.#wanted(reply, 'prepared');
    } finally {
      watching.abort();
      asking.catch(() => undefined);
    }
  }

  /** Gives an order until it answers, at most for `timeoutMs`. Throws `INFEROMETER_AGENT_SILENT` (execution), or what it refuses. */
  async order<K extends Reply['kind']>(
    order: NewOrder,
    wanted: K,
    timeoutMs: number,
  ): Promise<Extract<Reply, { kind: K }>> {
    const numbered = encodeMessage({ ...order, number: this.#orders++ });
    const reply = await this.#ask(this.#subjects.orders(this.index), numbered, timeoutMs, ANSWER_MS);
    return this.#wanted(reply, wanted);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Orders without an answer are not given again. */
  close(): void {
    this.#isClosed = true;
  }

  /** Rejects once it has been silent for too long; never resolves. */
  async #untilGone(silentMs: number, signal: AbortSignal): Promise<never> {
    this.hear();
    const { connection } = this.#place;
    while (performance.now() - this.#heardMs <= silentMs && !signal.aborted) {
      await connection.request(aliveSubject(this.offer.agent_id), undefined, { timeout: ANSWER_MS }).then(
        () => this.hear(),
        () => undefined,
      );
      await sleep(ANSWER_MS / 4, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return new Promise<never>(() => undefined);
    throw new InferometerError(
      'INFEROMETER_AGENT_SILENT',
      'setup',
      `agent ${this.name} no longer answers; it died while it was preparing, or its network failed`,
    );
  }

  #wanted<K extends Reply['kind']>(reply: Reply, wanted: K): Extract<Reply, { kind: K }> {
    if (reply.kind === wanted) return reply as Extract<Reply, { kind: K }>;
    const why = reply.kind === 'refused' ? reply.reason : `it answered ${reply.kind} instead of ${wanted}`;
    throw new InferometerError('INFEROMETER_AGENT_REFUSED', 'setup', `agent ${this.name}: ${why}`);
  }

  async #ask(subject: string, message: Uint8Array, timeoutMs: number, answerMs: number): Promise<Reply> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      try {
        const timeout = Math.max(1, Math.min(answerMs, deadlineMs - performance.now()));
        const answer = await this.#place.connection.request(subject, message, { timeout });
        this.hear();
        return decodeMessage(replySchema, answer.data, `the answer of agent ${this.name}`);
      } catch (error) {
        if (error instanceof InferometerError) throw error;
        if (this.#isClosed || performance.now() + RETRY_MS >= deadlineMs) {
          throw new InferometerError(
            'INFEROMETER_AGENT_SILENT',
            'execution',
            `agent ${this.name} does not answer (${errorText(error)})`,
          );
        }
        await sleep(RETRY_MS);
      }
    }
  }
}
