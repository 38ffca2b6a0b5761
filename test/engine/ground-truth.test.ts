import { afterEach, expect, test } from 'vitest';
import { parseFailureMode } from '../../src/testing/failure-modes.ts';
import type { LatencyModel } from '../../src/testing/latency-model.ts';
import { type MockServer, startMockServer } from '../../src/testing/mock-server.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { type SeenSample, ThreadedEngine } from './harness.ts';

const SAMPLES = 150;
const LATENCY: LatencyModel = {
  ttftMs: { kind: 'lognormal', median: 4, sigma: 0.5 },
  interTokenMs: { kind: 'fixed', value: 2 },
  outputTokens: { kind: 'lognormal', median: 8, sigma: 0.5 },
};
const FAILURES = [
  'status:503=0.1',
  'reset=0.1',
  'stall=0.05',
  'cut=0.1',
  'garbage=0.1',
  'error=0.1',
  'empty=0.1',
];

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What the engine saw of a request beside what the server knows of it, in ns since the run's origin. */
interface Pair {
  readonly sample: SeenSample;
  readonly outcome: Outcome;
  /** Of the prompt and the answer. */
  readonly tokens: readonly number[];
  readonly receivedNs: number;
  readonly tokensNs: readonly number[];
  readonly endNs: number;
}

/** Sends `SAMPLES` requests, each with a prompt of its own, and puts each beside what the server knows of it. */
async function measure(server: MockServer, streaming: boolean): Promise<readonly Pair[]> {
  const engine = await ThreadedEngine.start({
    urls: [server.url],
    workers: 2,
    streaming,
    requestTimeoutMs: 1500,
    rows: Array.from({ length: SAMPLES }, (_, row) => ({ prompt: `#${row} tell me` })),
  });
  closing.push(() => engine.close());
  const outcome = await engine.run({ pattern: 'concurrency', concurrency: 16 }, { maxSamples: SAMPLES });
  expect(outcome.sent).toBe(SAMPLES);
  const truths = new Map(server.truth().map((truth) => [truth.promptNumber, truth]));
  const { originNs } = engine.clock;
  return engine.samples().map((sample) => {
    const truth = truths.get(sample.row)!;
    return {
      sample,
      outcome: truth.outcome,
      tokens: [truth.promptTokens, truth.outputTokens],
      receivedNs: Number(truth.receivedNs - originNs),
      tokensNs: (truth.tokenNs ?? []).map((tokenNs) => Number(tokenNs - originNs)),
      endNs: Number((truth.endNs ?? 0n) - originNs),
    };
  });
}

async function serverWith(failures: readonly string[]): Promise<MockServer> {
  const server = await startMockServer({ latency: LATENCY, failures: failures.map(parseFailureMode) });
  closing.push(() => server.close());
  return server;
}

test('no stamp of a stream is on the wrong side of what the server did', async () => {
  for (const { sample, ...truth } of await measure(await serverWith([]), true)) {
    expect(sample.error).toBeUndefined();
    expect(sample.issuedNs).toBeLessThanOrEqual(truth.receivedNs);
    expect(sample.chunksNs).toHaveLength(truth.tokensNs.length);
    for (const [index, tokenNs] of truth.tokensNs.entries()) {
      expect(sample.chunksNs[index]).toBeGreaterThanOrEqual(tokenNs);
    }
    expect(sample.completedNs).toBeGreaterThanOrEqual(truth.endNs);
    expect(sample.usage).toEqual(truth.tokens);
  }
});

test('no stamp of a whole answer is on the wrong side of what the server did', async () => {
  for (const { sample, ...truth } of await measure(await serverWith([]), false)) {
    expect(sample.error).toBeUndefined();
    expect(sample.issuedNs).toBeLessThanOrEqual(truth.receivedNs);
    expect(sample.completedNs).toBeGreaterThanOrEqual(truth.endNs);
    expect(sample.usage).toEqual(truth.tokens);
  }
});

const ERROR_TYPES: Partial<Record<Outcome, string>> = {
  status: 'http_503',
  reset: 'connection_reset',
  // The client's patience ends before the server's stall does.
  stall: 'timeout',
  aborted: 'timeout',
  cut: 'stream_truncated',
  garbage: 'malformed_response',
  error: 'server_error',
};

test.each([true, false])(
  'each failure of the server is told as what it is, streaming: %s',
  async (streaming) => {
    const emptyIs = streaming ? 'empty_answer' : 'malformed_response';
    const outcomes = new Set<Outcome>();
    for (const { sample, outcome } of await measure(await serverWith(FAILURES), streaming)) {
      outcomes.add(outcome);
      expect(sample.error?.errorType).toBe(outcome === 'empty' ? emptyIs : ERROR_TYPES[outcome]);
    }
    expect(outcomes.size).toBeGreaterThan(6);
  },
);
