import { InferometerError } from '../../core/errors.ts';
import type { PlainReply } from '../../engine/plain-transport.ts';
import { ADAPTERS, adapterOf, type ApiName } from '../../protocol/adapters.ts';
import type { Endpoint } from '../../protocol/endpoint.ts';
import { jsonText } from '../../core/json-text.ts';
import { isJsonObject, parseJson } from '../../protocol/json.ts';
import { type ListedModel, modelsIn } from './model-list.ts';
import { namesText } from './names-text.ts';
import { nextCommandText } from './next-command.ts';
import { trySample, type SampleFacts } from './sample-trial.ts';
import { type CallerOptions, ServerCaller } from './server-caller.ts';
import {
  MORE_OF,
  serverOfHeaders,
  serverOfHost,
  serverOfModels,
  serverOfRoot,
  serverOfSign,
  type ServerIdentity,
  SIGN_PATHS,
  versionIn,
} from './server-signs.ts';
import { apiAnswerOf, promptlessBody } from './spoken-apis.ts';

export interface ProbeOptions extends CallerOptions {
  /** Default: the first one that the server lists. */
  readonly model?: string | undefined;
  /** Default: the first that answers, as in {@link PREFERRED}. */
  readonly api?: ApiName | undefined;
  /** For the request that generates a few tokens; all others have less time. */
  readonly timeoutMs: number;
  /** Flags of the connection, to be repeated in the next command, without secrets. */
  readonly flags: readonly string[];
}

/** What a server is and does. Null: not found out. */
export interface ProbeResult {
  readonly endpoint: string;
  readonly server: ServerIdentity | null;
  readonly apis: readonly ApiName[];
  /** The server refused requests for want of a key, or does not take the one it got. */
  readonly needsKey: boolean;
  readonly models: readonly ListedModel[];
  /** What a small request came to; null when none could be sent. */
  readonly sample: SampleFacts | null;
  readonly roundTripMs: number | null;
  /** It speaks HTTP/2 on this port. */
  readonly http2: boolean;
  readonly requests: number;
  /** What to know or to change, a sentence each. */
  readonly findings: readonly string[];
  readonly command: string | null;
  /** A small request went through. */
  readonly isUsable: boolean;
}

const GET_TIMEOUT_MS = 3000;
/** A server that does not know HTTP/2 may wait for the rest of what it takes for a request. */
const HTTP2_TIMEOUT_MS = 1000;
const REFUSAL_TIMEOUT_MS = 5000;
/** Which API is tried, and proposed: what most servers have in common first. */
const PREFERRED: readonly ApiName[] = [
  ...(['chat', 'anthropic', 'responses', 'completions', 'ollama', 'ollama-generate'] as const),
  ...(['tgi', 'sglang', 'llamacpp', 'triton', 'kserve'] as const),
  ...(['embeddings', 'ollama-embed', 'rerank', 'score'] as const),
];
/** Looked for and not tried: what they make takes long, or they need a file. */
const UNTRIED: readonly ApiName[] = ['images', 'speech', 'transcription'];
/** The path names the model. */
const NAMED_BY_PATH: readonly ApiName[] = ['triton', 'kserve'];
const MOST_TRIED = 3;
/** A request without a prompt makes Ollama load a model. */
const KNOWN_APIS: Readonly<Record<string, readonly ApiName[]>> = {
  Ollama: ['ollama', 'ollama-generate', 'ollama-embed'],
};
/** Stands for a model where a server lists none and a path needs one. */
const NO_MODEL = 'default';

/**
 * Finds out what a server speaks: some GETs, a request without a prompt for each API, and one to four that generate at most 8 tokens.
 *
 * Throws `INFEROMETER_PROBE_UNREACHABLE` (setup) when it cannot be connected to or does not answer HTTP.
 */
export async function probeServer(endpoint: Endpoint, options: ProbeOptions): Promise<ProbeResult> {
  const caller = new ServerCaller(endpoint, options);
  try {
    return await new Probe(caller, endpoint, options).run();
  } finally {
    caller.close();
  }
}

class Probe {
  readonly #caller: ServerCaller;
  readonly #endpoint: Endpoint;
  readonly #options: ProbeOptions;
  readonly #findings: string[] = [];
  #server: ServerIdentity | undefined;
  #models: readonly ListedModel[] = [];
  #needsKey = false;

