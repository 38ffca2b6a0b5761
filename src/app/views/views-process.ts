import { setTimeout as sleep } from 'node:timers/promises';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { entryModule } from '../../core/program-files.ts';
import type { RunControls } from '../../live/run-controls.ts';
import { applyControl } from '../../web/control-actions.ts';
import { HelperProcess } from '../machine/helper-process.ts';
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
  readonly #process: HelperProcess<ToViews, FromViews>;
  readonly #log: Log;
  readonly #opened = Promise.withResolvers<void>();
  #controls: RunControls | undefined;
  #isClosing = false;

  private constructor({ web, otlpUrl, mayControl, log }: ViewsProcessOptions) {
    this.#log = log;
    this.#process = new HelperProcess({
      module: entryModule('app/views/views.main'),
      name: 'views',
      onMessage: (message) => this.#take(message),
      log,
    });
    void this.#process.ended.then((how) => this.#tellEnd(how));
    this.#process.send({ kind: 'open', web, otlpUrl, mayControl });
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
    this.#process.send({ kind: 'follow', runPath });
  }

  /** Shows the run's last state and ends. Never rejects; takes 5 s at most. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#controls = undefined;
    this.#process.send({ kind: 'close' });
    await Promise.race([this.#process.ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    await this.#process.kill();
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
    this.#process.send({ kind: 'answer', id, outcome, state: this.#controls?.state ?? null });
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
}
