import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { bindReadyHost, type ReadyHost } from '../../transport/zmq/ready.ts';
import type { AggregatorOrders } from './aggregator-orders.ts';
import { AggregatorProcess } from './aggregator-process.ts';

export interface SupervisorOptions {
  /** Started and not yet told its options. */
  readonly process: AggregatorProcess;
  readonly aggregator: Omit<AggregatorOrders, 'ready' | 'restarts'>;
  /** Address for the readiness handshake. */
  readonly readyAddress: string;
  /** For the first aggregator and those that come in its place, in all; then the run goes on without any. */
  readonly readyTimeoutMs: number;
  readonly log: Log;
  /** Told whenever a (new) aggregator runs. */
  readonly onStarted?: (pid: number) => void;
}

const MAX_RESTARTS = 5;
const FIRST_RESTART_DELAY_MS = 100;
const KILL_AFTER_MS = 5000;
/** One that gives no sign of life for so long after the run's end hangs, as one that was stopped does. It gives one every second. */
const SILENCE_LIMIT_MS = 10_000;
const SILENCE_CHECK_MS = 200;
/** From then on a user wonders. */
const WAITING_IS_TOLD_AFTER_MS = 2000;

/**
 * Keeps one aggregator process running until it has said its last word: exit code 0 after the final snapshot.
 *
 * One that dies before is started again, up to five times with growing delays; it catches up from the run log. The run never depends
 * on it.
 */
export class AggregatorSupervisor {
  /** Settles, and never rejects, when the aggregator follows the run, or when that is no longer waited for. */
  readonly ready: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #ended = Promise.withResolvers<boolean>();
  #process: AggregatorProcess;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #isReady = false;
  #stopping = false;
  #hangs = false;
  /** Frames of the run, once it is over. */
  #frames: number | undefined;

  private constructor(options: SupervisorOptions, host: ReadyHost) {
    this.#options = options;
    this.#process = options.process;
    this.#begin();
    this.ready = this.#waitForReady(host);
  }

  /** Tells the aggregator its options. When none comes up in time, the run is left to go on without. */
  static async launch(options: SupervisorOptions): Promise<AggregatorSupervisor> {
    return new AggregatorSupervisor(options, await bindReadyHost(options.readyAddress));
  }

  /** Aggregators of this run that died before their time. */
  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Tells the aggregator, and any that comes after it, that the run is over and how many frames its log has. */
  endAt(frames: number): void {
    this.#frames = frames;
    this.#process.endAt(frames);
  }

  /**
   * Waits for the aggregator's own end. False when it gave up, after `timeoutMs` (`Infinity`: no limit), or as soon as it hangs: after
   * ten seconds without a sign of life, once it was told of the end.
   */
  async waitForEnd(timeoutMs: number): Promise<boolean> {
    const givenUp = Promise.withResolvers<boolean>();
    const timer = timeoutMs === Infinity ? undefined : setTimeout(() => givenUp.resolve(false), timeoutMs);
    const watch = setInterval(() => {
      if (!this.#isSilent()) return;
      this.#hangs = true;
      clearInterval(watch);
      const seconds = SILENCE_LIMIT_MS / 1000;
      this.#options.log.warning(
        `the aggregator gave no sign of life for ${seconds} s; the report will come from the run log`,
      );
      givenUp.resolve(false);
    }, SILENCE_CHECK_MS);
    try {
      return await Promise.race([this.#ended.promise, givenUp.promise]);
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
    }
  }

  #isSilent(): boolean {
    return this.#frames !== undefined && performance.now() - this.#process.lastHeardMs > SILENCE_LIMIT_MS;
  }

  /** Ends whatever still runs: SIGTERM, and SIGKILL five seconds later, or at once what hangs or has nothing to say yet. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const aggregator = this.#process;
    if (aggregator.hasEnded) {
      this.#ended.resolve(false);
      return;
    }
    aggregator.kill(this.#isReady && !this.#hangs ? 'SIGTERM' : 'SIGKILL');
    const killer = setTimeout(() => aggregator.kill('SIGKILL'), KILL_AFTER_MS);
    await this.#ended.promise;
    clearTimeout(killer);
  }

  /** Ends the aggregator at once, whatever it is doing, and starts no other. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    this.#process.kill('SIGKILL');
  }

  async #waitForReady(host: ReadyHost): Promise<void> {
    const { readyTimeoutMs, log } = this.#options;
    const gaveUp = this.#ended.promise.then((finished) => {
      if (!finished) throw new Error('it died again and again');
    });
    const teller = setTimeout(
      () => log.info(`waiting for the aggregator to start, for ${readyTimeoutMs / 1000} s at most`),
      WAITING_IS_TOLD_AFTER_MS,
    );
    try {
      await Promise.race([host.waitForReady(1, readyTimeoutMs), gaveUp]);
      this.#isReady = true;
    } catch (error) {
      if (this.#stopping) return;
      log.warning(`aggregator is not ready (${errorText(error)}); going on without a live view`);
      await this.stop();
    } finally {
      clearTimeout(teller);
      await host.close();
    }
  }

  #begin(): void {
    const { aggregator, readyAddress, onStarted, log } = this.#options;
    const started = this.#process;
    const options = {
      ...aggregator,
      restarts: this.#restarts,
      ...(this.#isReady ? {} : { ready: { address: readyAddress, id: this.#restarts } }),
    };
    started.begin(options, (line) => log.warning(`aggregator: ${line}`));
    if (this.#frames !== undefined) started.endAt(this.#frames);
    if (started.pid !== undefined) onStarted?.(started.pid);
    void started.ended.then((cause) => (cause === undefined ? this.#ended.resolve(true) : this.#died(cause)));
  }

  #died(how: string): void {
    const { log } = this.#options;
    if (this.#stopping || this.#restarts >= MAX_RESTARTS) {
      if (!this.#stopping)
        log.error(
          `aggregator died (${how}), ${MAX_RESTARTS} restarts are used up; the report will come from the run log`,
        );
      this.#ended.resolve(false);
      return;
    }
    const delayMs = FIRST_RESTART_DELAY_MS * 2 ** this.#restarts;
    this.#restarts += 1;
    log.warning(
      `aggregator died (${how}); restart ${this.#restarts} of ${MAX_RESTARTS}, it catches up from the run log`,
    );
    this.#restartTimer = setTimeout(() => {
      this.#process = AggregatorProcess.start();
      this.#begin();
    }, delayMs);
  }
}
