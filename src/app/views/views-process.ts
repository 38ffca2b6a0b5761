import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { siblingModule } from '../../core/sibling-module.ts';
import type { RunControls } from '../../live/run-controls.ts';
import { applyControl } from '../../web/control-actions.ts';
import type { WebOptions } from './serve-views.ts';
import type { ControlRequest, FromViews, ToViews } from './views-messages.ts';

export interface ViewsProcessOptions {
  readonly web: WebOptions | undefined;
  /** Collector to push to. */
  readonly otlpUrl: string | undefined;
  /** Viewers of the page may steer the run. */
  readonly mayControl: boolean;
  readonly log: Log;
}

/** Closing waits so long for the last state to reach its viewers. */
const CLOSE_TIMEOUT_MS = 5000;

/**
 * The views of a run that other programs look at, in a process of their own: however many look on, the process that
 * issues requests has no part in it. It follows the run as any other viewer does, and ends with this process, however that ends.
 */
export class ViewsProcess {
  readonly #child: ChildProcess;
  readonly #log: Log;
  readonly #ended: Promise<string>;
  readonly #opened = Promise.withResolvers<void>();
  #controls: RunControls | undefined;
  #isClosing = false;
  #hasEnded = false;

  private constructor({ web, otlpUrl, mayControl, log }: ViewsProcessOptions) {
    const module = fileURLToPath(siblingModule(import.meta.url, './views.main'));
    const child = fork(module, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child = child;
    this.#log = log;
    const over = Promise.withResolvers<string>();
    child.once('error', (error) => over.resolve(error.message));
    child.once('exit', (code, signal) => over.resolve(signal ?? `exit code ${code}`));
    this.#ended = over.promise.finally(() => (this.#hasEnded = true));
    void this.#ended.then((how) => this.#tellEnd(how));
    // Without files to spare a process has none; that it could not be started is told by its end.
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => log.warning(`views: ${line}`));
    child.on('message', (message) => this.#take(message as FromViews));
    this.#send({ kind: 'open', web, otlpUrl, mayControl });
  }

  /**
   * Starts it and resolves when the views are there. Throws `InferometerError` (input, set-up) for what cannot be served so. Takes
   * some 0.3 s, most of it the loading of modules.
   */
  static async open(options: ViewsProcessOptions): Promise<ViewsProcess> {
    const views = new ViewsProcess(options);
    try {
      await views.#opened.promise;
    } catch (error) {
      await views.close();
      throw error;
    }
    return views;
  }

  /** The run has its directory: shows it from now on. `controls` steer it. */
  follow(runPath: string, controls: RunControls | undefined): void {
    this.#controls = controls;
    this.#send({ kind: 'follow', runPath });
  }

  /** Shows the run's last state and ends. Never rejects; takes 5 s at most. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#controls = undefined;
    this.#send({ kind: 'close' });
    await Promise.race([this.#ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #take(message: FromViews): void {
    switch (message.kind) {
      case 'opened':
        this.#opened.resolve();
        break;
      case 'failed': {
        const { code, kind, message: text } = message.error;
        this.#isClosing = true;
        this.#opened.reject(new InferometerError(code, kind, text));
        break;
      }
      case 'log':
        this.#log[message.level](message.text);
        break;
      case 'ask':
        this.#answer(message);
        break;
    }
  }

  #answer({ id, action, body }: ControlRequest): void {
    const outcome =
      action === null ? ({ outcome: 'done' } as const) : applyControl(this.#controls, action, body);
    this.#send({ kind: 'answer', id, outcome, state: this.#controls?.state ?? null });
  }

  #tellEnd(how: string): void {
    if (this.#isClosing) return;
    this.#opened.reject(
      new InferometerError('INFEROMETER_VIEWS_PROCESS', 'setup', `the process of the page ended: ${how}`),
    );
    this.#log.warning(
      `the process of the page ended (${how}); the run goes on without it, and can be served from another terminal`,
    );
  }

  #send(message: ToViews): void {
    // That it has ended is told by its end.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}
