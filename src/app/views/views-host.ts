import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log, LogLevel } from '../../core/log.ts';
import type { ControlAction, ControlDesk } from '../../web/control-actions.ts';
import { followToEnd } from './serve-follow.ts';
import { ServedViews } from './serve-views.ts';
import type { ControlReply, FromViews, ToViews } from './views-messages.ts';

/** The last state is written before the run closes its views; this is for a run that ended without one. */
const LAST_STATE_TIMEOUT_MS = 1000;

/** The other end of `ViewsProcess`: opens the views, follows the run, hands on what viewers want of it. */
export class ViewsHost {
  readonly #run: NodeJS.Process;
  readonly #log: Log;
  readonly #leaving = new AbortController();
  readonly #asked = new Map<number, (reply: ControlReply) => void>();
  #views: ServedViews | undefined;
  #lastState: Promise<void> | undefined;
  #requests = 0;

  /** `run`: this process, as far as it is a channel to the run. */
  constructor(run: NodeJS.Process) {
    this.#run = run;
    const at = (level: LogLevel) => (text: string) => this.#tell({ kind: 'log', level, text });
    this.#log = { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
    run.on('message', (message) => void this.#take(message as ToViews));
    // Without the run there is nothing to show; whoever wants to see what is left of it serves its directory.
    run.once('disconnect', () => process.exit());
  }

  async #take(message: ToViews): Promise<void> {
    switch (message.kind) {
      case 'open':
        await this.#open(message);
        break;
      case 'follow':
        this.#lastState = this.#follow(message.runPath);
        break;
      case 'answer':
        this.#asked.get(message.id)?.(message);
        this.#asked.delete(message.id);
        break;
      case 'close':
        await this.#close();
        break;
    }
  }

  async #open({ web, otlpUrl, mayControl }: ToViews & { kind: 'open' }): Promise<void> {
    try {
      const desk = mayControl ? this.#desk() : undefined;
      this.#views = await ServedViews.open({ web, otlpUrl, desk, log: this.#log });
      this.#tell({ kind: 'opened' });
    } catch (error) {
      const { code, kind } =
        error instanceof InferometerError
          ? error
          : ({ code: 'INFEROMETER_VIEWS_PROCESS', kind: 'setup' } as const);
      this.#tell({
        kind: 'failed',
        error: { code: code as `INFEROMETER_${string}`, kind, message: errorText(error) },
      });
    }
  }

  async #follow(runPath: string): Promise<void> {
    try {
      await followToEnd(runPath, {
        onSnapshot: (snapshot) => this.#views?.snapshot(snapshot),
        log: this.#log,
        signal: this.#leaving.signal,
      });
    } catch (error) {
      this.#log.warning(`the page lost the run: ${errorText(error)}`);
    }
  }

  async #close(): Promise<void> {
    await Promise.race([this.#lastState, sleep(LAST_STATE_TIMEOUT_MS)]);
    this.#leaving.abort();
    await this.#views?.close();
    this.#run.disconnect();
  }

  /** The desk is where the run is. */
  #desk(): ControlDesk {
    return {
      state: async () => (await this.#ask(null, '')).state,
      apply: async (action, body) => (await this.#ask(action, body)).outcome,
    };
  }

  #ask(action: ControlAction | null, body: string): Promise<ControlReply> {
    const id = this.#requests++;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#tell({ kind: 'ask', id, action, body });
    });
  }

  #tell(message: FromViews): void {
    // A run that has gone hears nothing; its going ends this process.
    if (this.#run.connected) this.#run.send!(message, undefined, undefined, () => undefined);
  }
}