  constructor(caller: ServerCaller, endpoint: Endpoint, options: ProbeOptions) {
    this.#caller = caller;
    this.#endpoint = endpoint;
    this.#options = options;
  }

  async run(): Promise<ProbeResult> {
    this.#server = serverOfHost(this.#endpoint.hostname);
    await this.#askModels();
    if (this.#server === undefined) await this.#lookForSigns();
    await this.#askMore();
    const http2 = await this.#speaksHttp2();
    const apis = await this.#spokenApis();
    const sample = await this.#trySamples(apis);
    const { roundTripMs, requests } = this.#caller;
    this.#sumUp(apis);
    return {
      endpoint: this.#caller.place.base.url,
      server: this.#server ?? null,
      apis,
      needsKey: this.#needsKey,
      models: this.#models,
      sample,
      roundTripMs: Number.isNaN(roundTripMs) ? null : roundTripMs,
      http2,
      requests,
      findings: this.#findings,
      command: this.#command(apis, sample),
      isUsable: sample === null ? apis.some((api) => UNTRIED.includes(api)) : sample.failure === undefined,
    };
  }

  /** Opens a session and closes it; no request is sent. */
  async #speaksHttp2(): Promise<boolean> {
    if (this.#options.http === 2) return true;
    const caller = new ServerCaller(this.#endpoint, { ...this.#options, http: 2 });
    const failed = await caller.connect(HTTP2_TIMEOUT_MS);
    caller.close();
    return failed === undefined;
  }

  async #askModels(): Promise<void> {
    // The key of Anthropic's own API goes into another header.
    const api = this.#server?.name === 'Anthropic' ? 'anthropic' : undefined;
    const reply = await this.#caller.get('v1/models', GET_TIMEOUT_MS, api);
    if ('failure' in reply)
      throw unreachable(this.#endpoint, `${reply.failure.errorType}: ${reply.failure.errorMessage}`);
    this.#noteKey(reply);
    this.#models = (reply.status === 200 && modelsIn(reply.body)) || [];
    this.#server ??= serverOfHeaders(reply.headers) ?? serverOfModels(this.#models);
    const location = reply.headers.get('location');
    if (reply.status >= 300 && reply.status < 400 && location !== undefined) {
      this.#findings.push(`the server redirects to ${shownUrl(location)}: give that URL`);
    }
  }

  async #lookForSigns(): Promise<void> {
    const root = await this.#get('');
    this.#server = root && (serverOfHeaders(root.headers) ?? serverOfRoot(root));
    for (const path of SIGN_PATHS) {
      if (this.#server !== undefined) return;
      const reply = await this.#get(path);
      this.#server = reply && (serverOfHeaders(reply.headers) ?? serverOfSign(path, reply));
    }
  }

  /** Its version, and its models where OpenAI's path does not have them. */
  async #askMore(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { models, version } = MORE_OF[server.name] ?? {};
    if (this.#models.length === 0 && models !== undefined) {
      const reply = await this.#get(models);
      this.#models = (reply?.status === 200 && modelsIn(reply.body)) || [];
    }
    if (server.version === undefined && version !== undefined) {
      const reply = await this.#get(version);
      this.#server = { ...server, version: reply && versionIn(reply) };
    }
    if (server.name === 'Triton' && this.#models.length === 0) await this.#askTritonModels();
  }

  /** Triton lists its models in answer to a POST, which changes nothing. */
  async #askTritonModels(): Promise<void> {
    const reply = await this.#caller.postTo('v2/repository/index', {}, REFUSAL_TIMEOUT_MS);
    if ('failure' in reply || reply.status !== 200) return;
    const listed = parseJson(reply.body, 0, reply.body.length);
    if (!Array.isArray(listed)) return;
    this.#models =
      modelsIn(Buffer.from(jsonText({ data: (listed as unknown[]).filter(isJsonObject) }))) ?? [];
  }

  async #spokenApis(): Promise<readonly ApiName[]> {
    const known = KNOWN_APIS[this.#server?.name ?? ''] ?? [];
    const spoken = new Set<ApiName>(known);
    const keyed: ApiName[] = [];
    for (const api of [...PREFERRED, ...UNTRIED]) {
      if (known.includes(api)) continue;
      if (api === 'ollama-embed' && !spoken.has('ollama')) continue;
      // They have a path in common, which SGLang has alone.
      if (api === 'sglang' && spoken.has('tgi')) continue;
      const model = this.#model ?? NO_MODEL;
      // The path of the stream tells TGI and SGLang apart.
      const how = { streaming: api === 'tgi', model };
      const reply = await this.#caller.post(api, promptlessBody(api, model), how, REFUSAL_TIMEOUT_MS);
      if ('failure' in reply) continue;
      const answer = apiAnswerOf(api, reply);
      if (answer === 'yes') spoken.add(api);
      else if (answer === 'key') keyed.push(api);
    }
    // A key that one API takes may belong into another header for the next one.
    if (keyed.length > 0 && spoken.size === 0) this.#needsKey = true;
    return (Object.keys(ADAPTERS) as ApiName[]).filter((api) => spoken.has(api));
  }

  async #trySamples(apis: readonly ApiName[]): Promise<SampleFacts | null> {
    const wanted = this.#options.api ?? this.#caller.place.api;
    const order = [...(wanted === undefined ? [] : [wanted]), ...PREFERRED].filter(
      (api) => apis.includes(api) && !UNTRIED.includes(api),
    );
    let first: SampleFacts | null = null;
    for (const api of [...new Set(order)].slice(0, MOST_TRIED)) {
      const model = this.#model;
      if (model === undefined && (adapterOf(api).namesModel || NAMED_BY_PATH.includes(api))) {
        this.#findings.push('the server lists no models: name one with --model');
        return null;
      }
      const facts = await trySample(this.#caller, api, model ?? NO_MODEL, this.#options.timeoutMs);
      if (facts.failure === undefined) return facts;
      first ??= facts;
    }
    return first;
  }

  get #model(): string | undefined {
    return this.#options.model ?? this.#models[0]?.id;
  }

