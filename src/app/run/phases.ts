import type { RunConfig } from '../../config/schema.ts';
import { NS_PER_MS } from '../../core/time.ts';
import type { ArrivalSettings, PhasePlan, StopRule } from '../../plan/plan.ts';

/** Added to the seed for the sample order of the warm-up, so that it does not send what is measured next. */
const WARMUP_ORDER_SEED_OFFSET = 1;

/** The phases a configuration asks for, in order: a warm-up when wanted, then performance. */
export function phasesOf(config: RunConfig, datasetSize: number): readonly PhasePlan[] {
  const { warmup, stop } = config;
  const performance: PhasePlan = {
    name: 'performance',
    kind: 'performance',
    arrivals: arrivalsOf(config),
    order: { order: config.sample_order, datasetSize, seed: config.seed },
    stop: stopRuleOf(stop, datasetSize),
  };
  if (warmup === undefined) return [performance];
  return [
    {
      ...performance,
      name: 'warmup',
      kind: 'warmup',
      order: { ...performance.order, seed: config.seed + WARMUP_ORDER_SEED_OFFSET },
      stop: stopRuleOf(warmup, datasetSize),
    },
    performance,
  ];
}

/** Without any limit a phase is one pass over the dataset. */
function stopRuleOf(
  limits: { samples?: number | undefined; duration_ms?: number | undefined },
  datasetSize: number,
): StopRule {
  const { samples, duration_ms: durationMs } = limits;
  return {
    maxSamples: samples ?? (durationMs === undefined ? datasetSize : Infinity),
    maxDurationNs: durationMs === undefined ? Infinity : durationMs * NS_PER_MS,
  };
}

function arrivalsOf(config: RunConfig): ArrivalSettings {
  const { pattern, rate_per_second: ratePerSecond = 0, concurrency = 0 } = config.load;
  switch (pattern) {
    case 'burst':
      return { pattern };
    case 'concurrency':
      return { pattern, concurrency };
    case 'constant':
      return { pattern, ratePerSecond };
    case 'poisson':
      return { pattern, ratePerSecond, seed: config.seed };
  }
}
