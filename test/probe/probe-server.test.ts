import { afterEach, describe, expect, it } from 'vitest';
import { probeServer, type ProbeOptions, type ProbeResult } from '../../src/app/probe/probe-server.ts';
import { parseEndpoint } from '../../src/protocol/endpoint.ts';
import { startMockServer } from '../../src/testing/mock-server.ts';
import { startRawServer } from '../engine/raw-server.ts';
import { chat, type ChatOptions, FAKES, type FakeServer, startFake } from './fake-servers.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function kept<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  closing.push(() => server.close());
  return server;
}

function probe(url: string, options: Partial<ProbeOptions> = {}): Promise<ProbeResult> {
  return probeServer(parseEndpoint(url), { tlsVerify: true, timeoutMs: 5000, flags: [], ...options });
}

/** A server with OpenAI's chat API alone, and the paths of its requests. */
async function chatServer(options: ChatOptions, models: readonly string[] = ['m']): Promise<FakeServer> {
  return kept(
    startFake({
      routes: {
        'GET /v1/models': { body: { data: models.map((id) => ({ id, owned_by: 'vllm' })) } },
        'POST /v1/chat/completions': chat(options),
      },
      otherwise: () => ({ status: 404, body: { detail: 'Not Found' } }),
    }),
  );
}

const RUN_END = '--dataset prompts.jsonl --concurrency 4 --samples 100';

describe('each server is told by what it documents, with the run to start', () => {
  it.each<[keyof typeof FAKES, Partial<ProbeResult>, string]>([
    [
      'vllm',
      {
        server: { name: 'vLLM', version: '0.33.0' },
        apis: ['chat', 'completions', 'responses', 'anthropic'],
        models: [{ id: 'meta/llama', ownedBy: 'vllm', maxTokens: 8192 }],
      },
      '--model meta/llama',
    ],
    [
      'sglang',
      {
        server: { name: 'SGLang', version: '0.5.23' },
        apis: ['chat', 'completions', 'ollama', 'sglang'],
      },
      '--model qwen',
    ],
    [
      'tgi',
      { server: { name: 'TGI', version: '3.3.5' }, apis: ['tgi'] },
      '--api tgi --model bigscience/bloom',
    ],
    [
      'llamacpp',
      { server: { name: 'llama.cpp', version: 'b7100-abc' }, apis: ['chat', 'llamacpp'] },
      '--model tiny.gguf',
    ],
    [
      'ollama',
      { server: { name: 'Ollama', version: '0.13.0' }, apis: ['ollama', 'ollama-generate', 'ollama-embed'] },
      '--api ollama --model llama3.2:1b',
    ],
    [
      'litellm',
      { server: { name: 'LiteLLM', version: '1.110.0' }, apis: ['chat', 'anthropic'] },
      '--model gpt-x',
    ],
  ])('%s', async (name, expected, flags) => {
    const { url } = await kept(FAKES[name]());
    const result = await probe(url);
    expect(result).toMatchObject(expected);
    expect(result.command).toBe(`inferometer run --endpoint ${url} ${flags} ${RUN_END}`);
    expect(result.isUsable).toBe(true);
    expect(result.sample).toMatchObject({ streams: true, usage: true, keepsConnections: true });
    expect(result.roundTripMs).toBeGreaterThan(0);
    expect(result.requests).toBeLessThan(25);
  });

  it('the mock server speaks all of its APIs, and each full URL names its own', async () => {
    const { url } = await kept(startMockServer({}));
    const { apis } = await probe(url);
    expect(apis).toEqual([
      'chat',
      'completions',
      'responses',
      'anthropic',
      'ollama',
      'ollama-generate',
      'tgi',
      'llamacpp',
      'triton',
      'kserve',
      'embeddings',
      'ollama-embed',
      'rerank',
      'score',
      'images',
      'speech',
      'transcription',
    ]);
    const paths = {
      '/v1/completions': ['completions', '/v1'],
      '/v1/messages': ['anthropic', '/v1'],
      '/api/generate': ['ollama-generate', ''],
      '/generate_stream': ['tgi', ''],
      '/completion': ['llamacpp', ''],
      '/v2/models/mock/generate_stream': ['triton', ''],
      '/v2/models/mock/infer': ['kserve', ''],
      '/v1/embeddings': ['embeddings', '/v1'],
      '/api/embed': ['ollama-embed', ''],
      '/v1/rerank': ['rerank', '/v1'],
      '/score': ['score', ''],
    };
    for (const [path, [api, base]] of Object.entries(paths)) {
      const { command, isUsable } = await probe(url + path);
      expect(isUsable).toBe(true);
      expect(command).toBe(`inferometer run --endpoint ${url}${base} --api ${api} --model mock ${RUN_END}`);
    }
  });
});