  #sumUp(apis: readonly ApiName[]): void {
    const { apiKey, model } = this.#options;
    if (this.#needsKey) {
      this.#findings.unshift(
        apiKey === undefined
          ? 'the server requires a key: set INFEROMETER_API_KEY, or give --api-key'
          : 'the server does not accept the key: check INFEROMETER_API_KEY or --api-key',
      );
    } else if (apis.length === 0) {
      this.#findings.push(
        `none of the APIs is below ${this.#endpoint.url}: check the path of the URL, or name the API's own with --path and --api of run`,
      );
    }
    if (apis.length > 0 && apis.every((api) => UNTRIED.includes(api))) {
      this.#findings.push(`the server has ${apis.join(' and ')}, which a probe does not try`);
    }
    const ids = this.#models.map(({ id }) => id);
    if (model !== undefined && ids.length > 0 && !ids.includes(model)) {
      this.#findings.push(`the server does not list the model ${model}; it lists ${namesText(ids)}`);
    }
    if (model === undefined && ids.length > 1) {
      this.#findings.push(`it lists ${ids.length} models; the first one was tried, --model names another`);
    }
  }

  #command(apis: readonly ApiName[], sample: SampleFacts | null): string | null {
    const guessed = this.#needsKey && apis.length === 0 ? (this.#caller.place.api ?? 'chat') : undefined;
    const api = sample?.api ?? [...PREFERRED, ...UNTRIED].find((one) => apis.includes(one)) ?? guessed;
    if (api === undefined) return null;
    const { url, query } = this.#caller.endpointOf(adapterOf(api).path);
    return nextCommandText({
      endpoint: query === '' ? url : `${url}?…`,
      api,
      model: this.#model ?? (adapterOf(api).namesModel || NAMED_BY_PATH.includes(api) ? undefined : NO_MODEL),
      needsKey: this.#needsKey || this.#options.apiKey !== undefined,
      flags: [...(sample?.flags ?? []), ...this.#options.flags],
    });
  }

  /** Undefined for what cannot be had; that a server answers at all is known by then. */
  async #get(path: string): Promise<PlainReply | undefined> {
    const reply = await this.#caller.get(path, GET_TIMEOUT_MS);
    return 'failure' in reply ? undefined : reply;
  }

  #noteKey({ status }: PlainReply): void {
    if (status === 401) this.#needsKey = true;
  }
}

function shownUrl(url: string): string {
  return url.replace(/\?.*$/s, '?…');
}

function unreachable({ url }: Endpoint, why: string): InferometerError {
  return new InferometerError('INFEROMETER_PROBE_UNREACHABLE', 'setup', `${url} cannot be probed: ${why}`);
}
