import { Worker } from 'node:worker_threads';
import { entryModule } from '../core/program-files.ts';
import { createSharedProbes, type SharedProbes } from './probe-schedule.ts';

/** What the probe thread is started with. */
export interface ProbeStart {
  readonly originNs: bigint;
  readonly shared: SharedProbes;
  /** As many connect before the first probe leaves. */
  readonly workers: number;
  /** At most: see `ProbeRate`. */
  readonly ratePerSecond: number;
}

/** Where the workers connect. */
export interface ProbeNews {
  readonly port: number;
}

/**
 * The thread that writes probes to a socket of each engine worker at the times of a Poisson process: what the worker's own event loop
 * makes of them is what it makes of an answer that comes at any moment. Costs the machine two wake-ups a probe.
 */
export class ProbeThread {
  readonly shared = createSharedProbes();
  /** Resolves to a port of the loopback interface; rejects when the thread cannot listen or has ended. */
  readonly port: Promise<number>;
  readonly #worker: Worker;

  constructor(options: Omit<ProbeStart, 'shared'>) {
    const { promise: port, resolve, reject } = Promise.withResolvers<number>();
    this.port = port;
    this.port.catch(() => undefined);
    const start: ProbeStart = { ...options, shared: this.shared };
    this.#worker = new Worker(entryModule('engine/probe.main'), {
      workerData: start,
      name: 'probes',
    });
    this.#worker.on('message', (news: ProbeNews) => resolve(news.port));
    this.#worker.on('error', reject);
    this.#worker.on('exit', (code) => reject(new Error(`the probe thread ended with exit code ${code}`)));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
