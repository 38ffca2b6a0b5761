import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { entryModule } from '../../core/program-files.ts';
import { encodeAggregatorOrders, encodeFrameCount, type AggregatorOrders } from './aggregator-orders.ts';

/**
 * One aggregator process. It loads its modules at once and then waits for its options, so it can be started before anything is known of the
 * run; one that is never told them is ended by {@link discard}, or with this process.
 */
export class AggregatorProcess {
  /** How it died, or `undefined` when it ended by itself after its last word. Never rejects. */
  readonly ended: Promise<string | undefined>;
  readonly #child: ChildProcess;
  #hasEnded = false;
  #lastHeardMs = performance.now();

  private constructor(child: ChildProcess) {
    this.#child = child;
    // After a failed start both may come: the first one counts.
    const over = Promise.withResolvers<string | undefined>();
    child.once('error', (error) => over.resolve(error.message));
    child.once('exit', (code, signal) =>
      over.resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)),
    );
    child.stdout?.on('data', () => (this.#lastHeardMs = performance.now()));
    // Told of a process that has died, it breaks; that it died is told above.
    child.stdin?.on('error', () => undefined);
    this.ended = over.promise.finally(() => (this.#hasEnded = true));
  }

  static start(): AggregatorProcess {
    const module = fileURLToPath(entryModule('app/fold/aggregator.main'));
    // The pipe to its stdin closes when this process dies, however it dies: the aggregator then ends by itself.
    return new AggregatorProcess(spawn(process.execPath, [module], { stdio: ['pipe', 'pipe', 'pipe'] }));
  }

  /** `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** When it was told something, or last gave the sign of life it gives every second once it knows that the run has ended. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  /** Tells it what to do, once; `onLine` is given what it writes to its standard error. */
  begin(options: AggregatorOrders, onLine: (line: string) => void): void {
    const { stdin, stderr } = this.#child;
    // Without files to spare a process has neither; that it could not be started is told by its end.
    if (stderr !== null) createInterface({ input: stderr }).on('line', onLine);
    stdin?.write(encodeAggregatorOrders(options));
    this.#lastHeardMs = performance.now();
  }

  /** Tells it, after its options, that the run has ended and how many frames its log has. */
  endAt(frames: number): void {
    this.#child.stdin?.write(encodeFrameCount(frames));
    this.#lastHeardMs = performance.now();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends one that was never told its options, or has ended already. */
  async discard(): Promise<void> {
    if (!this.#hasEnded) this.kill('SIGKILL');
    await this.ended;
  }
}
