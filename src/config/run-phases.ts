import type { RunConfig } from './schema.ts';

/** A phase of a run, and the settings that hold in it: its own, and the run's for what it leaves out. */
export interface PhaseConfig {
  readonly name: string;
  readonly isMeasured: boolean;
  readonly config: RunConfig;
}

/** What a run without phases of its own is called in the run log. */
export const ONLY_PHASE = 'performance';

/** The phases of a run in order, at least one of them measured. Without `phases` there is one. */
export function phaseConfigs(config: RunConfig): readonly PhaseConfig[] {
  const { phases, ...run } = config;
  if (phases === undefined) return [{ name: ONLY_PHASE, isMeasured: true, config }];
  return phases.map(({ name, measure, load, stop, ...prompts }) => ({
    name,
    isMeasured: measure,
    config: { ...run, load: load ?? run.load, stop: stop ?? run.stop, ...promptsOf(run, prompts) },
  }));
}

type Prompts = Pick<RunConfig, 'dataset' | 'format' | 'synthetic'>;

/** A phase that says what it sends sends nothing of the run's. */
function promptsOf({ dataset, format, synthetic }: Prompts, own: Prompts): Prompts {
  if (own.dataset !== undefined || own.synthetic !== undefined) {
    return { dataset: own.dataset, format: own.format, synthetic: own.synthetic };
  }
  return { dataset, synthetic, format: own.format ?? format };
}
