import { GLOBAL_MODEL_FIELDS, MODEL_FIELDS, type TheirConfig } from './their-schema.ts';

/** What is wrong at a place of a configuration. */
export interface TheirProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The random seeds that a ruleset prescribes. */
interface Ruleset {
  readonly scheduler: bigint;
  readonly dataloader: bigint;
}

const RULESETS: Readonly<Record<string, Ruleset>> = {
  'mlperf-inference-v5.1': { scheduler: 18209322760996052031n, dataloader: 14771362308971278857n },
};

/** Of a submission; others may name a ruleset without following it. */
export function rulesetOf({ type, submission_ref: reference }: TheirConfig): Ruleset | undefined {
  const name = reference?.ruleset ?? '';
  return type === 'submission' && Object.hasOwn(RULESETS, name) ? RULESETS[name] : undefined;
}

/** Whether responses are awaited at a rate, or as fast as may be; null for an evaluation. */
export function modeOf({ type, benchmark_mode: mode }: TheirConfig): 'offline' | 'online' | null {
  if (type === 'offline' || type === 'online') return type;
  return mode ?? null;
}

/** The rules of theirs that span fields. */
export function brokenRules(config: TheirConfig): readonly TheirProblem[] {
  return [
    ...submissionRules(config),
    ...modelRules(config),
    ...datasetRules(config),
    ...loadRules(config),
    ...runtimeRules(config),
  ];
}

function submissionRules(config: TheirConfig): readonly TheirProblem[] {
  const { type, benchmark_mode: mode, submission_ref: reference } = config;
  if (type !== 'submission') return [];
  if (mode === undefined || mode === null)
    return [problem([], 'a submission needs benchmark_mode: offline or online')];
  const { ruleset } = reference ?? {};
  return ruleset === undefined || ruleset === null || rulesetOf(config) !== undefined
    ? []
    : [
        problem(
          [],
          `submission_ref.ruleset must be one of ${Object.keys(RULESETS).join(', ')} (got "${ruleset}")`,
        ),
      ];
}

function modelRules(config: TheirConfig): readonly TheirProblem[] {
  const { model_params: model, endpoint_config: endpoint, submission_ref: reference } = config;
  const found: TheirProblem[] = [];
  const own = [
    ...(model.min_new_tokens === 1 ? [] : ['min_new_tokens']),
    ...(model.skip_special_tokens ? [] : ['skip_special_tokens']),
  ];
  if (model.name.trim() === '' && !reference?.model) found.push(problem([], 'model_params.name is missing'));
  if (model.min_new_tokens > model.max_new_tokens)
    found.push(problem(['model_params'], 'min_new_tokens must be at most max_new_tokens'));
  else if (own.length > 0 && endpoint.api_type !== 'openai_completions')
    found.push(problem([], `model_params.${own[0]} is only for endpoint_config.api_type openai_completions`));
  return found;
}

function datasetRules({ datasets }: TheirConfig): readonly TheirProblem[] {
  const found: TheirProblem[] = [];
  const names = datasets.map((dataset) => `${nameOf(dataset)} (${dataset.type})`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    found.push(problem([], `datasets: each needs a name of its own; there are two ${twice}`));
  for (const [index, { generation_config_override: override }] of datasets.entries()) {
    const path = ['datasets', index];
    for (const key of Object.keys(override ?? {})) {
      if (!MODEL_FIELDS.includes(key))
        found.push(
          problem(
            path,
            `generation_config_override: unknown key ${key}; known are ${MODEL_FIELDS.join(', ')}`,
          ),
        );
      else if (GLOBAL_MODEL_FIELDS.includes(key))
        found.push(problem(path, `generation_config_override cannot set ${key}; set it in model_params`));
    }
  }
  return found;
}

/** The name of a dataset, by default that of its file. */
export function nameOf({ name, path }: TheirConfig['datasets'][number]): string {
  const stem = (path ?? '').replace(/^.*\//, '').replace(/(?<=.)\.[^.]*$/, '');
  return name ?? stem;
}

function loadRules(config: TheirConfig): readonly TheirProblem[] {
  const { settings, datasets } = config;
  const { type, target_qps: rate, target_concurrency: concurrency } = settings.load_pattern;
  const path = ['settings', 'load_pattern'];
  if (type === 'poisson' && (rate ?? null) === null) return [problem(path, 'poisson needs target_qps')];
  if ((type === 'concurrency' || type === 'agentic_inference') && (concurrency ?? null) === null)
    return [problem(path, `${type} needs target_concurrency`)];
  const mode = modeOf(config);
  if (mode === 'offline' && type !== 'max_throughput')
    return [problem([], `load_pattern.type must be max_throughput for offline (got ${type})`)];
  if (mode === 'online' && type === 'max_throughput')
    return [problem([], 'online needs load_pattern.type: poisson, concurrency or agentic_inference')];
  const hasAgentic = datasets.some(
    (one) =>
      one.type === 'performance' && one.agentic_inference !== undefined && one.agentic_inference !== null,
  );
  if (type === 'agentic_inference' && !hasAgentic)
    return [problem([], 'agentic_inference needs a performance dataset with a block agentic_inference')];
  if (type !== 'agentic_inference' && hasAgentic)
    return [
      problem([], `a dataset with agentic_inference needs load_pattern.type agentic_inference (got ${type})`),
    ];
  if (hasAgentic && (settings.runtime.n_samples_to_issue ?? null) !== null)
    return [
      problem([], 'runtime.n_samples_to_issue is not for agentic_inference; use num_trajectories_to_issue'),
    ];
  return [];
}

function runtimeRules({ settings: { runtime } }: TheirConfig): readonly TheirProblem[] {
  const { min_duration_ms: least, max_duration_ms: most } = runtime;
  return most === 0 || most >= least
    ? []
    : [
        problem(
          ['settings', 'runtime'],
          `max_duration_ms must be 0 or at least min_duration_ms, ${least} (got ${most})`,
        ),
      ];
}

function problem(path: TheirProblem['path'], message: string): TheirProblem {
  return { path, message };
}
