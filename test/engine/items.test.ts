import { afterEach, expect, test } from 'vitest';
import { COMPLETE_EXTRA } from '../../src/events/event-batch.ts';
import { MOCK_DIMENSIONS } from '../../src/testing/item-frames.ts';
import type { MockServer } from '../../src/testing/mock-server.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { ERROR_TYPES, FAILURES, measurePairs, serverWith } from './truth-pairs.ts';

let server: MockServer | undefined;

afterEach(() => server?.close());

const ASKED = {
  embeddings: (row: number) => ({ prompt: [`#${row} one two`, 'three'] }),
  'ollama-embed': (row: number) => ({ prompt: [`#${row} one two`, 'three'] }),
  rerank: (row: number) => ({ prompt: `#${row} one`, documents: ['a b', 'c', 'd'] }),
  score: (row: number) => ({ prompt: `#${row} one`, documents: ['a b', 'c', 'd'] }),
} as const;

test.each(['embeddings', 'ollama-embed', 'rerank', 'score'] as const)(
  '%s: items, tokens and failures are those of the server',
  async (api) => {
    server = await serverWith(FAILURES);
    const outcomes = new Set<Outcome>();
    const isVectors = api === 'embeddings' || api === 'ollama-embed';
    const measured = { api, streaming: false, samples: 80, timeoutMs: 400, rowOf: ASKED[api] };
    for (const { sample, outcome, tokens, endNs } of await measurePairs(server, measured)) {
      outcomes.add(outcome);
      expect(sample.error?.errorType).toBe(outcome === 'empty' ? 'malformed_response' : ERROR_TYPES[outcome]);
      if (outcome === 'error') expect(sample.error?.errorMessage).toContain('the engine died');
      if (outcome !== 'ok') continue;
      expect(sample.completeExtras[COMPLETE_EXTRA.items]).toBe(isVectors ? 2 : 3);
      expect(sample.completeExtras[COMPLETE_EXTRA.dimensions]).toBe(isVectors ? MOCK_DIMENSIONS : NaN);
      expect(sample.usage).toEqual([tokens[0], NaN]);
      expect(sample.completeExtras[COMPLETE_EXTRA.flags]).toBe(0);
      expect(sample.completedNs).toBeGreaterThanOrEqual(endNs);
      expect(sample.chunksNs).toEqual([]);
    }
    expect(outcomes.size).toBeGreaterThan(6);
  },
);
