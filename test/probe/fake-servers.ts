import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Readonly<Record<string, unknown>>;

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Json;
}

/** What a route answers. */
type Answer = { readonly status?: number; readonly body: unknown } | Streamed;
type Route = Answer | ((request: FakeRequest) => Answer);

export interface FakeServer {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  close(): Promise<void>;
}

export interface FakeOptions {
  /** Sent with every response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By method and path, such as `GET /version`. */
  readonly routes: Readonly<Record<string, Route>>;
  /** For all other paths. */
  readonly otherwise: (request: FakeRequest) => Answer;
  /** Default: any that is free. */
  readonly port?: number;
}

/** A server that answers as the documentation of another says. */
export async function startFake({
  headers = {},
  routes,
  otherwise,
  port = 0,
}: FakeOptions): Promise<FakeServer> {
  const requests: FakeRequest[] = [];
  const listener: RequestListener = (message, response) => {
    const parts: Buffer[] = [];
    message.on('data', (part: Buffer) => parts.push(part));
    message.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const { pathname } = new URL(message.url!, 'http://fake');
      const body = text === '' ? {} : (JSON.parse(text) as Json);
      const request = { method: message.method!, path: pathname, headers: message.headers, body };
      requests.push(request);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      const route = routes[`${request.method} ${request.path}`] ?? otherwise;
      give(response, typeof route === 'function' ? route(request) : route);
    });
  };
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, listener);
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

class Streamed {
  readonly write: (response: ServerResponse) => void;
  constructor(write: (response: ServerResponse) => void) {
    this.write = write;
  }
}

function give(response: ServerResponse, answer: Answer): void {
  if (answer instanceof Streamed) return answer.write(response);
  const { status = 200, body } = answer;
  response.statusCode = status;
  if (typeof body === 'string') {
    response.setHeader('content-type', 'text/plain');
    response.end(body);
  } else {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  }
}

/** Server-sent events, or JSON lines. */
function stream(type: string, parts: readonly string[]): Answer {
  return new Streamed((response) => {
    response.setHeader('content-type', type);
    for (const part of parts) response.write(part);
    response.end();
  });
}

const sse = (frames: readonly unknown[]) =>
  stream(
    'text/event-stream',
    frames.map((frame) => `data: ${typeof frame === 'string' ? frame : JSON.stringify(frame)}\n\n`),
  );
const ndjson = (lines: readonly unknown[]) =>
  stream(
    'application/x-ndjson',
    lines.map((line) => `${JSON.stringify(line)}\n`),
  );

export interface ChatOptions {
  /** In the response; default: the one that was asked for. */
  readonly model?: string;
  readonly ignoresEos?: boolean;
  readonly withoutUsage?: boolean;
  readonly ignoresStream?: boolean;
  readonly ignoresLimit?: boolean;
  /** Its limit has only the old name. */
  readonly wantsMaxTokens?: boolean;
  readonly refuses?: readonly string[];
  readonly invalid?: Answer;
}

const INVALID: Answer = { status: 400, body: { error: { message: 'messages: field required', code: 400 } } };

