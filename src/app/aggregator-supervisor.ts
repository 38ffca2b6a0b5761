import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { errorText } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { siblingModule } from '../core/sibling-module.ts';
import { bindReadyHost } from '../transport/zmq/ready.ts';
import { encodeAggregatorOptions, type AggregatorOptions } from './aggregator-options.ts';

export interface SupervisorOptions {
  readonly aggregator: Omit<AggregatorOptions, 'ready' | 'restarts'>;
  /** Address for the readiness handshake. */
  readonly readyAddress: string;
  readonly readyTimeoutMs: number;
  readonly log: Log;
  /** Told whenever a (new) aggregator runs. */
  readonly onStarted?: (pid: number) => void;
}

const MAX_RESTARTS = 5;
const FIRST_RESTART_DELAY_MS = 100;
const KILL_AFTER_MS = 5000;

/**
 * Keeps one aggregator process running until it has said its last word: exit code 0 after the final snapshot.
 *
 * One that dies before is started again, up to five times with growing delays; it catches up from the run log. The run never depends
 * on it.
 */
export class AggregatorSupervisor {
  readonly #options: SupervisorOptions;
  readonly #ended = Promise.withResolvers<boolean>();
  #child: ChildProcess | undefined;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  private constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Starts the aggregator and waits until it follows the run. One that does not come up in time is left to the restarts:
   * the supervisor is returned all the same.
   */
  static async launch(options: SupervisorOptions): Promise<AggregatorSupervisor> {
    const { readyAddress, readyTimeoutMs, log } = options;
    const supervisor = new AggregatorSupervisor(options);
    const host = await bindReadyHost(readyAddress);
    supervisor.#start({ address: readyAddress, id: 0 });
    const gaveUp = supervisor.#ended.promise.then((finished) => {
      if (!finished) throw new Error('it died again and again');
    });
    try {
      await Promise.race([host.waitForReady(1, readyTimeoutMs), gaveUp]);
    } catch (error) {
      log.warning(`aggregator is not ready (${errorText(error)}); going on without a live view`);
    } finally {
      await host.close();
    }
    return supervisor;
  }

  /** Aggregators of this run that died before their time. */
  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Waits for the aggregator's own end. False when it gave up, or after `timeoutMs` (`Infinity`: no limit).
   */
  async waitForEnd(timeoutMs: number): Promise<boolean> {
    if (timeoutMs === Infinity) return this.#ended.promise;
    const timeout = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => timeout.resolve(false), timeoutMs);
    try {
      return await Promise.race([this.#ended.promise, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends whatever still runs: SIGTERM, and SIGKILL five seconds later. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      this.#ended.resolve(false);
      return;
    }
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    await this.#ended.promise;
    clearTimeout(killer);
  }

  #start(ready?: AggregatorOptions['ready']): void {
    const { aggregator, onStarted, log } = this.#options;
    const options = encodeAggregatorOptions({
      ...aggregator,
      restarts: this.#restarts,
      ...(ready === undefined ? {} : { ready }),
    });
    const module = fileURLToPath(siblingModule(import.meta.url, './aggregator.main'));
    // The pipe to its stdin closes when this process dies, however it dies: the aggregator then ends by itself.
    const child = spawn(process.execPath, [module, options], { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child = child;
    createInterface({ input: child.stderr }).on('line', (line) => log.warning(`aggregator: ${line}`));
    child.once('spawn', () => onStarted?.(child.pid!));
    // After a failed start both may come: the first one counts.
    const over = Promise.withResolvers<string | undefined>();
    child.once('error', (error) => over.resolve(error.message));
    child.once('exit', (code, signal) =>
      over.resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)),
    );
    void over.promise.then((cause) => (cause === undefined ? this.#ended.resolve(true) : this.#died(cause)));
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
    this.#restartTimer = setTimeout(() => this.#start(), delayMs);
  }
}
