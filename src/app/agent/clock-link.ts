import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { ClockOffset, type OffsetEstimate } from '../../cluster/clock-offset.ts';
import { InferometerError } from '../../core/errors.ts';

/** Pings before the run, in quick succession, and more of them until the best is good enough; then one now and then to follow the drift; and some at the end. */
const PINGS_BEFORE = 40;
const MOST_PINGS_BEFORE = 200;
const GOOD_ERROR_NS = 100_000;
const PINGS_AFTER = 10;
const PAUSE_MS = 5;
const EVERY_MS = 10_000;
const TIMEOUT_MS = 500;

export interface ClockLinkOptions {
  readonly connection: NatsConnection;
  /** Where the coordinator answers with its time. */
  readonly subject: string;
  /** Our clock; default: the monotonic one. */
  readonly nowNs?: () => bigint;
}

/** Follows how far the coordinator's monotonic clock is ahead of ours, by pings over NATS. */
export class ClockLink {
  readonly #options: ClockLinkOptions;
  readonly #nowNs: () => bigint;
  readonly #offset = new ClockOffset();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClockLinkOptions) {
    this.#options = options;
    this.#nowNs = options.nowNs ?? (() => process.hrtime.bigint());
  }

  get pings(): number {
    return this.#offset.count;
  }

  /** Pings until the offset is known. Throws `INFEROMETER_CLOCK_PINGS` (execution) when no answer comes. */
  async settle(): Promise<OffsetEstimate> {
    await this.#ping(PINGS_BEFORE);
    while (!this.#isGood() && this.#offset.count > 0 && this.#offset.count < MOST_PINGS_BEFORE)
      await this.#ping(PINGS_AFTER);
    const settled = this.#offset.settle(this.#nowNs());
    if (settled === undefined) {
      throw new InferometerError(
        'INFEROMETER_CLOCK_PINGS',
        'execution',
        `clock: ${PINGS_BEFORE} pings to the coordinator, and no answer`,
      );
    }
    this.#timer = setInterval(() => void this.#ping(1), EVERY_MS);
    this.#timer.unref();
    return settled;
  }

  #isGood(): boolean {
    const best = this.now();
    return best !== undefined && best.errorNs <= GOOD_ERROR_NS;
  }

  /** The offset as it is now. */
  now(): OffsetEstimate | undefined {
    return this.#offset.at(this.#nowNs());
  }

  /** The last pings; gives the estimate and the drift over the whole time. */
  async end(): Promise<{ readonly errorNs: number | null; readonly driftPpm: number | null }> {
    clearInterval(this.#timer);
    await this.#ping(PINGS_AFTER);
    const nowNs = this.#nowNs();
    return { errorNs: this.#offset.at(nowNs)?.errorNs ?? null, driftPpm: this.#offset.driftPpm(nowNs) };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** One that gets no answer tells nothing. */
  async #ping(count: number): Promise<void> {
    const { connection, subject } = this.#options;
    for (let sent = 0; sent < count; sent++) {
      const sentNs = this.#nowNs();
      try {
        const answer = await connection.request(subject, undefined, { timeout: TIMEOUT_MS });
        const receivedNs = this.#nowNs();
        this.#offset.add({
          sentNs,
          receivedNs,
          remoteNs: BigInt(Buffer.from(answer.data).toString('latin1')),
        });
      } catch {
        if (sent >= PINGS_AFTER && this.#offset.count === 0) return;
      }
      if (sent + 1 < count) await sleep(PAUSE_MS);
    }
  }
}
