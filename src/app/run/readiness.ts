import { modelsOf, type WeightedModel } from '../../config/models.ts';
import { isTemplate } from '../../config/template-file.ts';
import type { RunConfig } from '../../config/schema.ts';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ErrorData } from '../../core/model-output.ts';
import type { PlainReply } from '../../engine/plain-transport.ts';
import { HTTP2_UNSUPPORTED } from '../../engine/http2/http2-failure.ts';
import { adapterOf, type ApiName, isPluginApi } from '../../protocol/adapters.ts';
import { jsonObjectIn } from '../../protocol/json.ts';
import { errorMessage } from '../../protocol/openai-reply.ts';
import { modelsIn } from '../probe/model-list.ts';
import { namesText } from '../probe/names-text.ts';
import { ServerCaller } from '../probe/server-caller.ts';
import type { PreparedRun } from './prepare.ts';

/** What does not answer in this time is left to the run: the first request must not wait for a check. */
const CHECK_TIMEOUT_MS = 1000;
const WAIT_INTERVAL_MS = 500;
/** Failures that every request would meet as well. */
const CERTAIN = /^(?:connection_refused|connect_failed|tls_failed|proxy_(?!timeout).*)$/;
/** Those that may pass while a server starts. */
const PASSING = /^(?:connection_refused|connect_failed|connect_timeout|connection_reset|timeout|proxy_50\d)$/;
const LOADING = /\bloading\b|\bstarting\b|not ready/i;

/** Where an API lists its models. */
const MODELS_PATHS: Partial<Record<ApiName, string>> = {
  ollama: 'api/tags',
  'ollama-generate': 'api/tags',
  tgi: 'info',
  triton: 'v2/health/ready',
};

export interface ReadinessOptions {
  /** Also ask for the models; else only connect. */
  readonly asksModels: boolean;
  readonly log: Log;
  readonly onWait: (text: string) => void;
  /** The run was stopped: there is nothing to wait for any more. */
  readonly stopped: Promise<void>;
  /** Masks secrets that a server sent back. */
  readonly masked: (text: string) => string;
}

/** What is wrong with an endpoint. */
interface Fault {
  /** In a sentence, behind the URL. */
  readonly text: string;
  /** Every request will fail as well. */
  readonly isCertain: boolean;
  /** It may be a server that is still starting. */
  readonly mayPass: boolean;
}

/**
 * Connects to each endpoint once, on a connection of its own, and may ask for its models. Resolves within about a second, or once the server is
 * ready where the run waits for it. Throws `INFEROMETER_RUN_NOT_READY` (setup) when no request can succeed; what is only likely is a
 * warning, and what can't be told is no matter.
 */
export async function checkReadiness(
  config: RunConfig,
  prepared: Pick<PreparedRun, 'endpoints' | 'tls' | 'proxies' | 'addresses'>,
  options: ReadinessOptions,
): Promise<void> {
  const { headers, api_key: apiKey, tls_verify: tlsVerify, http } = config.client;
  const { tls, proxies, addresses } = prepared;
  const { log, masked } = options;
  const faults = await Promise.all(
    prepared.endpoints.map(async (endpoint, index) => {
      const way = { proxy: proxies[index], addresses: addresses[index], tls };
      const caller = new ServerCaller(endpoint, { ...way, tlsVerify, headers, apiKey, http });
      try {
        const fault = await faultOnceReady(caller, config, options, endpoint.url);
        return fault && { ...fault, text: masked(`${endpoint.url} ${fault.text}`) };
      } finally {
        caller.close();
      }
    }),
  );
  const found = faults.filter((fault) => fault !== undefined);
  if (found.length > 0 && faults.every((fault) => fault?.isCertain === true)) {
    throw new InferometerError(
      'INFEROMETER_RUN_NOT_READY',
      'setup',
      `${found[0]!.text}; --no-check starts the run all the same`,
    );
  }
  for (const { text } of found) log.warning(text);
}

