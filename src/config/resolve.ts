import { InferometerError } from '../core/errors.ts';
import type { Tree } from './yaml-file.ts';
import { checkConnections } from './connection-rules.ts';
import { checkConversations, checkMap, checkPrompts, checkSalt } from './dataset-rules.ts';
import { misspelledVariables } from './environment-settings.ts';
import { proxiesOfEnvironment } from './environment-proxies.ts';
import { settingOf } from './flags.ts';
import { type ConfigSources, settingsGiven } from './given-settings.ts';
import { inferSettings } from './inferred-settings.ts';
import { inputError } from './input-error.ts';
import { checkLoad, checkMaxInFlight, checkReplay } from './load-rules.ts';
import { phaseProblems } from './phase-rules.ts';
import { isRedacted } from './redact.ts';
import { placeInFile, refusalsOf, withOrigins } from './refusals.ts';
import { checkRequests } from './request-rules.ts';
import { runConfigSchema, type RunConfig } from './schema.ts';
import { checkUntil, refuseUntilWithoutRules } from './until-rules.ts';

export type { ConfigSources };

/** A configuration that can be run, or all that is wrong with it, the most telling first. */
export type CheckedConfig =
  { readonly config: RunConfig } | { readonly problems: readonly [InferometerError, ...InferometerError[]] };

/** Rules that span settings, in the order in which they are told. */
const RULES: readonly ((config: RunConfig) => void)[] = [
  checkPrompts,
  checkConversations,
  checkSalt,
  checkMap,
  checkReplay,
  checkConnections,
  checkUntil,
  checkLoad,
  checkMaxInFlight,
  checkRequests,
];

/**
 * Default < file < environment < flag, checked against the schema and against rules that span fields.
 *
 * Throws `InferometerError` (input) that names the flag or the place in the file, what is allowed and what was given.
 */
export function resolveConfig(sources: ConfigSources): RunConfig {
  const checked = checkConfig(sources);
  if ('config' in checked) return checked.config;
  throw checked.problems[0];
}

/** The same, with everything that is wrong at once. */
export function checkConfig(sources: ConfigSources): CheckedConfig {
  const problems = [...misspelledVariables(sources.environment)];
  // What was told already: a value that can't be read is missing, too.
  const toldPaths = new Set<string | undefined>();
  const tree = settingsGiven(sources, (error, path) => {
    problems.push(error);
    toldPaths.add(path);
  });
  collect(problems, () => refuseRedacted(tree, [], sources));
  collect(problems, () => refuseUntilWithoutRules(tree));
  const missing = missingSettings(tree).filter(({ path }) => !toldPaths.has(path));
  if (missing.length > 1) {
    problems.push(missingError(missing));
    for (const { path } of missing) toldPaths.add(path);
  }
  inferSettings(tree);
  const checked = runConfigSchema.safeParse(tree);
  if (!checked.success) {
    const untold = checked.error.issues.filter(({ path }) => !toldPaths.has(settingOf(path.join('.'))?.path));
    problems.push(...untold.flatMap((issue) => refusalsOf(issue, tree, sources)));
  } else {
    const broken = phaseProblems(checked.data, sources.file, RULES);
    problems.push(...broken.map((error) => withOrigins(error, sources)));
    const config = collect(problems, () => withProxies(checked.data, sources.environment));
    if (config !== undefined && problems.length === 0) return { config };
  }
  const [first, ...others] = problems;
  return { problems: [first!, ...others] };
}

/** What `make` returns; a problem that it throws is kept instead. */
function collect<T>(problems: InferometerError[], make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof InferometerError)) throw error;
    problems.push(error);
    return undefined;
  }
}

/** Where neither a flag nor a file names a proxy, the environment may. */
function withProxies(config: RunConfig, environment: ConfigSources['environment']): RunConfig {
  if (config.client.proxies !== undefined) return config;
  const proxies = proxiesOfEnvironment(config.endpoints, environment);
  return proxies === undefined ? config : { ...config, client: { ...config.client, proxies: [...proxies] } };
}

/** A config.yaml of a run has no secrets: they must be given again, not sent as the text that stands for them. */
function refuseRedacted(value: unknown, path: readonly string[], sources: ConfigSources): void {
  if (typeof value === 'string' && isRedacted(value)) {
    throw inputError(
      `${placeInFile(path, sources.file)}: the secret was redacted; set it again by flag or environment variable`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) refuseRedacted(item, [...path, key], sources);
}

interface Missing {
  readonly path: string;
  readonly shown: string;
}

/** Without which there is no run. */
function missingSettings({ endpoints, model, dataset, synthetic, phases }: Tree): readonly Missing[] {
  // Phases may have their own.
  const hasPrompts = [dataset, synthetic, phases].some((one) => one !== undefined);
  return [
    ...(endpoints === undefined ? [{ path: 'endpoints', shown: '--endpoint <url>' }] : []),
    ...(model === undefined ? [{ path: 'model', shown: '--model <name>' }] : []),
    ...(hasPrompts ? [] : [{ path: 'dataset', shown: '--dataset <file> (or --synthetic <what>)' }]),
  ];
}

/** Several that are missing are told at once; a single one is told with what it is. */
function missingError(missing: readonly Missing[]): InferometerError {
  const shown = missing.map((one) => one.shown);
  return inputError(
    `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)} are missing, as in: inferometer run --endpoint http://localhost:8000 --model my-model --dataset prompts.jsonl`,
  );
}
