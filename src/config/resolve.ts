import type { z } from 'zod';
import { InferometerError } from '../core/errors.ts';
import { REDACTED } from './redact.ts';
import { runConfigSchema, type RunConfig } from './schema.ts';
import { flagOfPath, SETTINGS } from './settings.ts';

type Tree = Record<string, unknown>;

export interface ConfigSources {
  /** Content of a config file, already parsed; the lowest layer above the defaults. */
  readonly file?: Tree;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flag → the texts given for it, in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/**
 * Default < file < environment < flag, checked against the schema and against rules that span fields.
 *
 * Throws `InferometerError` (input) that names the flag or field, what was found and what was wanted.
 */
export function resolveConfig(sources: ConfigSources): RunConfig {
  const tree = structuredClone(sources.file ?? {});
  for (const setting of SETTINGS) {
    const given = sources.flags.get(setting.flag);
    const fromEnvironment =
      setting.environment === undefined ? undefined : sources.environment[setting.environment];
    const texts = given ?? (fromEnvironment === undefined || fromEnvironment === '' ? [] : [fromEnvironment]);
    if (texts.length === 0) continue;
    const origin = given === undefined ? setting.environment! : setting.flag;
    const values = texts.map((text) =>
      parsed(setting.parse(text), origin, setting.path === 'client.api_key' ? '…' : text),
    );
    setPath(
      tree,
      setting.path,
      setting.repeatable === true ? collected(setting.path, values) : values.at(-1),
    );
  }
  inferPattern(tree);
  refuseRedacted(tree, '');
  const checked = runConfigSchema.safeParse(tree);
  if (!checked.success) throw invalid(checked.error.issues[0]!, tree);
  checkRules(checked.data);
  return checked.data;
}

function parsed(result: { value: unknown } | { wanted: string }, origin: string, text: string): unknown {
  if ('value' in result) return result.value;
  throw inputError(`${origin}: found "${text}", wanted ${result.wanted}`);
}

function collected(path: string, values: unknown[]): unknown {
  return path === 'client.headers' ? Object.fromEntries(values as [string, string][]) : values;
}

/** A config.yaml of a run has no secrets: they must be given anew, not sent as the text that stands for them. */
function refuseRedacted(value: unknown, path: string): void {
  if (value === REDACTED)
    throw inputError(
      `config ${path}: found "${REDACTED}", wanted the secret itself; give it by flag or environment`,
    );
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) refuseRedacted(item, path === '' ? key : `${path}.${key}`);
}

/** `--rate` alone means Poisson arrivals, `--concurrency` alone a closed loop: what their giver expects. */
function inferPattern(tree: Tree): void {
  const load = (tree.load ??= {}) as Tree;
  if (load.pattern !== undefined) return;
  if (load.rate_per_second !== undefined) load.pattern = 'poisson';
  else if (load.concurrency !== undefined) load.pattern = 'concurrency';
}

function checkRules(config: RunConfig): void {
  const { pattern, rate_per_second: rate, concurrency } = config.load;
  const openLoop = pattern === 'poisson' || pattern === 'constant';
  if (openLoop && rate === undefined)
    throw inputError(`--pattern ${pattern}: wanted --rate, the arrivals a second`);
  if (!openLoop && rate !== undefined)
    throw inputError(`--rate: only for --pattern poisson or constant, found ${pattern}`);
  if (pattern === 'concurrency' && concurrency === undefined) {
    throw inputError('--pattern concurrency: wanted --concurrency, the requests kept in flight');
  }
  if (pattern !== 'concurrency' && concurrency !== undefined) {
    throw inputError(`--concurrency: only for --pattern concurrency, found ${pattern}`);
  }
}

function invalid(issue: z.core.$ZodIssue, tree: Tree): InferometerError {
  const path = issue.path.join('.');
  const name = flagOfPath(path) ?? path;
  if (issue.code === 'unrecognized_keys') {
    return inputError(
      `config${path === '' ? '' : ` ${path}`}: unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}`,
    );
  }
  const found = valueAt(tree, issue.path);
  const required = issue.code === 'invalid_type' && found === undefined;
  if (required) return inputError(`${name}: missing, wanted ${wantedOf(path)}`);
  return inputError(`${name}: found ${JSON.stringify(found)}, wanted ${limitOf(issue)}`);
}

function wantedOf(path: string): string {
  return SETTINGS.find((setting) => setting.path === path)?.help ?? 'a value';
}

function limitOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small')
    return `${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.join(', ')}`;
  return issue.message.replace(/^Invalid input: expected /, '');
}

function setPath(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let node = tree;
  for (const key of keys) node = (node[key] ??= {}) as Tree;
  node[last] = value;
}

function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Tree | undefined)?.[key as string], tree);
}

function inputError(message: string): InferometerError {
  return new InferometerError('INFEROMETER_CONFIG_INVALID', 'input', message);
}
