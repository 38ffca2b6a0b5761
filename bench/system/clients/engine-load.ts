import { monotonicNs } from '../../../src/core/time.ts';
import { RequestArena } from '../../../src/dataset/arena.ts';
import { EngineWorker } from '../../../src/engine/engine-worker.ts';
import type { EngineSettings } from '../../../src/engine/settings.ts';
import { COUNTERS, type WorkerNews } from '../../../src/engine/worker-messages.ts';
import type { ArrivalSettings } from '../../../src/plan/plan.ts';
import { createTicketCounter } from '../../../src/plan/tickets.ts';
import { parseEndpoint } from '../../../src/protocol/endpoint.ts';
import { requestBytes } from '../canned-answers.ts';
import type { ClientOrder } from './order.ts';

const ROWS = 1000;
const REQUEST_TIMEOUT_MS = 60_000;

export interface EngineLoad {
  readonly worker: EngineWorker;
  /** Of the samples so far; see `COUNTERS`. */
  readonly counters: Int32Array;
}

export interface EngineLoadOptions extends Pick<ClientOrder, 'url' | 'connections' | 'streaming' | 'http'> {
  readonly arrivals: ArrivalSettings;
  readonly pacing: EngineSettings['pacing'];
  readonly onFrame: (frame: Uint8Array) => void;
}

/** One worker of the engine on this very thread, its connections open and a phase without end begun. */
export async function startEngineLoad(options: EngineLoadOptions): Promise<EngineLoad> {
  const { url, connections, streaming, http, arrivals, pacing, onFrame } = options;
  const originNs = monotonicNs();
  const counters = new SharedArrayBuffer(COUNTERS.length * Int32Array.BYTES_PER_ELEMENT);
  const warmed = Promise.withResolvers<void>();
  const settings: EngineSettings = {
    ...{ originNs, workers: 1, api: 'chat', streaming, pacing, connections: 'reuse', tlsVerify: true },
    endpoints: [parseEndpoint(url)],
    http,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    connectTimeoutMs: REQUEST_TIMEOUT_MS,
    maxConnections: connections,
    arenas: [RequestArena.build(ROWS, (row) => requestBytes(url, row, streaming)).shared],
  };
  const worker = new EngineWorker(
    { settings, workerIndex: 0, workerCount: 1, counters },
    (news: WorkerNews) => {
      if (news instanceof Uint8Array) onFrame(news);
      else if (news.kind === 'warmed') warmed.resolve();
    },
  );
  worker.take({ kind: 'warm', connections });
  await warmed.promise;
  worker.take({
    kind: 'phase',
    ticketCounter: createTicketCounter(),
    sampleCounter: createTicketCounter(),
    firstIdleTicket: createTicketCounter(),
    phase: {
      firstSampleSeq: 0,
      firstConversation: 0,
      startNs: Number(monotonicNs() - originNs),
      plan: {
        ...{ name: 'bench', kind: 'performance', arrivals },
        order: { order: 'without_replacement', datasetSize: ROWS, seed: 1 },
        stop: { maxSamples: Infinity, maxDurationNs: Infinity },
      },
    },
  });
  return { worker, counters: new Int32Array(counters) };
}