/** OpenAI's chat API: the answer is `Yes.` of two tokens, unless the end token is ignored. */
export function chat(options: ChatOptions = {}): Route {
  return (request: FakeRequest): Answer => {
    const { body } = request;
    if (!Array.isArray(body.messages)) return options.invalid ?? INVALID;
    const refused = (options.refuses ?? []).find((name) => name in body);
    if (refused !== undefined) {
      return {
        status: 400,
        body: { error: { message: `Unrecognized request argument supplied: ${refused}` } },
      };
    }
    const model = options.model ?? body.model;
    const limit = Number(
      options.wantsMaxTokens ? body.max_tokens : (body.max_completion_tokens ?? body.max_tokens),
    );
    const most = options.ignoresLimit === true || !(limit > 0) ? 40 : limit;
    const goesOn =
      (body.ignore_eos === true && options.ignoresEos !== false) ||
      options.wantsMaxTokens ||
      options.ignoresLimit;
    const tokens = goesOn ? most : 2;
    const reason = goesOn && options.ignoresLimit !== true ? 'length' : 'stop';
    const usage = { prompt_tokens: 9, completion_tokens: tokens, total_tokens: 9 + tokens };
    const told = options.withoutUsage === true ? {} : { usage };
    if (body.stream !== true || options.ignoresStream === true) {
      const message = { role: 'assistant', content: 'y'.repeat(tokens) };
      return { body: { model, choices: [{ index: 0, message, finish_reason: reason }], ...told } };
    }
    const frame = (delta: Json, finish: string | null = null) => ({
      ...{ id: 'c', object: 'chat.completion.chunk', model },
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    return sse([
      frame({ role: 'assistant', content: '' }),
      ...Array.from({ length: tokens }, () => frame({ content: 'y' })),
      frame({}, reason),
      ...(options.withoutUsage === true ? [] : [{ model, choices: [], usage }]),
      '[DONE]',
    ]);
  };
}

const refusal = (status: number, body: unknown): Answer => ({ status, body });
const models = (...list: readonly Json[]): Route => ({ body: { object: 'list', data: list } });
const fastApi404 = () => ({ status: 404, body: { detail: 'Not Found' } });
const missing = (field: string): Route =>
  refusal(400, { error: { message: `${field}: Field required`, type: 'BadRequestError', code: 400 } });
const UVICORN = { server: 'uvicorn' };

export const FAKES = {
  vllm: () =>
    startFake({
      headers: UVICORN,
      routes: {
        'GET /v1/models': models({ id: 'meta/llama', owned_by: 'vllm', max_model_len: 8192, root: '/m' }),
        'GET /version': { body: { version: '0.33.0' } },
        'POST /v1/chat/completions': chat(),
        'POST /v1/completions': missing('prompt'),
        'POST /v1/responses': missing('input'),
        'POST /v1/messages': missing('messages'),
      },
      otherwise: fastApi404,
    }),
  sglang: () =>
    startFake({
      headers: UVICORN,
      routes: {
        'GET /': { body: 'SGLang is running' },
        'GET /v1/models': models({ id: 'qwen', owned_by: 'sglang' }),
        'GET /model_info': { body: { model_path: 'qwen', is_generation: true } },
        'GET /server_info': { body: { version: '0.5.23' } },
        'GET /api/tags': { body: { models: [{ name: 'qwen' }] } },
        'POST /v1/chat/completions': chat(),
        'POST /v1/completions': missing('prompt'),
        'POST /generate': refusal(400, { error: { message: 'text or input_ids should be provided' } }),
        'POST /api/chat': refusal(400, { error: 'messages required' }),
      },
      otherwise: fastApi404,
    }),
  tgi: () =>
    startFake({
      routes: {
        'GET /info': {
          body: { model_id: 'bigscience/bloom', version: '3.3.5', router: 'text-generation-router' },
        },
        'POST /generate': refusal(422, 'missing field `inputs`'),
        'POST /generate_stream': ({ body }: FakeRequest) =>
          typeof body.inputs === 'string'
            ? sse([
                {
                  index: 1,
                  token: { id: 1, text: 'Yes', special: false },
                  generated_text: null,
                  details: null,
                },
                {
                  ...{ index: 2, token: { id: 2, text: '</s>', special: true }, generated_text: 'Yes' },
                  details: { finish_reason: 'eos_token', generated_tokens: 2, input_length: 9 },
                },
              ])
            : { status: 422, body: 'missing field `inputs`' },
      },
      otherwise: () => ({ status: 404, body: '' }),
    }),
  llamacpp: () =>
    startFake({
      headers: { Server: 'llama.cpp' },
      routes: {
        'GET /v1/models': models({ id: 'tiny.gguf', owned_by: 'llamacpp', meta: { n_ctx_train: 2048 } }),
        'GET /props': { body: { default_generation_settings: {}, total_slots: 1, build_info: 'b7100-abc' } },
        'POST /v1/chat/completions': chat({
          invalid: refusal(500, { error: { code: 500, message: "key 'messages' not found" } }),
        }),
        'POST /completion': refusal(400, { error: { code: 400, message: '"prompt" must be provided' } }),
      },
      otherwise: () => ({
        status: 404,
        body: { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } },
      }),
    }),
  ollama: () =>
    startFake({
      routes: {
        'GET /': { body: 'Ollama is running' },
        'GET /api/version': { body: { version: '0.13.0' } },
        'GET /api/tags': { body: { models: [{ name: 'llama3.2:1b', size: 1 }] } },
        'POST /api/chat': ({ body }: FakeRequest) =>
          ndjson([
            { model: body.model, message: { role: 'assistant', content: 'Yes' }, done: false },
            {
              ...{ model: body.model, message: { role: 'assistant', content: '' }, done: true },
              ...{ done_reason: 'stop', eval_count: 2, prompt_eval_count: 9 },
            },
          ]),
      },
      otherwise: () => ({ status: 404, body: '404 page not found' }),
    }),
  litellm: () =>
    startFake({
      headers: { ...UVICORN, 'x-litellm-call-id': 'c', 'x-litellm-version': '1.110.0' },
      routes: {
        'GET /v1/models': models({ id: 'gpt-x', owned_by: 'openai' }, { id: 'claude-y', owned_by: 'openai' }),
        'POST /v1/chat/completions': chat({ refuses: ['ignore_eos'], model: 'gpt-x-2026-01-01' }),
        'POST /v1/messages': missing('messages'),
      },
      otherwise: fastApi404,
    }),
} as const;
