import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { entryModule } from '../../core/program-files.ts';
import { socketPath } from '../../transport/zmq/address.ts';
import { HelperProcess } from '../machine/helper-process.ts';
import type { EventBusOptions, FromEventBus, ToEventBus } from './messages.ts';

/** For subscribers that are behind when the run is over. */
const END_TIMEOUT_MS = 60_000;
/** From here on the user is told what is waited for. */
const TOLD_WAIT_MS = 1000;

/**
 * The event bus of a run, in a process of its own: whatever subscribers do, the process that issues requests has no part in it. It ends with
 * this process, however that ends; when it ends first, the run goes on without it.
 */
export class EventBusProcess {
  readonly #process: HelperProcess<ToEventBus, FromEventBus>;
  readonly #log: Log;
  readonly #opened = Promise.withResolvers<string>();
  #address = '';
  #isEnding = false;

  private constructor(options: EventBusOptions, log: Log) {
    this.#log = log;
    this.#process = new HelperProcess({
      module: entryModule('app/event-bus/event-bus.main'),
      name: 'event bus',
      onMessage: (message) => this.#take(message),
      log,
    });
    void this.#process.ended.then((how) => this.#tellEnd(how));
    this.#process.send({ kind: 'open', ...options });
  }

  /** Starts it; resolves when it can be subscribed to. Throws `INFEROMETER_EVENT_BUS` (set-up) for an address that can't be had. */
  static async open(options: EventBusOptions, log: Log): Promise<EventBusProcess> {
    const bus = new EventBusProcess(options, log);
    try {
      bus.#address = await bus.#opened.promise;
      return bus;
    } catch (error) {
      await bus.discard();
      throw error;
    }
  }

  /** Where to subscribe. */
  get address(): string {
    return this.#address;
  }

  /** The run is over, and so many frames are in its log. */
  endAt(frames: number): void {
    this.#isEnding = true;
    this.#process.send({ kind: 'end', frames });
  }

  /** Waits for those who subscribe to get the rest, up to 60 s; at once without {@link endAt}. Never rejects. */
  async close(): Promise<void> {
    if (this.#isEnding) await this.#waitForSubscribers();
    await this.discard();
  }

  async discard(): Promise<void> {
    this.#isEnding = true;
    await this.#process.kill();
  }

  /** Ends it at once, whoever is behind, and removes its socket: this process is about to exit. */
  endNow(): void {
    this.#isEnding = true;
    void this.#process.kill();
    const path = socketPath(this.#address);
    if (path !== undefined) rmSync(path, { force: true });
  }

  async #waitForSubscribers(): Promise<void> {
    const telling = setTimeout(
      () => this.#log.info('waiting for the subscribers of the events to take the rest'),
      TOLD_WAIT_MS,
    );
    await Promise.race([this.#process.ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
    clearTimeout(telling);
    if (this.#process.hasEnded) return;
    this.#log.warning(
      `a subscriber of the events did not take all of them within ${END_TIMEOUT_MS / 1000} s; the run log has them`,
    );
  }

  #take(message: FromEventBus): void {
    switch (message.kind) {
      case 'opened':
        this.#opened.resolve(message.address);
        break;
      case 'failed':
        this.#fail(message.message);
        break;
      case 'log':
        this.#log[message.level](message.text);
    }
  }

  #tellEnd(how: string): void {
    if (!this.#isEnding) this.#fail(`its process ended: ${how}`);
  }

  /** Before it was opened, the run does not begin; later it goes on. */
  #fail(why: string): void {
    if (this.#address !== '' && !this.#isEnding)
      this.#log.warning(`the event bus has ended (${why}); the run goes on without it`);
    this.#isEnding = true;
    this.#opened.reject(new InferometerError('INFEROMETER_EVENT_BUS', 'setup', `event bus: ${why}`));
  }
}
