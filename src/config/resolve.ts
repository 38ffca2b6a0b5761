import type { z } from 'zod';
import type { InferometerError } from '../core/errors.ts';
import { durationText } from '../core/quantity-text.ts';
import { NS_PER_MS } from '../core/time.ts';
import { isMappedName, MAPPED_NAMES_ALLOWED } from '../dataset/column-map.ts';
import type { ConfigFile, Tree } from './config-file.ts';
import { parseSynthetic } from '../workload/synthesis/synthetic-spec.ts';
import { redactUrls } from '../core/redact-url.ts';
import { checkConnections } from './connection-rules.ts';
import { proxiesOfEnvironment } from './environment-proxies.ts';
import { inputError } from './input-error.ts';
import { isRedacted } from './redact.ts';
import { runConfigSchema, type RunConfig } from './schema.ts';
import { OPEN_LOOP_PATTERNS } from './choices.ts';
import { type Setting, SETTINGS, settingOf } from './flags.ts';
import { isOfConcurrency, type StageConfig, valueOfStage } from './stages.ts';

export interface ConfigSources {
  /** The lowest layer above the defaults. */
  readonly file?: ConfigFile | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flag → the texts given for it, in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/** What was given for a setting outside of a file. */
interface Given {
  /** Flag or environment variable. */
  readonly origin: string;
  readonly texts: readonly string[];
}

/**
 * Default < file < environment < flag, checked against the schema and against rules that span fields.
 *
 * Throws `InferometerError` (input) that names the flag or the place in the file, what is allowed and what was given.
 */
export function resolveConfig(sources: ConfigSources): RunConfig {
  const { file } = sources;
  const tree = structuredClone(file?.tree ?? {});
  const setBy = new Map<string, string>();
  for (const setting of SETTINGS) {
    const given = givenFor(setting, sources);
    if (given === undefined) continue;
    const other = setBy.get(setting.path);
    if (other !== undefined) throw inputError(`${other} and ${given.origin} set the same; give one of them`);
    setBy.set(setting.path, given.origin);
    setGiven(tree, setting, valueOf(setting, given));
  }
  refuseRedacted(tree, [], file);
  inferPattern(tree);
  inferConversations(tree);
  inferSalt(tree);
  const checked = runConfigSchema.safeParse(tree);
  if (!checked.success) throw invalid(checked.error.issues[0]!, tree, sources);
  checkRules(checked.data);
  return withProxies(checked.data, sources.environment);
}

/** Where neither a flag nor a file names a proxy, the environment may. */
function withProxies(config: RunConfig, environment: ConfigSources['environment']): RunConfig {
  if (config.client.proxies !== undefined) return config;
  const proxies = proxiesOfEnvironment(config.endpoints, environment);
  return proxies === undefined ? config : { ...config, client: { ...config.client, proxies: [...proxies] } };
}

function givenFor({ flag, environment }: Setting, sources: ConfigSources): Given | undefined {
  const texts = sources.flags.get(flag);
  if (texts !== undefined) return { origin: flag, texts };
  const text = environment === undefined ? undefined : sources.environment[environment];
  return text === undefined || text === '' ? undefined : { origin: environment!, texts: [text] };
}

/** A value may be given in a file instead, and either replaces the other. */
function setGiven(tree: Tree, { path, filePath }: Setting, value: unknown): void {
  const isFile = filePath !== undefined && typeof value === 'string';
  if (filePath !== undefined) setPath(tree, isFile ? path : filePath, undefined);
  setPath(tree, isFile ? filePath : path, isFile ? value.slice(1) : value);
}

function valueOf({ parse, repeatable, secret, path }: Setting, { origin, texts }: Given): unknown {
  const values = texts.map((text) => {
    const result = parse(text);
    if ('value' in result) return result.value;
    throw inputError(unfit(origin, result.allowed, text, secret));
  });
  if (repeatable !== true) return values.at(-1);
  if (path === 'client.headers') return Object.fromEntries(values as [string, string][]);
  return path === 'extra' ? mergedFields(values) : values;
}

function mergedFields(values: readonly unknown[]): Tree {
  return Object.fromEntries(values.flatMap((fields) => Object.entries(fields as Tree)));
}

/** A config.yaml of a run has no secrets: they must be given again, not sent as the text that stands for them. */
function refuseRedacted(value: unknown, path: readonly string[], file: ConfigFile | undefined): void {
  if (typeof value === 'string' && isRedacted(value)) {
    throw inputError(
      `${placeInFile(path, file)}: the secret was redacted; set it again by flag or environment variable`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) refuseRedacted(item, [...path, key], file);
}

/** `--rate` or `--stages` alone mean Poisson arrivals, `--concurrency` alone a closed loop: what people expect. */
function inferPattern(tree: Tree): void {
  const load = (tree.load ??= {});
  if (!isTree(load)) return;
  if (load.pattern !== undefined) return;
  if (load.burstiness !== undefined) load.pattern = 'gamma';
  else if (hasConcurrencyStages(load.stages)) load.pattern = 'concurrency';
  else if ([load.rate_per_second, load.stages, load.stages_file].some((one) => one !== undefined)) {
    load.pattern = 'poisson';
  } else if (load.concurrency !== undefined) load.pattern = 'concurrency';
}

/** Made-up prompts with turns are conversations; that need not be said twice. */
function inferConversations(tree: Tree): void {
  if (typeof tree.synthetic !== 'string') return;
  const spec = parseSynthetic(tree.synthetic);
  if (typeof spec === 'string' || spec.turns === undefined) return;
  const conversations = (tree.conversations ??= {});
  if (isTree(conversations)) conversations.multi_turn ??= true;
}

/** The requests of a conversation have its salt in common. */
function inferSalt({ salt, conversations }: Tree): void {
  if (isTree(salt) && isTree(conversations) && conversations.multi_turn === true) salt.per ??= 'conversation';
}

function hasConcurrencyStages(stages: unknown): boolean {
  const isOne = (stage: unknown) =>
    isTree(stage) && ('concurrency' in stage || 'ramp_to_concurrency' in stage);
  return Array.isArray(stages) && stages.some(isOne);
}

function checkRules(config: RunConfig): void {
  checkPrompts(config);
  checkConversations(config);
  checkSalt(config);
  checkMap(config);
  checkReplay(config);
  checkConnections(config);
  if (config.wait_ready_ms !== undefined && config.check === 'off') {
    throw inputError('--wait-ready and --no-check contradict each other; use one of them');
  }
  const { pattern, rate_per_second: rate, stages, stages_file: file, burstiness, concurrency } = config.load;
  const hasStages = stages !== undefined || file !== undefined;
  const isOpenLoop = OPEN_LOOP_PATTERNS.some((one) => one === pattern);
  const openLoops = `${OPEN_LOOP_PATTERNS.slice(0, -1).join(', ')} or ${OPEN_LOOP_PATTERNS.at(-1)}`;
  if (rate !== undefined && hasStages) {
    throw inputError('--rate and --stages both say how many requests a second; give one of them');
  }
  if (stages?.some(isOfConcurrency)) checkConcurrencyStages(config.load, stages);
  if (isOpenLoop && rate === undefined && !hasStages) {
    throw inputError(`--pattern ${pattern} needs --rate, the number of requests per second, or --stages`);
  }
  if (!isOpenLoop && (rate !== undefined || (hasStages && stages?.some(isOfConcurrency) !== true))) {
    const flag = rate === undefined ? '--stages' : '--rate';
    throw inputError(`${flag} is only for --pattern ${openLoops} (got ${pattern})`);
  }
  if (stages?.every((one) => valueOfStage(one) === 0)) {
    throw inputError('--stages have no request: one of them needs a rate or a concurrency above 0');
  }
  if (burstiness !== undefined && pattern !== 'gamma') {
    throw inputError(`--burstiness is only for --pattern gamma (got ${pattern})`);
  }
  if (burstiness === undefined && pattern === 'gamma') {
    throw inputError('--pattern gamma needs --burstiness, the shape of its gaps');
  }
  if (pattern === 'concurrency' && concurrency === undefined && !hasStages) {
    throw inputError(
      '--pattern concurrency needs --concurrency, the number of requests in flight, or --stages',
    );
  }
  if (pattern !== 'concurrency' && concurrency !== undefined) {
    throw inputError(`--concurrency is only for --pattern concurrency (got ${pattern})`);
  }
  checkMaxInFlight(config);
  if (config.api !== 'chat' && config.api !== 'completions' && config.limit_field !== undefined) {
    throw inputError(`--limit-field is only for --api chat or completions (got ${config.api})`);
  }
  for (const [name, instead] of Object.entries(NOT_EXTRA)) {
    if (name in config.extra) throw inputError(`--extra cannot set ${name}; ${instead}`);
  }
}

function checkMaxInFlight({ load, client, endpoints }: RunConfig): void {
  const { pattern, max_in_flight: most } = load;
  if (most === undefined) return;
  if (pattern === 'concurrency')
    throw inputError(
      '--max-in-flight is for rates and --replay; --concurrency already says how many are in flight',
    );
  if (pattern === 'burst')
    throw inputError('--max-in-flight is for rates and --replay; for a burst, use --concurrency instead');
  const { max_connections: connections } = client;
  if (connections !== undefined && connections < most)
    throw inputError(
      `--max-in-flight ${most} needs as many connections (got --max-connections ${connections})`,
    );
  if (most < endpoints.length)
    throw inputError(
      `--max-in-flight must be at least the number of endpoints, ${endpoints.length} (got ${most})`,
    );
}

function checkConcurrencyStages(
  { pattern, concurrency }: RunConfig['load'],
  stages: readonly StageConfig[],
): void {
  if (!stages.every(isOfConcurrency))
    throw inputError('--stages are of a rate or of a concurrency, not of both');
  if (pattern !== 'concurrency')
    throw inputError(`--stages of a concurrency are only for --pattern concurrency (got ${pattern})`);
  if (concurrency !== undefined)
    throw inputError('--concurrency and --stages both say how many requests are in flight; give one of them');
}

/** The flags that say how a trace is replayed, by where their values are. */
const REPLAY_FLAGS = {
  speed: '--speed',
  idle_cap_ms: '--idle-cap',
  from_ms: '--from',
  to_ms: '--to',
} as const;

function checkReplay({ load, dataset, sample_order: order, skip_bad_rows: skipsBadRows }: RunConfig): void {
  const { pattern, from_ms: fromMs = 0, to_ms: toMs = Infinity } = load;
  if (pattern !== 'replay') {
    for (const [key, flag] of Object.entries(REPLAY_FLAGS)) {
      if (load[key as keyof typeof REPLAY_FLAGS] === undefined) continue;
      throw inputError(`${flag} is only for --replay (got --pattern ${pattern})`);
    }
    return;
  }
  if (dataset === undefined)
    throw inputError('--replay needs --dataset, a trace that says when requests came');
  if (toMs <= fromMs) {
    const [from, to] = [fromMs, toMs].map((ms) => durationText(ms * NS_PER_MS));
    throw inputError(`--to must be later than --from (got --from ${from} and --to ${to})`);
  }
  if (order === 'with_replacement') {
    throw inputError(
      '--sample-order with-replacement is not for --replay: a trace is sent in its order, once',
    );
  }
  if (skipsBadRows) throw inputError('--skip-bad-rows is not for --replay: a trace is sent as a whole');
}

function checkPrompts({ dataset, format, synthetic, tokenizer }: RunConfig): void {
  if (dataset === undefined && synthetic === undefined) {
    throw inputError(
      `--dataset is missing: ${settingOf('dataset')!.help}; or make prompts up with --synthetic`,
    );
  }
  if (dataset !== undefined && synthetic !== undefined) {
    throw inputError('--dataset and --synthetic both say what to send; give one of them');
  }
  if (format !== undefined && dataset === undefined) {
    throw inputError('--format is only for --dataset: it says how that is written');
  }
  if (synthetic !== undefined && tokenizer === undefined) {
    throw inputError(
      '--synthetic needs --tokenizer, the tokenizer.json of the model, to make prompts of an exact length',
    );
  }
}

/** What is about conversations is only for those that are sent in full, and counts them. */
function checkConversations({ conversations, stop, warmup, synthetic }: RunConfig): void {
  if (conversations?.multi_turn === true) {
    if (synthetic !== undefined) checkMadeUpConversations(synthetic, conversations.history);
    if (stop.samples !== undefined) {
      throw inputError('--samples cannot end a run with --multi-turn; use --conversations or --duration');
    }
    if (warmup?.samples !== undefined) {
      throw inputError(
        '--warmup must be a duration such as 10s with --multi-turn (got a number of requests)',
      );
    }
    return;
  }
  const given =
    stop.conversations === undefined
      ? Object.keys(conversations ?? {}).find(
          (name) => conversations![name as 'history'] !== CONVERSATION_DEFAULTS[name],
        )
      : 'stop.conversations';
  if (given === undefined) return;
  const path = given.includes('.') ? given : `conversations.${given}`;
  throw inputError(`${settingOf(path)!.flag} is only for --multi-turn`);
}

function checkMap({ map, dataset, format, load, conversations }: RunConfig): void {
  if (map === undefined) return;
  if (dataset === undefined) throw inputError('--map is only for --dataset: it says what its columns mean');
  const other =
    conversations?.multi_turn === true
      ? '--multi-turn'
      : load.pattern === 'replay'
        ? '--replay'
        : format === undefined || format === 'rows'
          ? undefined
          : `--format ${format}`;
  if (other !== undefined) throw inputError(`--map is for rows that are a request each, so not for ${other}`);
  const unknown = Object.keys(map).find((name) => !isMappedName(name));
  if (unknown !== undefined)
    throw inputError(`--map: a column can be ${MAPPED_NAMES_ALLOWED} (got "${unknown}")`);
}

function checkSalt({ salt, conversations, synthetic }: RunConfig): void {
  if (salt === undefined) return;
  if (salt.per === 'request' && conversations?.multi_turn === true) {
    throw inputError(
      '--salt-per request is not for --multi-turn: the turns of a conversation share their history',
    );
  }
  if (salt.position !== 'system') return;
  const spec = synthetic === undefined ? undefined : parseSynthetic(synthetic);
  if (typeof spec === 'object' && spec.system === undefined) {
    throw inputError('--salt system with --synthetic needs system in the description, as in system=200');
  }
}

function checkMadeUpConversations(synthetic: string, history: string): void {
  const spec = parseSynthetic(synthetic);
  if (typeof spec !== 'string' && spec.turns === undefined) {
    throw inputError('--multi-turn with --synthetic needs turns in the description, as in turns=3');
  }
  if (history === 'recorded') {
    throw inputError(
      '--history recorded needs --dataset; conversations of --synthetic have no recorded responses',
    );
  }
}

/** What stands in the group when one of its settings is given. */
const CONVERSATION_DEFAULTS: Readonly<Record<string, unknown>> = {
  multi_turn: false,
  history: 'auto',
  reasoning: 'drop',
  ignore_delays: false,
  on_turn_failure: 'end',
};

/** Fields of a body that other settings decide, and with them what is measured or logged. */
const NOT_EXTRA: Readonly<Record<string, string>> = {
  stream: 'use --streaming',
  model: 'use --model',
  messages: 'it comes from the dataset',
  prompt: 'it comes from the dataset',
  input_ids: 'it comes from the dataset',
  text: 'it comes from the dataset',
};

/** What a check of the schema found, as told to whoever gave the value. */
function invalid(issue: z.core.$ZodIssue, tree: Tree, sources: ConfigSources): InferometerError {
  const { path } = issue;
  const { file } = sources;
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    const place = placeInFile([...path, key!], file);
    return inputError(`${place}: unknown key; known are ${knownKeysText(path)}`);
  }
  const setting = settingOf(path.join('.'));
  const given = setting && givenFor(setting, sources);
  const found = valueAt(tree, path);
  if (given === undefined && found === undefined) {
    const name = setting?.flag ?? path.join('.');
    return inputError(`${name} is missing: ${setting?.help ?? issue.message}`);
  }
  if (given === undefined) {
    return inputError(unfit(`${placeInFile(path, file)}:`, issue.message, found, setting?.secret));
  }
  const { origin, texts } = given;
  const nth = path.at(-1);
  const text = (typeof nth === 'number' ? texts[nth] : undefined) ?? texts.at(-1);
  return inputError(unfit(origin, issue.message, text, setting?.secret));
}

function unfit(where: string, allowed: string, given: unknown, isSecret?: boolean): string {
  return `${where} must be ${allowed} (got ${shown(given, isSecret)})`;
}

function placeInFile(path: readonly PropertyKey[], file: ConfigFile | undefined): string {
  const key = path.join('.');
  return file === undefined ? key : `--config ${file.placeOf(path)}: ${key}`;
}

function knownKeysText(path: readonly PropertyKey[]): string {
  const group = path.reduce<unknown>(
    (schema, key) => unwrapped(schema).shape?.[String(key)],
    runConfigSchema,
  );
  return Object.keys(unwrapped(group).shape ?? {}).join(', ');
}

interface SchemaParts {
  readonly shape?: Readonly<Record<string, unknown>>;
}

/** The schema inside of its default or its being optional. */
function unwrapped(schema: unknown): SchemaParts {
  const inner = schema as SchemaParts & { readonly unwrap?: () => unknown };
  return inner.unwrap === undefined ? inner : unwrapped(inner.unwrap());
}

const LONGEST_SHOWN = 100;

/** A value as a message shows it. */
function shown(value: unknown, isSecret = false): string {
  if (isSecret && value !== '') return 'something else, not shown: it may be a secret';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(safeUrls(value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A path or a URL may have a secret in its query, and one that is malformed may end anywhere. */
function safeUrls(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return /^[\w+.-]*:?\/.*\?/s.test(value) ? value.replace(/\?.*$/s, '?…') : redactUrls(value);
}

/** What is not there yet is made; what is no group stays, for the schema to refuse. */
function setPath(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let node = tree;
  for (const key of keys) {
    const next = (node[key] ??= {});
    if (!isTree(next)) return;
    node = next;
  }
  node[last] = value;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Tree | undefined)?.[key as string], tree);
}