describe('no request generates more than a few tokens', () => {
  it('and those that look for APIs have no prompt', async () => {
    const server = await kept(FAKES.vllm());
    await probe(server.url);
    const posts = server.requests.filter(({ method }) => method === 'POST');
    const asking = posts.filter(({ body }) => 'messages' in body || 'prompt' in body || 'input' in body);
    expect(asking).toHaveLength(2);
    expect(asking.map(({ body }) => [body.max_completion_tokens, body.ignore_eos])).toEqual([
      [8, undefined],
      [8, true],
    ]);
    expect(server.requests.filter(({ method }) => method !== 'POST' && method !== 'GET')).toEqual([]);
  });
});

describe('what a server does is found out', () => {
  it.each<[string, ChatOptions, Record<string, unknown>, RegExp | null, string]>([
    ['ignore_eos works', {}, { ignoreEos: 'yes' }, null, ''],
    ['ignore_eos is ignored', { ignoresEos: false }, { ignoreEos: 'ignored' }, null, ''],
    ['ignore_eos is refused', { refuses: ['ignore_eos'] }, { ignoreEos: 'refused' }, null, ''],
    ['no stream', { ignoresStream: true }, { streams: false }, /does not stream/, ' --streaming off'],
    ['no usage', { withoutUsage: true }, { usage: false }, /--tokenizer/, ''],
    ['no stream_options', { refuses: ['stream_options'] }, { streams: true }, null, ' --usage off'],
    [
      'the limit under its old name',
      { refuses: ['max_completion_tokens'] },
      { streams: true },
      null,
      ' --limit-field max_tokens',
    ],
    [
      'a limit that is ignored under its new name',
      { wantsMaxTokens: true },
      { streams: true },
      null,
      ' --limit-field max_tokens',
    ],
    ['a limit that is ignored', { ignoresLimit: true }, { streams: true }, /ignores the output limit/, ''],
    [
      'another model',
      { model: 'other' },
      { respondsAs: 'other' },
      /asked for the model m, it responds as other/,
      '',
    ],
  ])('%s', async (_name, options, facts, remark, flags) => {
    const { url } = await chatServer(options);
    const { sample, command } = await probe(url);
    expect(sample).toMatchObject(facts);
    if (remark === null) expect(sample!.remarks).toEqual([]);
    else expect(sample!.remarks).toEqual([expect.stringMatching(remark)]);
    expect(command).toBe(`inferometer run --endpoint ${url} --model m${flags} ${RUN_END}`);
  });

  it('a model that is not listed', async () => {
    const { url } = await chatServer({}, ['a', 'b']);
    const { findings } = await probe(url, { model: 'c' });
    expect(findings).toEqual(['the server does not list the model c; it lists a, b']);
  });

  it('a server with a path in front', async () => {
    const { url } = await kept(
      startFake({
        routes: {
          'GET /llm/v1/models': { body: { data: [{ id: 'm' }] } },
          'POST /llm/v1/chat/completions': chat(),
        },
        otherwise: () => ({ status: 404, body: 'no' }),
      }),
    );
    for (const given of ['/llm', '/llm/v1', '/llm/v1/', '/llm/v1/chat/completions']) {
      const { command } = await probe(url + given);
      expect(command).toContain(`--endpoint ${url}/llm${given === '/llm' ? '' : '/v1'} --model m`);
    }
  });

  it('a server that closes each connection', async () => {
    const { url } = await kept(
      startFake({
        headers: { connection: 'close' },
        routes: { 'GET /v1/models': { body: { data: [{ id: 'm' }] } }, 'POST /v1/chat/completions': chat() },
        otherwise: () => ({ status: 404, body: 'no' }),
      }),
    );
    const { sample } = await probe(url);
    expect(sample).toMatchObject({ keepsConnections: false });
    expect(sample!.remarks).toEqual([expect.stringContaining('closes each connection')]);
  });
});

