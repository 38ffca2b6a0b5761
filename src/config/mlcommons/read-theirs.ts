import type { z } from 'zod';
import { brokenRules, modeOf, nameOf, rulesetOf, type TheirProblem } from './their-rules.ts';
import { type TheirConfig, theirSchema } from './their-schema.ts';

/** A configuration of MLCommons endpoints as its own program reads it, or all that is wrong with it. */
export type ReadTheirs = { readonly config: TheirConfig } | { readonly problems: readonly TheirProblem[] };

/** Keys that theirs always have and ours never. */
const THEIR_KEYS: readonly string[] = ['model_params', 'endpoint_config', 'datasets'];

/** Whether the keys of a file are those of their configuration. */
export function isTheirs(keys: readonly string[]): boolean {
  return keys.some((key) => THEIR_KEYS.includes(key));
}

/** Checks a configuration by their rules and fills in their defaults. */
export function readTheirs(tree: unknown): ReadTheirs {
  const checked = theirSchema.safeParse(tree);
  if (!checked.success) return { problems: checked.error.issues.flatMap((issue) => problemsOf(issue, tree)) };
  const problems = brokenRules(checked.data);
  return problems.length === 0 ? { config: withRuleset(checked.data) } : { problems };
}

function problemsOf(issue: z.core.$ZodIssue, tree: unknown): readonly TheirProblem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'unknown key' }));
  const found = path.reduce<unknown>(
    (node, key) =>
      typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[key] : undefined,
    tree,
  );
  const isSecret = path.at(-1) === 'api_key';
  const got = found === undefined ? 'is missing; it' : isSecret ? '' : `(got ${JSON.stringify(found)})`;
  return [
    {
      path,
      message:
        found === undefined ? `${got} must be ${issue.message}` : `must be ${issue.message} ${got}`.trim(),
    },
  ];
}

/** A submission has the seeds of its ruleset. */
function withRuleset(config: TheirConfig): TheirConfig {
  const ruleset = rulesetOf(config);
  if (ruleset === undefined) return config;
  const { settings } = config;
  return {
    ...config,
    settings: {
      ...settings,
      runtime: {
        ...settings.runtime,
        scheduler_random_seed: ruleset.scheduler,
        dataloader_random_seed: ruleset.dataloader,
      },
      warmup: { ...settings.warmup, warmup_random_seed: ruleset.dataloader },
    },
  };
}

/** The values as their program resolves them, under their names. */
export function resolvedTheirs(config: TheirConfig): object {
  const { type, settings, datasets } = config;
  const { runtime, load_pattern: load, drain, warmup, early_stopping: earlyStopping } = settings;
  const { use_legacy_loadgen_qps_metrics: legacy, ...pattern } = load;
  return {
    name: config.name ?? `${type}_benchmark`,
    type,
    streaming: streamingOf(config) ? 'on' : 'off',
    datasets: datasets.map((one) => ({
      name: nameOf(one),
      type: one.type,
      path: one.path ?? null,
      samples: one.samples ?? null,
    })),
    runtime: { ...runtime, n_samples_to_issue: runtime.n_samples_to_issue ?? null },
    load_pattern: {
      type: pattern.type,
      target_qps: pattern.target_qps ?? null,
      target_concurrency: pattern.target_concurrency ?? null,
      ...(pattern.type === 'poisson' ? { use_legacy_loadgen_qps_metrics: legacy } : {}),
    },
    drain,
    warmup: { ...warmup, n_requests: warmup.n_requests ?? null },
    early_stopping: earlyStopping,
    mode: modeOf(config),
  };
}

export function streamingOf(config: TheirConfig): boolean {
  const { streaming } = config.model_params;
  return streaming === 'auto' ? modeOf(config) !== 'offline' : streaming === 'on';
}
