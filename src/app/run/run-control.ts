import { rmSync } from 'node:fs';
import { EXIT_CODES, InferometerError } from '../../core/errors.ts';
import { EventKind } from '../../core/event-types.ts';
import { MAX_NOTE_LENGTH } from '../../core/load-ranges.ts';
import type { Log } from '../../core/log.ts';
import { settingText } from '../../core/quantity-text.ts';
import type { ControlState, RunControls } from '../../live/run-controls.ts';
import type { Steering } from '../../plan/steered-time.ts';
import type { Session } from '../../session/session.ts';
import type { RunServices } from './run-services.ts';
import type { ShutdownLadder } from './shutdown.ts';

/** A run under way, as far as it can be steered. */
interface RunningRun {
  readonly session: Session;
  readonly services: Pick<
    RunServices,
    'recorder' | 'socketDirectory' | 'supervisor' | 'eventBus' | 'directory'
  >;
  /** Connections the engine may have open: more samples than that can't be in flight. */
  readonly maxConnections: number;
  /** Samples in flight at least, where load generators that share them have one each; default 1. */
  readonly minConcurrency?: number | undefined;
}

/**
 * Stands between a run and all who steer it, keys and signals, from before it begins: what came too early is kept and obeyed at the
 * start. What is done to the run is marked in its log, with the time at which it takes effect.
 */
export class RunControl implements RunControls, ShutdownLadder {
  /** Resolves at the first stop: what a run that has not begun waits for need not come any more. */
  readonly stopped: Promise<void>;
  readonly #log: Log;
  readonly #resolveStopped: () => void;
  #isStopping = false;
  #isCancelling = false;
  #isOver = false;
  /** The log says that the plan was cut short. */
  #isCutShort = false;
  #running: RunningRun | undefined;
  #endReason: string | undefined;

  constructor(log: Log) {
    this.#log = log;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopped = promise;
    this.#resolveStopped = resolve;
  }

  /** Whether the run began: then its directory is worth keeping. */
  get begun(): boolean {
    return this.#running !== undefined;
  }

  get state(): ControlState {
    const {
      isPaused = false,
      ratePerSecond = null,
      concurrency = null,
    } = this.#running?.session.steering ?? {};
    return { isPaused, isStopping: this.#isStopping, ratePerSecond, concurrency };
  }

  /** Throws `InferometerError` (interrupted) when a stop came first. */
  begin(running: RunningRun): void {
    if (this.#isStopping) {
      throw new InferometerError(
        'INFEROMETER_RUN_STOPPED',
        'interrupted',
        'stopped before the run began; nothing was sent',
      );
    }
    this.#running = running;
  }

  /** The load is over: there is nothing left to steer. */
  end(): void {
    this.#isOver = true;
  }

  /** Why the load was ended before its time, where nobody did it by hand. */
  get endReason(): string | undefined {
    return this.#endReason;
  }

  pause(): boolean {
    return this.#steer({ kind: 'pause' }, 'paused: nothing is issued until the run is resumed');
  }

  resume(): boolean {
    return this.#steer({ kind: 'resume' }, 'resumed');
  }

  setRate(ratePerSecond: number): boolean {
    return this.#steer({ kind: 'rate', ratePerSecond }, `rate set to ${settingText(ratePerSecond)}/s`);
  }

  /** Refuses more than there are connections for, and less than one for each load generator. */
  setConcurrency(concurrency: number): boolean {
    const { maxConnections = 0, minConcurrency = 1 } = this.#running ?? {};
    if (concurrency > maxConnections || concurrency < minConcurrency) return false;
    return this.#steer(
      { kind: 'concurrency', concurrency },
      `concurrency set to ${settingText(concurrency)}`,
    );
  }

  note(text: string): boolean {
    const note = text.trim().slice(0, MAX_NOTE_LENGTH);
    if (note === '' || this.#running === undefined || this.#isOver) return false;
    this.#running.services.recorder.recordMark('note', { text: note });
    this.#log.info(`note: ${note}`);
    return true;
  }

  stop(): boolean {
    if (this.#isStopping) return false;
    this.#isStopping = true;
    this.#resolveStopped();
    if (this.#running === undefined) this.#log.info('stopping before the run begins');
    else if (this.#isOver)
      this.#log.info(
        'the load has ended, and the report is being written (Ctrl-C twice more exits without it)',
      );
    else {
      this.#log.info('stopping: no new requests, draining those in flight (Ctrl-C again cancels them)');
      this.#recordEnd('stop', this.#running, !this.#running.session.isIssued);
      this.#running.session.stop();
    }
    return true;
  }

  cancel(): boolean {
    if (this.#isCancelling) return false;
    this.#isStopping = true;
    this.#isCancelling = true;
    if (this.#running !== undefined && !this.#isOver) {
      this.#log.info('cancelling what is in flight (Ctrl-C again exits at once; the run log stays)');
      this.#recordEnd('cancel', this.#running, true);
      this.#running.session.cancel();
    }
    return true;
  }

  /** Ends the load because the run can't go on; who asked for nothing may still stop, cancel and exit. */
  abort(): void {
    this.#running?.session.cancel();
  }

  /** Stops the load as a person would, for a reason that its log and report tell. */
  stopFor(reason: string): void {
    if (this.#running === undefined || this.#isOver || this.#isStopping) return;
    this.#endReason = reason.slice(0, MAX_NOTE_LENGTH);
    this.stop();
  }

  /** Ends the load as its plan would: enough is known. `reason` is told. */
  finish(reason: string): void {
    if (this.#running === undefined || this.#isOver || this.#isStopping) return;
    this.#log.info(`${reason}; draining what is in flight`);
    this.#endReason = reason.slice(0, MAX_NOTE_LENGTH);
    this.#running.session.finish();
  }

  /** Ends the load because nothing is to be expected of it; what happened is reported. `reason` is noted in the log of the run. */
  giveUp(reason: string): void {
    if (this.#running === undefined || this.#isOver || this.#isStopping) return;
    this.note(reason.slice(0, MAX_NOTE_LENGTH));
    this.cancel();
  }

  exitNow(): void {
    if (this.#running !== undefined) {
      const { supervisor, eventBus, socketDirectory, directory } = this.#running.services;
      supervisor.kill();
      eventBus?.endNow();
      rmSync(socketDirectory, { recursive: true, force: true });
      directory.removeUnfinished();
    }
    process.exit(EXIT_CODES.interrupted);
  }

  #steer(steering: Steering, done: string): boolean {
    const effectiveNs = this.#running?.session.steer(steering);
    if (effectiveNs === undefined) return false;
    const value =
      steering.kind === 'rate'
        ? steering.ratePerSecond
        : steering.kind === 'concurrency'
          ? steering.concurrency
          : null;
    this.#running!.services.recorder.recordMark(steering.kind, { value, atNs: effectiveNs });
    this.#log.info(done);
    return true;
  }

  /** In the log, so that a later reader knows whatever becomes of this process. */
  #recordEnd(kind: 'stop' | 'cancel', { services: { recorder } }: RunningRun, cutsShort: boolean): void {
    recorder.recordMark(kind, { text: this.#endReason ?? '' });
    if (!cutsShort || this.#isCutShort) return;
    this.#isCutShort = true;
    recorder.recordSessionEvent(EventKind.sessionStopLoadgen);
  }
}
