import { rmSync } from 'node:fs';
import { EXIT_CODES, InferometerError } from '../core/errors.ts';
import { EventKind } from '../core/event-types.ts';
import type { Log } from '../core/log.ts';
import type { Session } from '../session/session.ts';
import type { RunServices } from './run-services.ts';
import type { ShutdownLadder } from './shutdown.ts';

/** Stands between the signals and a run, from before it begins: what came too early is kept and obeyed at the start. */
export class RunControl implements ShutdownLadder {
  readonly #log: Log;
  #stopRequested = false;
  #running: { readonly session: Session; readonly services: RunServices } | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether the run began: then its directory is worth keeping. */
  get begun(): boolean {
    return this.#running !== undefined;
  }

  /** Throws `InferometerError` (interrupted) when a stop came first. */
  begin(session: Session, services: RunServices): void {
    if (this.#stopRequested) {
      throw new InferometerError(
        'INFEROMETER_RUN_STOPPED',
        'interrupted',
        'stopped before the run began; nothing was sent',
      );
    }
    this.#running = { session, services };
  }

  stop(): void {
    this.#stopRequested = true;
    if (this.#running === undefined) {
      this.#log.info('stopping before the run begins');
      return;
    }
    this.#log.info('stopping: no new requests, draining those in flight (Ctrl-C again cancels them)');
    // In the log, so that a later reader knows whatever becomes of this process.
    this.#running.services.recorder.recordSessionEvent(EventKind.sessionStopLoadgen);
    this.#running.session.stop();
  }

  cancel(): void {
    if (this.#running === undefined) return;
    this.#log.info('cancelling what is in flight (Ctrl-C again exits at once; the run log stays)');
    this.#running.session.cancel();
  }

  exitNow(): void {
    const sockets = this.#running?.services.socketDirectory;
    if (sockets !== undefined) rmSync(sockets, { recursive: true, force: true });
    process.exit(EXIT_CODES.interrupted);
  }
}