/** The fault that remains: at once, or when the time to wait for the server is over. */
async function faultOnceReady(
  caller: ServerCaller,
  config: RunConfig,
  { asksModels, onWait, stopped }: ReadinessOptions,
  url: string,
): Promise<Fault | undefined> {
  const { wait_ready_ms: waitMs = 0 } = config;
  const deadlineMs = performance.now() + waitMs;
  let isStopped = false;
  void stopped.then(() => (isStopped = true));
  for (;;) {
    const fault = await faultOf(caller, config, asksModels || waitMs > 0);
    if (fault?.mayPass !== true || waitMs === 0 || isStopped) return fault;
    if (performance.now() >= deadlineMs) return { ...fault, isCertain: true };
    onWait(`waiting for ${url}: it ${fault.text}`);
    await Promise.race([stopped, new Promise((over) => setTimeout(over, WAIT_INTERVAL_MS))]);
  }
}

async function faultOf(
  caller: ServerCaller,
  config: RunConfig,
  asksModels: boolean,
): Promise<Fault | undefined> {
  const failed = await caller.connect(CHECK_TIMEOUT_MS);
  if (failed !== undefined) return connectFault(failed.failure);
  const { api } = config;
  // A path of the user's own, or the API of a file, says nothing of where the models are.
  if (!asksModels || config.path !== undefined || isTemplate(api) || isPluginApi(api)) return undefined;
  const path = MODELS_PATHS[api] ?? 'v1/models';
  const reply = await caller.get(path, CHECK_TIMEOUT_MS, api);
  return 'failure' in reply ? undefined : replyFault(reply, config, api);
}

function connectFault({ errorType, errorMessage: message }: ErrorData): Fault | undefined {
  if (errorType === HTTP2_UNSUPPORTED) {
    return { text: `is reachable, but ${message}`, isCertain: true, mayPass: false };
  }
  const [isCertain, mayPass] = [CERTAIN.test(errorType), PASSING.test(errorType)];
  if (!isCertain && !mayPass) return undefined;
  const advice = errorType === 'connection_refused' ? ': is it running? --wait-ready 5m waits for it' : '';
  return { text: `is not reachable (${errorType}: ${message})${advice}`, isCertain, mayPass };
}

function replyFault(reply: PlainReply, config: RunConfig, api: ApiName): Fault | undefined {
  const { status, body, headers } = reply;
  const { api_key: apiKey, headers: own } = config.client;
  if (status === 401) {
    const hasKey =
      apiKey !== undefined ||
      Object.keys(own).some((name) => /^(?:authorization|x-api-key|api-key)$/i.test(name));
    const text = hasKey
      ? 'does not accept the key (HTTP 401): check INFEROMETER_API_KEY, --api-key or --header'
      : 'requires a key (HTTP 401): set INFEROMETER_API_KEY, or give --api-key';
    return { text, isCertain: true, mayPass: false };
  }
  if (status === 503) {
    const said = messageIn(body);
    const isLoading = LOADING.test(said);
    const text = `is not ready (HTTP 503${said === '' ? '' : `: ${said}`}): --wait-ready 5m waits for it`;
    return { text, isCertain: isLoading, mayPass: true };
  }
  const location = headers.get('location');
  if (status >= 300 && status < 400 && location !== undefined) {
    const to = location.replace(/\?.*$/s, '?…');
    return {
      text: `redirects to ${to}, and redirects are not followed: give that URL`,
      isCertain: false,
      mayPass: false,
    };
  }
  return status === 200 ? modelFault(body, modelsOf(config), api) : undefined;
}

/** Gateways take models that they do not list. */
function modelFault(body: Uint8Array, models: readonly WeightedModel[], api: ApiName): Fault | undefined {
  if (!adapterOf(api).namesModel) return undefined;
  const ids = (modelsIn(body) ?? []).map(({ id }) => id);
  const isListed = ({ name }: WeightedModel) => ids.includes(name) || ids.includes(`${name}:latest`);
  const unlisted = models.filter((model) => !isListed(model)).map(({ name }) => name);
  if (ids.length === 0 || unlisted.length === 0) return undefined;
  const what = unlisted.length === 1 ? 'model' : 'models';
  const text = `does not list the ${what} ${unlisted.join(', ')}; it lists ${namesText(ids)} (--model)`;
  return { text, isCertain: false, mayPass: false };
}

function messageIn(body: Uint8Array): string {
  const found = jsonObjectIn(body, 0, body.length);
  return found === undefined ? '' : errorMessage(found).slice(0, 100);
}
