import { vi } from 'vitest';
import { NS_PER_MS } from '../../src/core/time.ts';
import type { Api } from '../../src/protocol/adapters.ts';
import { parseFailureMode } from '../../src/testing/failure-modes.ts';
import type { LatencyModel } from '../../src/testing/latency-model.ts';
import { type MockServer, startMockServer } from '../../src/testing/mock-server.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { type SeenSample, ThreadedEngine } from './harness.ts';

const LATENCY: LatencyModel = {
  ttftMs: { kind: 'lognormal', median: 4, sigma: 0.5 },
  interTokenMs: { kind: 'fixed', value: 2 },
  outputTokens: { kind: 'lognormal', median: 8, sigma: 0.5 },
};

/** What the engine saw of a request beside what the server knows of it, in ns since the run's origin. */
export interface Pair {
  readonly sample: SeenSample;
  /** As the server tells it; `aborted` as well when it was so late that the client had every right to give up. */
  readonly outcome: Outcome;
  /** Of the prompt and the answer. */
  readonly tokens: readonly number[];
  readonly receivedNs: number;
  readonly tokensNs: readonly number[];
  readonly endNs: number;
}

export interface MeasureOptions {
  readonly api?: Api;
  readonly streaming: boolean;
  readonly samples: number;
  /** The patience of the client; default 1500. */
  readonly timeoutMs?: number;
  /** What row n asks; it must begin with #n. */
  readonly rowOf?: (row: number) => Readonly<Record<string, unknown>>;
}

/** Sends requests, each with a prompt of its own, and puts each beside what the server knows of it. */
export async function measurePairs(
  server: MockServer,
  { api = 'chat', streaming, samples, timeoutMs = 1500, rowOf = askedBy }: MeasureOptions,
): Promise<readonly Pair[]> {
  const engine = await ThreadedEngine.start({
    urls: [server.url],
    api,
    workers: 2,
    streaming,
    requestTimeoutMs: timeoutMs,
    rows: Array.from({ length: samples }, (_, row) => rowOf(row)),
  });
  try {
    const outcome = await engine.run({ pattern: 'concurrency', concurrency: 16 }, { maxSamples: samples });
    if (outcome.sent !== samples) throw new Error(`sent ${outcome.sent} of ${samples}`);
    // Of a request whose client gave up, a server that was held up may know only later.
    await vi.waitUntil(() => [...server.truth()].length >= samples, { interval: 5, timeout: 15_000 });
    const truths = new Map(server.truth().map((truth) => [truth.promptNumber, truth]));
    const { originNs } = engine.clock;
    return engine.samples().map((sample) => {
      const truth = truths.get(sample.row)!;
      const endNs = Number((truth.endNs ?? 0n) - originNs);
      const isTooLate = endNs + truth.endLaterNs - sample.issuedNs > timeoutMs * NS_PER_MS;
      return {
        sample,
        outcome: isTooLate && sample.error?.errorType === 'timeout' ? 'aborted' : truth.outcome,
        tokens: [truth.promptTokens, truth.outputTokens],
        receivedNs: Number(truth.receivedNs - originNs),
        tokensNs: (truth.tokenNs ?? []).map((tokenNs) => Number(tokenNs - originNs)),
        endNs,
      };
    });
  } finally {
    await engine.close();
  }
}

function askedBy(row: number) {
  return { prompt: `#${row} tell me` };
}

/** A server with such failures, as `--fail` takes them. */
export function serverWith(failures: readonly string[]): Promise<MockServer> {
  return startMockServer({ latency: LATENCY, failures: failures.map(parseFailureMode) });
}

export const FAILURES = [
  'status:503=0.1',
  'reset=0.1',
  'stall=0.05',
  'cut=0.1',
  'garbage=0.1',
  'error=0.1',
  'empty=0.1',
];

/** How the engine tells each failure of the server. */
export const ERROR_TYPES: Partial<Record<Outcome, string>> = {
  status: 'http_503',
  reset: 'connection_reset',
  // The client's patience ends before the server's stall does.
  stall: 'timeout',
  aborted: 'timeout',
  cut: 'stream_truncated',
  garbage: 'malformed_response',
  error: 'server_error',
};