describe('what is wrong is told with what to change', () => {
  it('a key that is missing or wrong', async () => {
    const { url } = await kept(
      startFake({ routes: {}, otherwise: () => ({ status: 401, body: { error: 'Unauthorized' } }) }),
    );
    const without = await probe(url, { model: 'm' });
    expect(without).toMatchObject({ needsKey: true, apis: [], isUsable: false });
    expect(without.findings).toEqual([
      'the server requires a key: set INFEROMETER_API_KEY, or give --api-key',
    ]);
    expect(without.command).toMatch(/^INFEROMETER_API_KEY=… inferometer run --endpoint \S+ --model m /);
    const wrong = await probe(url, { model: 'm', apiKey: 'sk-wrong' });
    expect(wrong.findings).toEqual([expect.stringContaining('does not accept the key')]);
  });

  it('a server of vectors alone is tried, and is not asked to stream', async () => {
    const models = { body: { data: [{ id: 'm' }] } };
    const embeddings = ({ body }: { readonly body: object }) =>
      'input' in body
        ? { body: { data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 5 } } }
        : { status: 422, body: { detail: 'Field required' } };
    const routes = { 'GET /v1/models': models, 'POST /v1/embeddings': embeddings };
    const { url } = await kept(startFake({ routes, otherwise: () => ({ status: 404, body: 'no' }) }));
    const { apis, isUsable, sample, findings, command } = await probe(url);
    expect({ apis, isUsable, findings }).toEqual({ apis: ['embeddings'], isUsable: true, findings: [] });
    expect(sample).toMatchObject({ failure: undefined, streams: null, usage: true, remarks: [], flags: [] });
    expect(command).toContain('--api embeddings --model m --dataset');
  });

  it('a server of images alone is found, and not tried', async () => {
    const routes = {
      'GET /v1/models': { body: { data: [{ id: 'm' }] } },
      'POST /v1/images/generations': { status: 400, body: { error: { message: 'prompt is missing' } } },
      // Some servers have paths that their model is not for.
      'POST /v1/embeddings': {
        status: 400,
        body: { error: { message: 'The model does not support Embeddings API' } },
      },
    };
    const server = await kept(startFake({ routes, otherwise: () => ({ status: 404, body: 'no' }) }));
    const { apis, isUsable, sample, findings, command } = await probe(server.url);
    expect({ apis, isUsable, sample }).toEqual({ apis: ['images'], isUsable: true, sample: null });
    expect(findings).toEqual(['the server has images, which a probe does not try']);
    expect(command).toContain('--api images --model m');
    expect(server.requests.filter(({ body }) => 'prompt' in body)).toEqual([]);
  });

  it('a path with nothing behind it', async () => {
    const { url } = await kept(startFake({ routes: {}, otherwise: () => ({ status: 200, body: '<html>' }) }));
    const { apis, command, findings } = await probe(`${url}/wrong`, { model: 'm' });
    expect([apis, command]).toEqual([[], null]);
    expect(findings).toEqual([expect.stringContaining(`none of the APIs is below ${url}/wrong`)]);
  });

  it('no server, or one that is none', async () => {
    const gone = await startRawServer(() => undefined);
    await gone.close();
    await expect(probe(gone.url)).rejects.toThrow(/cannot be probed: connection_refused/);
    const dumb = await kept(startRawServer(({ socket }) => socket.end('hello\n')));
    await expect(probe(dumb.url)).rejects.toThrow(/cannot be probed: malformed_response/);
  });
});
