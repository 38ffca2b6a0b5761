import { resolve } from 'node:path';
import type { RunConfig } from '../../config/schema.ts';
import { inputError } from '../../config/input-error.ts';
import { InferometerError } from '../../core/errors.ts';
import type { ResponseKind } from '../../core/response-kind.ts';
import { createRunId, type RunId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import type { RequestArena } from '../../dataset/arena.ts';
import type { SaltSettings } from '../../engine/salted-requests.ts';
import type { ConversationSettings, TlsSettings } from '../../engine/settings.ts';
import { parseDurations } from '../../config/durations.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { datasetOf, holdsRows } from '../../dataset/open-dataset.ts';
import { openSource, type Source } from '../../dataset/source.ts';
import type { ReplayOptions } from '../../workload/dataset/replay-window.ts';
import type { Workload } from '../../workload/open-workload.ts';
import type { SyntheticSpec } from '../../workload/synthesis/synthetic-spec.ts';
import { apiOf } from '../../config/template-file.ts';
import type { ApiAdapter } from '../../protocol/adapter.ts';
import { adapterOf, type Api, pathOf } from '../../protocol/adapters.ts';
import { type Endpoint, parseEndpoint } from '../../protocol/endpoint.ts';
import { type HeadSlot, slotsOf } from '../../protocol/head-slots.ts';
import { headBeforeLength, headEncoder } from '../../protocol/http-request.ts';
import { proxyOfEach } from '../../config/connection-rules.ts';
import { addressesOfEach } from '../../config/resolve-entries.ts';
import type { Proxy } from '../../protocol/proxy.ts';
import { tellDataset } from './dataset-notes.ts';
import { tellProxies } from './proxy-notes.ts';
import { buildRequests, type Prompts } from './requests.ts';
import { readTlsFiles } from './tls-files.ts';

/** All that can be known, and refused, before a request is sent. */
export interface PreparedRun {
  readonly runId: RunId;
  readonly endpoints: readonly Endpoint[];
  readonly tls: TlsSettings;
  /** Of each endpoint. */
  readonly proxies: readonly (Proxy | undefined)[];
  readonly addresses: readonly (readonly string[] | undefined)[];
  readonly slots: readonly (readonly HeadSlot[])[];
  /** One for each endpoint: they differ in the Host line. */
  readonly arenas: readonly RequestArena[];
  /** What each row asks, as unsealed frames of the run log. */
  readonly promptFrames: readonly Uint8Array[];
  /** Rows of the dataset that can be sent. */
  readonly rowCount: number;
  /** What a ticket of the plan stands for: rows, or the conversations that they are turns of. */
  readonly ticketCount: number;
  readonly conversations: ConversationSettings | undefined;
  /** What the endpoints speak, and what they respond with. */
  readonly api: Api;
  readonly responseKind: ResponseKind;
  readonly streaming: boolean;
  /** The tokenizer.json, in full; null without one. */
  readonly tokenizerPath: string | null;
  /** Salts that change each time a request is sent; undefined for none. */
  readonly salt: SaltSettings | undefined;
  /** The largest limit of output tokens among the requests; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Rows of the dataset that were left out. */
  readonly skippedRows: number;
  /** Requests that ask for the prompt in front of a streamed response. */
  readonly echoes: number;
  /** The format of a dataset that holds no rows of prompts, but conversations or a trace; null for rows. */
  readonly format: string | null;
  /** When each row is due: see `replaySchedule`; undefined where the load says it. */
  readonly dueNs: SharedArrayBuffer | undefined;
}

/**
 * Opens the dataset and turns it into requests. Tells what of it is not sent. Throws `InferometerError` (input) for whatever the user
 * can fix.
 */
export async function prepareRun(
  config: RunConfig,
  log: Log,
  onProgress?: (rows: number) => void,
): Promise<PreparedRun> {
  const endpoints = config.endpoints.map((url) => parseEndpoint(url));
  const tls = await readTlsFiles(config.client);
  const proxies = proxyOfEach(config);
  const addresses = addressesOfEach(config);
  const runId = createRunId();
  tellProxies(endpoints, proxies, log);
  const api = apiOf(config);
  const adapter = adapterOf(api);
  checkSystemSalt(config, adapter);
  checkOutputLimit(config, adapter);
  const streaming = isStreaming(config, adapter);
  const path = pathOf(adapter, streaming, config.model);
  const ownPath = config.path ?? (adapter.isLiteralPath === true ? path : undefined);
  const head = {
    streaming,
    keepAlive: config.client.connections === 'reuse',
    headers: config.client.headers,
    ...{ runId, requestId: config.client.request_id, traceparent: config.client.traceparent },
    ...(adapter.headers === undefined ? {} : { apiHeaders: adapter.headers }),
    ...(adapter.keyHeader === undefined ? {} : { keyHeader: adapter.keyHeader }),
    ...(config.client.api_key === undefined ? {} : { apiKey: config.client.api_key }),
    ...(adapter.method === undefined ? {} : { method: adapter.method }),
    ...(ownPath === undefined ? {} : { path: ownPath }),
  };
  const heads = endpoints.map((endpoint) => headEncoder(endpoint, path, head));
  const openHeads = endpoints.map((endpoint) => headBeforeLength(endpoint, path, head));
  const slots = openHeads.map(slotsOf);
  checkSlots(slots, config);
  const tokenizerPath = config.tokenizer === undefined ? null : await checkTokenizer(config.tokenizer);
  const { dataset, format, dueNs } = await openPrompts(config, adapter, log);
  const requests = await buildRequests(dataset, config, { adapter, streaming, heads, onProgress });
  tellDataset(dataset, requests, { config, adapter }, log);
  const { turns } = requests;
  return {
    ...{ runId, endpoints, tls, proxies, addresses, slots, api, streaming, tokenizerPath, format, dueNs },
    responseKind: adapter.kind ?? 'text',
    arenas: requests.arenas,
    promptFrames: requests.promptFrames,
    salt: requests.salt,
    rowCount: requests.rowCount,
    ticketCount: turns?.conversationCount ?? requests.rowCount,
    conversations: turns && {
      turns: turns.shared,
      heads: openHeads,
      rules: rulesOf(config),
    },
    outputLimit: requests.outputLimit,
    skippedRows: dataset.skipped.length + requests.skipped.length,
    echoes: requests.echoes,
  };
}

function isStreaming({ streaming, load }: RunConfig, { isWhole, name }: ApiAdapter): boolean {
  if (isWhole === true && streaming === 'on') {
    throw inputError(`--streaming on: responses of --api ${name} are never streamed; use off or auto`);
  }
  if (isWhole === true) return false;
  return streaming === 'auto' ? load.pattern !== 'burst' : streaming === 'on';
}

function checkOutputLimit(
  { max_output_tokens: limit }: RunConfig,
  { kind = 'text', name }: ApiAdapter,
): void {
  if (limit === undefined || kind === 'text') return;
  throw inputError(`--max-output-tokens is for APIs that generate text (got --api ${name})`);
}

/** Without a system prompt in the request there is none to salt. */
function checkSystemSalt({ salt }: RunConfig, { isChat, name }: ApiAdapter): void {
  if (salt?.position !== 'system' || isChat) return;
  throw inputError(`--salt system needs an API with system prompts, such as --api chat (got ${name})`);
}

function checkSlots(slots: PreparedRun['slots'], { conversations }: RunConfig): void {
  const namesConversation = slots.some((some) => some.some(({ kind }) => kind === 'conversation'));
  if (!namesConversation || conversations?.multi_turn === true) return;
  throw new InferometerError(
    'INFEROMETER_PROTOCOL_HEADER',
    'input',
    '--header: {{conversation}} is only for --multi-turn; use {{sample}} for single requests',
  );
}

function rulesOf({ conversations }: RunConfig): ConversationSettings['rules'] {
  const { on_turn_failure: onTurnFailure, reasoning, think_time: thinkTime } = conversations!;
  return {
    ...{ onTurnFailure, reasoning },
    // Was checked with the other settings.
    ...(thinkTime === undefined ? {} : { thinkTime: parseDurations(thinkTime)! }),
  };
}

/** What is sent, and of a replay when. */
interface OpenedPrompts extends Pick<PreparedRun, 'format' | 'dueNs'> {
  readonly dataset: Prompts;
}

/** Rows of a file, conversations or a trace, or prompts made up from a description. */
async function openPrompts(config: RunConfig, { isChat }: ApiAdapter, log: Log): Promise<OpenedPrompts> {
  const { dataset, synthetic, tokenizer, conversations } = config;
  const isMultiTurn = conversations?.multi_turn === true;
  const [use, { seed }] = [isChat ? 'chat' : 'completion', config] as const;
  if (dataset !== undefined) {
    const source = await openSource(dataset);
    const workload = await workloadIn(source, config, isMultiTurn);
    if (workload === undefined) {
      const rows = datasetOf(source, { skipBadRows: config.skip_bad_rows, map: config.map });
      return { dataset: rows, format: null, dueNs: undefined };
    }
    const { workloadDataset } = await import('../../workload/dataset/workload-dataset.ts');
    const replay = config.load.pattern === 'replay' ? replayOptions(config) : undefined;
    const read = await workloadDataset({ workload, tokenizerPath: tokenizer, use, seed, replay, log });
    const { name, skipped, dueNs } = read;
    const prompts = isMultiTurn
      ? { name, skipped, conversations: () => read.conversations(conversations.history) }
      : read;
    return { dataset: prompts, format: workload.format.name, dueNs };
  }
  const [{ syntheticDataset }, { parseSynthetic }] = await Promise.all([
    import('../../workload/synthesis/synthetic-dataset.ts'),
    import('../../workload/synthesis/synthetic-spec.ts'),
  ]);
  const made = await syntheticDataset({
    // Both were checked with the other settings.
    spec: parseSynthetic(synthetic!) as SyntheticSpec,
    text: synthetic!,
    tokenizerPath: tokenizer!,
    salt: config.salt?.position,
    ...{ use, seed, log },
  });
  const { name, skipped, saltAlphabet } = made;
  const prompts = isMultiTurn
    ? { name, skipped, saltAlphabet, conversations: () => made.conversations() }
    : made;
  return { dataset: prompts, format: null, dueNs: undefined };
}

/** Formats that rows of prompts can be read as. */
const ROW_FORMATS: readonly string[] = ['rows', 'sharegpt', 'openai-batch'];

/**
 * The conversations or the trace that files hold; undefined for rows of prompts. Files whose first row has a prompt are rows, unless their
 * format is named, they are replayed, or all turns of their conversations are sent: every field of a row is sent, and a trace has room for a few.
 */
async function workloadIn(
  source: Source,
  { format, load, map }: RunConfig,
  isMultiTurn: boolean,
): Promise<Workload | undefined> {
  const isWorkload = load.pattern === 'replay' || isMultiTurn;
  // Only rows have columns to choose from; settings that read a file otherwise were refused.
  if (map !== undefined) return undefined;
  if (!isWorkload && (format === undefined ? holdsRows(source) : format === 'rows')) return undefined;
  const { workloadOf } = await import('../../workload/open-workload.ts');
  const workload = workloadOf(source, format);
  const isRows = format === undefined && ROW_FORMATS.includes(workload.format.name);
  return isRows && !isWorkload ? undefined : workload;
}

function replayOptions({ load, stop }: RunConfig): ReplayOptions {
  const { speed, idle_cap_ms: idleCapMs, from_ms: fromMs, to_ms: toMs } = load;
  const { samples, conversations: maxArrivals = samples, duration_ms: durationMs = Infinity } = stop;
  return { speed, idleCapMs, fromMs, toMs, maxArrivals, maxDurationNs: durationMs * NS_PER_MS };
}

/** Loads it once for the error it may have: better now than in the aggregator, after the load. Returns its file. */
export async function checkTokenizer(path: string): Promise<string> {
  const { loadTokenizer, tokenizerFile } = await import('../../tokens/tokenizer.ts');
  try {
    await loadTokenizer(path);
    return resolve(await tokenizerFile(path));
  } catch (error) {
    if (!(error instanceof InferometerError)) throw error;
    throw new InferometerError('INFEROMETER_TOKENIZER', 'input', `--tokenizer: ${error.message}`, {
      cause: error,
    });
  }
}
