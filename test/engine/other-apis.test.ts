import { afterEach, expect, it } from 'vitest';
import { MOCK_APIS } from '../../src/testing/mock-apis.ts';
import { type MockServer, startMockServer } from '../../src/testing/mock-server.ts';
import { LocalEngine } from './harness.ts';
import { type RawServer, startRawServer, withLength } from './raw-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What the mock server answers with one of its APIs, as bytes of an HTTP body. */
async function answerOf(mock: MockServer, api: string, stream: boolean): Promise<string> {
  const { adapterOf, pathOf } = await import('../../src/protocol/adapters.ts');
  const adapter = adapterOf(api as 'chat');
  const options = { model: 'mock', streaming: stream, includeUsage: true, maxOutputTokens: 3 };
  const body = JSON.stringify(adapter.requestBody({ prompt: 'hi' }, options));
  const response = await fetch(`${mock.url}/${pathOf(adapter, stream, 'mock')}`, { method: 'POST', body });
  return response.text();
}

const NOT_TOLD: readonly string[] = [
  ...['chat', 'completions', 'triton', 'kserve', 'embeddings', 'ollama-embed', 'rerank', 'score'],
  ...['images', 'speech', 'transcription'],
];
const OTHERS = MOCK_APIS.filter((api) => !NOT_TOLD.includes(api));

it('a response of another API fails with the --api to use', async () => {
  const fixed = (value: number) => ({ kind: 'fixed', value }) as const;
  const mock = await startMockServer({
    latency: { ttftMs: fixed(0), interTokenMs: fixed(0), outputTokens: fixed(3) },
  });
  closing.push(() => mock.close());
  for (const api of OTHERS) {
    for (const streaming of [true, false]) {
      const answer = await answerOf(mock, api, streaming);
      const server: RawServer = await startRawServer(({ socket }) => socket.write(withLength(answer)));
      const engine = new LocalEngine({ urls: [server.url], streaming });
      await engine.run({ pattern: 'burst' }, { maxSamples: 1 });
      engine.close();
      await server.close();
      expect([api, streaming, engine.samples()[0]!.error]).toEqual([
        ...[api, streaming],
        { errorType: 'malformed_response', errorMessage: `the response is of another API: use --api ${api}` },
      ]);
    }
  }
});
