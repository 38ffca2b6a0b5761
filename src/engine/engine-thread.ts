import { Worker } from 'node:worker_threads';
import { errorText, InferometerError } from '../core/errors.ts';
import { entryModule } from '../core/program-files.ts';
import type { EngineSettings } from './settings.ts';
import type { SharedProbes } from './probe-schedule.ts';
import {
  COUNTERS,
  type WarmResult,
  type WorkerNews,
  type WorkerOrder,
  type WorkerStart,
} from './worker-messages.ts';
import { sizeYoungSpaces } from './young-space.ts';

export interface ThreadListener {
  onNews(news: WorkerNews): void;
  /** The thread has ended, after its last news. */
  onEnd(error: Error): void;
}

/** One engine thread and its shared counters. */
export class EngineThread {
  readonly counters: Int32Array;
  /** Resolves to the system's number of the thread, where it tells one. */
  readonly ready: Promise<number | undefined>;
  /** Resolves when the first probe was read; never, when there are none. */
  readonly probing: Promise<void>;
  readonly #worker: Worker;
  readonly #warmings: PromiseWithResolvers<WarmResult>[] = [];
  #hasEnded = false;

  constructor(
    settings: EngineSettings,
    workerIndex: number,
    workerCount: number,
    probes: SharedProbes | undefined,
    listener: ThreadListener,
  ) {
    const counters = new SharedArrayBuffer(COUNTERS.length * Int32Array.BYTES_PER_ELEMENT);
    const start: WorkerStart = { settings, workerIndex, workerCount, counters, probes };
    const { promise: ready, resolve, reject } = Promise.withResolvers<number | undefined>();
    let failure: Error | undefined;
    this.counters = new Int32Array(counters);
    this.ready = ready;
    const { promise: probing, resolve: onProbing } = Promise.withResolvers<void>();
    this.probing = probing;
    this.ready.catch(() => undefined);
    // Read as a thread begins, so it holds for all that begin from now on.
    sizeYoungSpaces(settings.pacing === 'precise');
    this.#worker = new Worker(entryModule('engine/worker.main'), {
      workerData: start,
      name: `engine-${workerIndex}`,
    });
    this.#worker.on('message', (news: WorkerNews) => {
      if (!(news instanceof Uint8Array)) {
        if (news.kind === 'ready') resolve(news.threadId);
        if (news.kind === 'probing') onProbing();
        if (news.kind === 'warmed') this.#warmings.shift()?.resolve(news.result);
      }
      listener.onNews(news);
    });
    this.#worker.on('error', (error) => (failure = died(workerIndex, error)));
    this.#worker.on('exit', (code) => {
      this.#hasEnded = true;
      const error = failure ?? died(workerIndex, new Error(`it ended with exit code ${code}`));
      reject(error);
      for (const warming of this.#warmings.splice(0)) warming.reject(error);
      listener.onEnd(error);
    });
  }

  order(order: WorkerOrder): void {
    this.#worker.postMessage(order);
  }

  warm(connections: number): Promise<WarmResult> {
    const warming = Promise.withResolvers<WarmResult>();
    this.#warmings.push(warming);
    this.order({ kind: 'warm', connections });
    if (this.#hasEnded) warming.reject(new Error('the engine thread has ended'));
    return warming.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function died(workerIndex: number, cause: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_ENGINE_WORKER_DIED',
    'execution',
    `engine worker ${workerIndex} died: ${errorText(cause)}`,
    { cause },
  );
}
