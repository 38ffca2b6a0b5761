import { afterEach, expect, test } from 'vitest';
import { fullText } from '../../src/core/model-output-text.ts';
import { adapterOf, type ApiName } from '../../src/protocol/adapters.ts';
import { answerText } from '../../src/testing/answer-frames.ts';
import type { MockServer } from '../../src/testing/mock-server.ts';
import type { Outcome } from '../../src/testing/truth-log.ts';
import { ERROR_TYPES, FAILURES, measurePairs, type Pair, serverWith } from './truth-pairs.ts';

const APIS = [
  'responses',
  'anthropic',
  'ollama',
  'ollama-generate',
  'tgi',
  'llamacpp',
  'triton',
  'kserve',
] as const satisfies readonly ApiName[];
/** What their answers of no limit end with. */
const FINISHED: Readonly<Record<(typeof APIS)[number], string | undefined>> = {
  responses: 'completed',
  anthropic: 'end_turn',
  ollama: 'stop',
  'ollama-generate': 'stop',
  tgi: 'eos_token',
  llamacpp: 'eos',
  triton: undefined,
  kserve: undefined,
};
const COUNTS_NO_TOKENS: readonly string[] = ['triton', 'kserve'];
const CASES = APIS.flatMap((api) => [true, false].map((streaming) => [api, streaming] as const)).filter(
  ([api, streaming]) => !streaming || adapterOf(api).isWhole !== true,
);
const MEASURED = { samples: 80, timeoutMs: 400 };

let server: MockServer | undefined;

afterEach(() => server?.close());

test.each(CASES)(
  '%s agrees with what the server did, failures included, streaming: %s',
  async (api, streaming) => {
    server = await serverWith(FAILURES);
    const isLines = api === 'ollama' || api === 'ollama-generate';
    const emptyStreamIs = api === 'triton' ? 'empty_answer' : 'stream_truncated';
    const emptyIs = streaming && !isLines ? emptyStreamIs : 'malformed_response';
    const outcomes = new Set<Outcome>();
    for (const pair of await measurePairs(server, { api, streaming, ...MEASURED })) {
      const { sample, outcome } = pair;
      outcomes.add(outcome);
      expect(sample.error?.errorType).toBe(outcome === 'empty' ? emptyIs : ERROR_TYPES[outcome]);
      if (outcome === 'error') expect(sample.error?.errorMessage).toContain('the engine died');
      if (outcome === 'status') expect(sample.error?.errorMessage).toContain('mock server failure');
      if (outcome === 'ok') expectTruth(pair, api, streaming);
    }
    expect(outcomes.size).toBeGreaterThan(6);
  },
);

function expectTruth({ sample, ...truth }: Pair, api: (typeof APIS)[number], streaming: boolean): void {
  expect(sample.finishReason).toBe(FINISHED[api]);
  expect(fullText(sample.output!)).toBe(answerText(truth.tokens[1]!));
  expect(sample.usage).toEqual(COUNTS_NO_TOKENS.includes(api) ? [NaN, NaN] : truth.tokens);
  expect(sample.issuedNs).toBeLessThanOrEqual(truth.receivedNs);
  expect(sample.completedNs).toBeGreaterThanOrEqual(truth.endNs);
  expect(sample.chunksNs).toHaveLength(streaming ? truth.tokens[1]! : 0);
  for (const [index, tokenNs] of truth.tokensNs.entries()) {
    expect(sample.chunksNs[index]).toBeGreaterThanOrEqual(tokenNs);
  }
}
