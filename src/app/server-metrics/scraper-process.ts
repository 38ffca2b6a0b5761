import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../core/log.ts';
import { entryModule } from '../../core/program-files.ts';
import type { PowerSample } from '../../server-metrics/power-sample.ts';
import type { ServerSample } from '../../server-metrics/server-sample.ts';
import { HelperProcess } from '../machine/helper-process.ts';
import type { FromScraper, OpenScraper, ToScraper } from './messages.ts';

export interface ScraperOptions extends Pick<OpenScraper, 'urls' | 'areGuesses' | 'power'> {
  /** Origin of the run's clock. */
  readonly originNs: bigint;
  readonly onSample: (sample: ServerSample) => void;
  readonly onPower: (sample: PowerSample) => void;
  readonly log: Log;
}

/** A source of power that takes longer to tell something is not waited for. */
const FIRST_POWER_MS = 3000;
/** Programs that tell the power are ended by the process that started them. */
const END_MS = 1000;

/**
 * Looks at the metrics of servers once a second, and at what they draw, in a process of its own: whatever an exporter does, the process that sends the load has no part
 * in it. When it ends early the run goes on without it.
 */
export class ScraperProcess {
  /** Resolves once every source of power has told something, if only that it can't be read, or has taken too long. */
  readonly powerKnown: Promise<unknown>;
  readonly #process: HelperProcess<ToScraper, FromScraper>;
  /** Sources whose failures were told. */
  readonly #told = new Set<string>();
  #isClosing = false;

  constructor({ urls, areGuesses, power, originNs, onSample, onPower, log }: ScraperOptions) {
    const first = Promise.withResolvers<void>();
    const heard = new Set<string>();
    if (power.length === 0) first.resolve();
    this.powerKnown = Promise.race([first.promise, sleep(FIRST_POWER_MS, undefined, { ref: false })]);
    const what = power.length === 0 ? "the servers' metrics are" : 'what the servers tell and draw is';
    this.#process = new HelperProcess({
      module: entryModule('app/server-metrics/scraper.main'),
      name: 'server metrics',
      onMessage: (message) => {
        if (this.#isClosing) return;
        if (message.kind === 'note') log.warning(`${message.source}: ${message.text}`);
        else if (message.kind === 'power') {
          const { source, failure } = message.sample;
          this.#tellFailure(source, "power can't be read", failure, log);
          if (heard.add(source).size >= new Set(power).size) first.resolve();
          onPower(message.sample);
        } else {
          const { url, failure } = message.sample;
          this.#tellFailure(url, "metrics can't be read", failure, log);
          onSample(message.sample);
        }
      },
      log,
    });
    void this.#process.ended.then((how) => {
      first.resolve();
      if (!this.#isClosing) log.warning(`${what} not read any more (${how}); the run goes on without`);
    });
    this.#process.send({ kind: 'open', urls, areGuesses, power, originNs: String(originNs) });
  }

  /** What comes later is not recorded. Never rejects. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#process.send({ kind: 'close' });
    await Promise.race([this.#process.ended, sleep(END_MS, undefined, { ref: false })]);
    await this.#process.kill();
  }

  #tellFailure(source: string, what: string, failure: string | null, log: Log): void {
    if (failure === null || this.#told.has(source)) return;
    this.#told.add(source);
    log.warning(`${source}: ${what}: ${failure}; it is tried again each second`);
  }
}
