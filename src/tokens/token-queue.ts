import { errorText } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { countInputs } from './count-inputs.ts';
import type { TokenCounter } from './token-counter.ts';
import type { TokenInput } from './token-input.ts';

/** Most items of one kind that a flush takes: bounds how long a flush can hold up the next. */
export const FLUSH_LIMIT_PER_KIND = 1024;

interface PendingItem {
  readonly input: TokenInput;
  readonly record: (tokenCount: number) => void;
}

interface FlushOutcome {
  readonly failed: readonly PendingItem[];
  readonly errors: readonly string[];
}

/**
 * Token counts still to be taken: counted in batches, recorded in the order in which they were asked for.
 *
 * Nothing is lost: what could not be counted goes back to the front and is tried again, and stays in
 * {@link pendingCount} until it is recorded. A recorder that throws still counts its item as done.
 */
export class TokenQueue {
  readonly #counter: TokenCounter;
  readonly #log: Log;
  readonly #abandonment = Promise.withResolvers<void>();
  #items: PendingItem[] = [];
  #unrecordedCount = 0;
  #abandoned = false;
  #failureReported = false;
  #liveTimer: NodeJS.Timeout | undefined;
  #lastFlush: Promise<void> = Promise.resolve();

  constructor(counter: TokenCounter, log: Log) {
    this.#counter = counter;
    this.#log = log;
  }

  /** Items enqueued and not yet recorded. */
  get pendingCount(): number {
    return this.#unrecordedCount;
  }

  /** Asks for a count; `record` gets it once it is known. Never blocks. */
  enqueue(input: TokenInput, record: (tokenCount: number) => void): void {
    this.#unrecordedCount++;
    this.#items.push({ input, record });
  }

  /** Flushes now and then, `intervalMs` apart, until the drain. A second call changes nothing. */
  startLive(intervalMs: number): void {
    if (this.#liveTimer !== undefined || this.#abandoned) return;
    const waitThenFlush = () => {
      this.#liveTimer = setTimeout(() => {
        void this.flushLive().then(() => {
          if (this.#liveTimer !== undefined) waitThenFlush();
        });
      }, intervalMs);
    };
    waitThenFlush();
  }

  /** One flush of at most 1024 items a kind. Never rejects: its first failure is a warning, later ones are debug lines. */
  flushLive(): Promise<void> {
    return this.#afterLastFlush(async () => {
      const { failed, errors } = await this.#flush();
      this.#items = [...failed, ...this.#items];
      for (const error of errors) this.#reportLiveFailure(error);
    });
  }

  /**
   * Counts all that is left, each item once, and returns how many stay unfinished. Never rejects.
   *
   * Ends early after `timeoutMs` (0 = no limit) or by {@link abandon}; counts that arrive later are not recorded.
   */
  async drain(timeoutMs = 0): Promise<number> {
    this.#stopLive();
    const timer = timeoutMs > 0 ? setTimeout(() => this.abandon(), timeoutMs) : undefined;
    await Promise.race([this.#afterLastFlush(() => this.#drainAll()), this.#abandonment.promise]);
    clearTimeout(timer);
    this.abandon();
    return this.pendingCount;
  }

  /** Gives up: ends the live flushes and a drain under way, and records nothing from now on. */
  abandon(): void {
    this.#stopLive();
    this.#abandoned = true;
    this.#abandonment.resolve();
  }

  async #drainAll(): Promise<void> {
    const failed: PendingItem[] = [];
    const errors = new Set<string>();
    while (this.#items.length > 0 && !this.#abandoned) {
      const outcome = await this.#flush();
      failed.push(...outcome.failed);
      for (const error of outcome.errors) errors.add(error);
    }
    this.#items = [...failed, ...this.#items];
    for (const error of errors) this.#log.warning(`token counts stay incomplete: ${error}`);
  }

  /** Takes items off the front, counts them, records the counts in order, and returns what failed. */
  async #flush(): Promise<FlushOutcome> {
    const taken = this.#take();
    const { counts, errors } = await countInputs(
      this.#counter,
      taken.map(({ input }) => input),
    );
    if (this.#abandoned) return { failed: taken, errors: [] };
    for (const [i, item] of taken.entries()) this.#record(item, counts[i]!);
    return { failed: taken.filter((_, i) => Number.isNaN(counts[i]!)), errors };
  }

  #record(item: PendingItem, tokenCount: number): void {
    if (Number.isNaN(tokenCount)) return;
    this.#unrecordedCount--;
    try {
      item.record(tokenCount);
    } catch (error) {
      this.#log.warning(`a token count could not be recorded: ${errorText(error)}`);
    }
  }

  /** The first items of each kind, in order, up to the limit a kind. */
  #take(): readonly PendingItem[] {
    if (this.#items.length <= FLUSH_LIMIT_PER_KIND) return this.#items.splice(0);
    const room = { text: FLUSH_LIMIT_PER_KIND, answer: FLUSH_LIMIT_PER_KIND, prompt: FLUSH_LIMIT_PER_KIND };
    const taken: PendingItem[] = [];
    const left: PendingItem[] = [];
    for (const item of this.#items) (room[item.input.kind]-- > 0 ? taken : left).push(item);
    this.#items = left;
    return taken;
  }

  /** Runs flushes one at a time, so that no item is counted twice. */
  #afterLastFlush(flush: () => Promise<void>): Promise<void> {
    this.#lastFlush = this.#lastFlush.then(flush);
    return this.#lastFlush;
  }

  #reportLiveFailure(error: string): void {
    const message = `tokens can't be counted now, trying again: ${error}`;
    if (this.#failureReported) this.#log.debug(message);
    else this.#log.warning(message);
    this.#failureReported = true;
  }

  #stopLive(): void {
    clearTimeout(this.#liveTimer);
    this.#liveTimer = undefined;
  }
}
