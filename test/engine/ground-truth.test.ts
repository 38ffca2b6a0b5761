import { afterEach, expect, test } from 'vitest';
import type { MockServer } from '../../src/testing/mock-server.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { ERROR_TYPES, FAILURES, measurePairs, type Pair, serverWith } from './truth-pairs.ts';

const SAMPLES = 150;

let server: MockServer | undefined;

afterEach(() => server?.close());

async function measure(failures: readonly string[], streaming: boolean): Promise<readonly Pair[]> {
  server = await serverWith(failures);
  return measurePairs(server, { streaming, samples: SAMPLES });
}

test('no stamp of a stream is on the wrong side of what the server did', async () => {
  for (const { sample, ...truth } of await measure([], true)) {
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
  for (const { sample, ...truth } of await measure([], false)) {
    expect(sample.error).toBeUndefined();
    expect(sample.issuedNs).toBeLessThanOrEqual(truth.receivedNs);
    expect(sample.completedNs).toBeGreaterThanOrEqual(truth.endNs);
    expect(sample.usage).toEqual(truth.tokens);
  }
});

test.each([true, false])(
  'each failure of the server is told as what it is, streaming: %s',
  async (streaming) => {
    const emptyIs = streaming ? 'empty_answer' : 'malformed_response';
    const outcomes = new Set<Outcome>();
    for (const { sample, outcome } of await measure(FAILURES, streaming)) {
      outcomes.add(outcome);
      expect(sample.error?.errorType).toBe(outcome === 'empty' ? emptyIs : ERROR_TYPES[outcome]);
    }
    expect(outcomes.size).toBeGreaterThan(6);
  },
);
