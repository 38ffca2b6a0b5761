import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Workbench, WENT_THROUGH } from './program.ts';

const WORDS = ['one', ' two', ' three', ' four'];
const PROMPT_TOKENS = 7;

const bench = new Workbench();
const server = createServer((request, response) => void generate(request, response));
const asked: { path: string | undefined; body: Record<string, unknown> }[] = [];

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  await bench.end();
  server.close();
});

/** SGLang's generate API: each frame holds the whole text so far and counts its tokens. */
async function generate(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await json(request)) as Record<string, unknown>;
  asked.push({ path: request.url, body });
  const replies = WORDS.map((_, index) => reply(index + 1));
  if (body.stream !== true) {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(replies.at(-1)));
    return;
  }
  response.setHeader('Content-Type', 'text/event-stream');
  for (const frame of replies) {
    response.write(`data: ${JSON.stringify(frame)}\n\n`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  response.end('data: [DONE]\n\n');
}

function reply(tokens: number) {
  return {
    text: WORDS.slice(0, tokens).join(''),
    output_ids: [tokens],
    meta_info: {
      id: 'x',
      finish_reason: tokens === WORDS.length ? { type: 'stop', matched: 1 } : null,
      prompt_tokens: PROMPT_TOKENS,
      weight_version: 'default',
      total_retractions: 0,
      completion_tokens: tokens,
      cached_tokens: 0,
      e2e_latency: 0.01,
    },
  };
}

it.each(['on', 'off'])('--api sglang speaks the generate API, streaming %s', async (streaming) => {
  const out = bench.file(`run-${streaming}`);
  asked.length = 0;
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--model', 'm'],
    ...['--dataset', bench.dataset(3), '--api', 'sglang', '--streaming', streaming, '--samples', '6'],
    ...['--concurrency', '2', '--max-output-tokens', '9', '--out', out],
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  expect(asked).toHaveLength(6);
  expect(asked[0]!.path).toBe('/generate');
  expect(asked[0]!.body).toMatchObject({ sampling_params: { max_new_tokens: 9 } });
  expect(asked.map(({ body }) => body.text)).toContain('#0 tell me a story');
  const snapshot = bench.json<Snapshot>(`run-${streaming}/metrics/final_snapshot.json`);
  const metric = (name: string) => snapshot.metrics.find((one) => one.name === name);
  expect(metric('tracked_samples_succeeded')?.value).toBe(6);
  expect(metric('isl')).toMatchObject({ count: 6, min: PROMPT_TOKENS, max: PROMPT_TOKENS });
  expect(metric('osl')).toMatchObject({ count: 6, min: WORDS.length, max: WORDS.length });
  expect(metric('ttft_ns')?.count).toBe(streaming === 'on' ? 6 : undefined);
});

interface Snapshot {
  readonly metrics: readonly {
    readonly name: string;
    readonly value?: number;
    readonly count?: number;
    readonly min?: number;
    readonly max?: number;
  }[];
}
