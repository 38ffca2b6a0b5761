import { totalmem, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { RunConfig } from '../../config/schema.ts';
import { stickyOf } from '../../config/choices.ts';
import { modelsOf } from '../../config/models.ts';
import { type PhaseConfig, phaseConfigs } from '../../config/run-phases.ts';
import { inputError } from '../../config/input-error.ts';
import { InferometerError } from '../../core/errors.ts';
import type { ResponseKind } from '../../core/response-kind.ts';
import { createRunId, type RunId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { ArenaMemory, type RequestArena } from '../../dataset/arena.ts';
import { redactUrls } from '../../core/redact-url.ts';
import {
  AGENT_DIMENSION,
  type GroupDimension,
  groupDimension,
  PHASE_DIMENSION,
} from '../../core/sample-groups.ts';
import type { SaltSettings } from '../../engine/salted-requests.ts';
import type { ModelSettings } from '../../engine/sample-models.ts';
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
import { CONVERSATION_ID_PLACEHOLDER, type HeadSlot, slotsOf } from '../../protocol/head-slots.ts';
import { headBeforeLength } from '../../protocol/http-request.ts';
import { proxyOfEach } from '../../config/connection-rules.ts';
import { addressesOfEach } from '../../config/resolve-entries.ts';
import type { Proxy } from '../../protocol/proxy.ts';
import { holdsRunLog } from '../run-folder/run-log-place.ts';
import { tellDataset } from './dataset-notes.ts';
import { tellProxies } from './proxy-notes.ts';
import { type BuiltPart, buildRequests, type Prompts } from './requests.ts';
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
  readonly models: ModelSettings;
  /** How the samples are divided; undefined where all are alike. */
  readonly groups: readonly GroupDimension[] | undefined;
  /** One for each endpoint: they differ in the Host line. */
  readonly arenas: readonly RequestArena[];
  /** What each row asks, as unsealed frames of the run log. */
  readonly promptFrames: readonly Uint8Array[];
  /** What each phase sends. */
  readonly parts: readonly PreparedPart[];
  readonly conversations: ConversationSettings | undefined;
  /** What the endpoints speak, and what they respond with. */
  readonly api: Api;
  readonly responseKind: ResponseKind;
  readonly streaming: boolean;
  /** The tokenizer.json, in full; null without one. */
  readonly tokenizerPath: string | null;
  /** Salts that change each time a request is sent; undefined for none. */
  readonly salt: SaltSettings | undefined;
  /** Names of the models that requests ask for; undefined for an API without. */
  readonly modelNames: readonly string[] | undefined;
  /** The largest limit of output tokens among the requests; null when one of them has none. */
  readonly outputLimit: number | null;
  /** Their mean, likewise. */
  readonly meanOutputLimit: number | null;
  /** Rows of the dataset that were left out. */
  readonly skippedRows: number;
  /** Requests that ask for the prompt in front of a streamed response. */
  readonly echoes: number;
  /** The format of a dataset that holds no rows of prompts, but conversations or a trace; null for rows. */
  readonly format: string | null;
}

/** The requests of a phase; phases that send the same have them in common. */
export interface PreparedPart extends BuiltPart {
  /** When each row is due: see `replaySchedule`; undefined where the load says it. */
  readonly dueNs: SharedArrayBuffer | undefined;
}

export interface PrepareOptions {
  /** Hears of the rows done so far, some times a second. */
  readonly onProgress?: (rows: number) => void;
  /** The run's, where another load generator has named it; default: a new one. */
  readonly runId?: RunId;
  /** Names of the load generators that share the run; default: there is one. */
  readonly agents?: readonly string[] | undefined;
  /** Where the requests go that memory has no room for; default: where the system has its temporary files. */
  readonly spillFolder?: string;
}

/**
 * Opens the dataset and turns it into requests. Tells what of it is not sent. Throws `InferometerError` (input) for whatever the user
 * can fix.
 */
export async function prepareRun(
  config: RunConfig,
  log: Log,
  { onProgress, spillFolder = tmpdir(), runId = createRunId(), agents = [] }: PrepareOptions = {},
): Promise<PreparedRun> {
  const endpoints = config.endpoints.map((url) => parseEndpoint(url));
  const phases = phaseConfigs(config);
  if (config.hub !== undefined) {
    const { fetchFromHub } = await import('./hub-download.ts');
    const datasets = new Set(phases.map((phase) => phase.config.dataset));
    for (const dataset of datasets)
      await fetchFromHub({ hub: config.hub, dataset, tokenizer: config.tokenizer }, log);
  }
  const tls = await readTlsFiles(config.client);
  const proxies = proxyOfEach(config);
  const addresses = addressesOfEach(config);
  tellProxies(endpoints, proxies, log);
  const api = apiOf(config);
  const adapter = adapterOf(api);
  checkSystemSalt(config, adapter);
  checkOutputLimit(config, adapter);
  if (adapter.sendsAudio === true) for (const phase of phases) checkAudio(phase.config, adapter);
  const streaming = isStreaming(config, phases, adapter);
  const models = modelsOf(config).map(({ name }) => name);
  checkModels(config, adapter);
  const head = {
    streaming,
    keepAlive: config.client.connections === 'reuse',
    sendsToken: config.conversations?.session_token !== undefined,
    headers: { ...stickyHeader(config), ...config.client.headers },
    ...{ runId, requestId: config.client.request_id, traceparent: config.client.traceparent },
    ...(adapter.headers === undefined ? {} : { apiHeaders: adapter.headers }),
    ...(adapter.keyHeader === undefined ? {} : { keyHeader: adapter.keyHeader }),
    ...(config.client.api_key === undefined ? {} : { apiKey: config.client.api_key }),
    ...(adapter.method === undefined ? {} : { method: adapter.method }),
  };
  // The path may name the model.
  const headsOf = (endpoint: Endpoint) =>
    models.map((model) => {
      const path = pathOf(adapter, streaming, model);
      const ownPath = config.path ?? (adapter.isLiteralPath === true ? path : undefined);
      return headBeforeLength(endpoint, path, {
        ...head,
        ...(ownPath === undefined ? {} : { path: ownPath }),
      });
    });
  const headsByModel = endpoints.map(headsOf);
  const openHeads = headsByModel.map(([first]) => first!);
  const heads = openHeads.map((openHead) => (bodyBytes: number) => `${openHead}${bodyBytes}\r\n\r\n`);
  const slots = openHeads.map(slotsOf);
  checkSlots(slots, config);
  const tokenizerPath = config.tokenizer === undefined ? null : await checkTokenizer(config.tokenizer);
  const opened = await openPhases(phases, adapter, log);
  const requests = await buildRequests(
    opened.map(({ config: own, dataset }) => ({ config: own, prompts: dataset })),
    {
      ...{ adapter, streaming, heads, onProgress },
      memory: new ArenaMemory(config.dataset_memory_bytes ?? defaultDatasetMemory(), spillFolder),
      sendsConversationIds: slots.flat().some(({ kind }) => kind === 'conversation_id'),
    },
  ).finally(() => discardAll(opened));
  const datasets = opened.map(({ dataset }) => dataset);
  tellDataset(datasets, requests, { config, adapter }, log);
  const { turns } = requests;
  return {
    ...{ runId, endpoints, tls, proxies, addresses, slots, api, streaming, tokenizerPath },
    format: opened[0]!.format,
    models: requests.rowModels.finish(headsByModel),
    groups: groupsOf(config, requests.rowModels.names, agents, phases),
    responseKind: adapter.kind ?? 'text',
    arenas: requests.arenas,
    promptFrames: requests.promptFrames,
    salt: requests.salt,
    parts: phases.map((phase) => {
      const at = opened.findIndex(({ users }) => users.includes(phase));
      return { ...requests.parts[at]!, dueNs: opened[at]!.dueNs };
    }),
    conversations: turns && {
      turns: turns.shared,
      sessionToken: config.conversations?.session_token,
      repeatSalts: requests.repeatSalts,
      heads: openHeads,
      rules: rulesOf(config),
    },
    modelNames: adapter.namesModel ? [...new Set([...models, ...requests.models])] : undefined,
    outputLimit: requests.outputLimit,
    meanOutputLimit: requests.meanOutputLimit,
    skippedRows: datasets.reduce((sum, { skipped }) => sum + skipped.length, requests.skipped.length),
    echoes: requests.echoes,
  };
}

/** A quarter of the memory that this process may use. */
function defaultDatasetMemory(): number {
  const constrained = process.constrainedMemory();
  return Math.floor((constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()) / 4);
}

/** The header that keeps a conversation on one server; one that the user gave replaces it. */
function stickyHeader({ conversations }: RunConfig): Readonly<Record<string, string>> {
  const { header } = stickyOf(conversations?.sticky ?? []);
  return header === undefined ? {} : { [header]: CONVERSATION_ID_PLACEHOLDER };
}

/** By endpoint, by model, by load generator and by measured phase, where there are several. */
function groupsOf(
  { endpoints }: RunConfig,
  models: readonly string[],
  agents: readonly string[],
  phases: readonly PhaseConfig[],
): PreparedRun['groups'] {
  const dimensions = [
    groupDimension(
      'endpoint',
      endpoints.map((url) => redactUrls(url)),
    ),
    groupDimension('model', models),
    groupDimension(AGENT_DIMENSION, agents),
    groupDimension(
      PHASE_DIMENSION,
      phases.filter(({ isMeasured }) => isMeasured).map(({ name }) => name),
    ),
  ].filter((dimension) => dimension !== undefined);
  return dimensions.length === 0 ? undefined : dimensions;
}

/** Several models make sense where requests tell them apart. */
function checkModels(config: RunConfig, { namesModel, path, name }: ApiAdapter): void {
  if (modelsOf(config).length === 1 || namesModel || (path.includes('{model}') && config.path === undefined))
    return;
  throw inputError(`--model may be given once with --api ${name}, whose requests name no model`);
}

function isStreaming({ streaming }: RunConfig, phases: readonly PhaseConfig[], adapter: ApiAdapter): boolean {
  const { isWhole, name, streamsOnDemand } = adapter;
  if (isWhole === true && streaming === 'on') {
    throw inputError(`--streaming on: responses of --api ${name} are never streamed; use off or auto`);
  }
  if (isWhole === true) return false;
  const isBurst = phases.every(({ config }) => config.load.pattern === 'burst');
  if (streaming === 'auto') return !isBurst && streamsOnDemand !== true;
  return streaming === 'on';
}

function checkOutputLimit(
  { max_output_tokens: limit }: RunConfig,
  { kind = 'text', name }: ApiAdapter,
): void {
  if (limit === undefined || kind === 'text') return;
  throw inputError(`--max-output-tokens is for APIs that generate text (got --api ${name})`);
}

/** What is sent is files of a dataset. */
function checkAudio({ dataset, salt, load, conversations }: RunConfig, { name }: ApiAdapter): void {
  const needed = `--api ${name} sends the audio files of a --dataset`;
  if (dataset === undefined) throw inputError(`${needed}; --synthetic makes up prompts`);
  if (salt !== undefined) throw inputError(`${needed}; --salt changes prompts`);
  if (load.pattern === 'replay') throw inputError(`${needed}; --replay sends prompts of a trace`);
  if (conversations?.multi_turn === true) throw inputError(`${needed}; --multi-turn sends conversations`);
}

/** Without a system prompt in the request there is none to salt. */
function checkSystemSalt({ salt }: RunConfig, { isChat, name }: ApiAdapter): void {
  if (salt?.position !== 'system' || isChat) return;
  throw inputError(`--salt system needs an API with system prompts, such as --api chat (got ${name})`);
}

function checkSlots(slots: PreparedRun['slots'], { conversations }: RunConfig): void {
  const naming = slots.flat().find(({ kind }) => kind !== 'sample');
  if (naming === undefined || conversations?.multi_turn === true) return;
  throw new InferometerError(
    'INFEROMETER_PROTOCOL_HEADER',
    'input',
    `--header: {{${naming.kind}}} is only for --multi-turn; use {{sample}} for single requests`,
  );
}

function rulesOf({ conversations }: RunConfig): ConversationSettings['rules'] {
  const {
    on_turn_failure: onTurnFailure,
    on_first_idle: onFirstIdle,
    think_time: thinkTime,
    reasoning,
    sticky = [],
  } = conversations!;
  return {
    ...{ onTurnFailure, onFirstIdle, reasoning },
    startsMidway: conversations!.warm_trajectories,
    keepsConnection: stickyOf(sticky).keepsConnection,
    // Was checked with the other settings.
    ...(thinkTime === undefined ? {} : { thinkTime: parseDurations(thinkTime)! }),
  };
}

/** What is sent, and of a replay when. */
interface OpenedPrompts extends Pick<PreparedRun, 'format'>, Pick<PreparedPart, 'dueNs'> {
  readonly dataset: Prompts;
  /** To be called once it was read. */
  readonly discard?: () => Promise<void>;
}

/** What some phases send, with the settings of the first of them. */
interface OpenedPhases extends OpenedPrompts {
  readonly config: RunConfig;
  readonly users: readonly PhaseConfig[];
}

/** Phases that send the same share it. */
async function openPhases(
  phases: readonly PhaseConfig[],
  adapter: ApiAdapter,
  log: Log,
): Promise<readonly OpenedPhases[]> {
  const opened: OpenedPhases[] = [];
  try {
    for (const users of Map.groupBy(phases, ({ config }) => promptsKey(config)).values()) {
      const [{ config }] = users as [PhaseConfig];
      opened.push({ ...(await openPrompts(config, adapter, log)), config, users });
    }
    return opened;
  } catch (error) {
    await discardAll(opened);
    throw error;
  }
}

async function discardAll(opened: readonly OpenedPhases[]): Promise<void> {
  for (const { discard } of opened) await discard?.();
}

function promptsKey({ dataset, format, synthetic, load, stop }: RunConfig): string {
  return JSON.stringify([dataset, format, synthetic, load.pattern === 'replay' ? [load, stop] : load.speed]);
}

/** Rows of a file, conversations or a trace, the requests of a run, or prompts generated from a description. */
async function openPrompts(config: RunConfig, adapter: ApiAdapter, log: Log): Promise<OpenedPrompts> {
  if (config.dataset === undefined || !(await holdsRunLog(config.dataset)))
    return openDataset(config, adapter, log);
  const { runAsDataset } = await import('../reports/run-dataset.ts');
  const { path, format = config.format, discard } = await runAsDataset(config.dataset, log);
  try {
    return { ...(await openDataset({ ...config, dataset: path, format }, adapter, log)), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function openDataset(config: RunConfig, adapter: ApiAdapter, log: Log): Promise<OpenedPrompts> {
  const { dataset, synthetic, tokenizer, conversations } = config;
  const isMultiTurn = conversations?.multi_turn === true;
  const [use, { seed }] = [adapter.isChat ? 'chat' : 'completion', config] as const;
  if (dataset !== undefined) {
    const source = await openSource(dataset);
    const { sendsAudio: isAudio = false } = adapter;
    const workload = isAudio ? undefined : await workloadIn(source, config, isMultiTurn);
    if (workload === undefined) {
      const rows = datasetOf(source, { skipBadRows: config.skip_bad_rows, map: config.map, isAudio });
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
    salt: config.salt?.position === 'mlcommons' ? undefined : config.salt?.position,
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
