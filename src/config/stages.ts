import { CONCURRENCY, isWithin, RATE_PER_SECOND } from '../core/load-ranges.ts';
import { parseDecimal, parseDurationMs, spanText } from './units.ts';

/** One stage of a load as a configuration has it; `ramp` goes on from where the stage before it ended. */
export type StageConfig =
  | { readonly rate_per_second: number; readonly duration_ms: number }
  | { readonly ramp_to_per_second: number; readonly duration_ms: number }
  | ConcurrencyStageConfig;

export type ConcurrencyStageConfig =
  | { readonly concurrency: number; readonly duration_ms: number }
  | { readonly ramp_to_concurrency: number; readonly duration_ms: number };

export type RateStageConfig = Exclude<StageConfig, ConcurrencyStageConfig>;

export function isOfConcurrency(stage: StageConfig): stage is ConcurrencyStageConfig {
  return 'concurrency' in stage || 'ramp_to_concurrency' in stage;
}

/** The value that a stage has at its end. */
export function valueOfStage(stage: StageConfig): number {
  if ('rate_per_second' in stage) return stage.rate_per_second;
  if ('ramp_to_per_second' in stage) return stage.ramp_to_per_second;
  return 'concurrency' in stage ? stage.concurrency : stage.ramp_to_concurrency;
}

/** Stages as people write them; of many, the first and the last. */
export function stagesText(stages: readonly StageConfig[]): string {
  const texts = stages.map((stage) => {
    const value = valueOfStage(stage);
    const time = spanText(stage.duration_ms);
    const isSteady = 'rate_per_second' in stage || 'concurrency' in stage;
    if (!isSteady) return `ramp to ${value}${isOfConcurrency(stage) ? '' : '/s'} over ${time}`;
    if (value === 0) return `pause for ${time}`;
    return isOfConcurrency(stage) ? `concurrency ${value} for ${time}` : `rate ${value}/s for ${time}`;
  });
  if (texts.length <= MAX_TOLD) return texts.join(', ');
  return `${texts.slice(0, MAX_TOLD - 1).join(', ')}, … ${texts.at(-1)} (${texts.length} stages)`;
}

const MAX_TOLD = 6;

export const STAGES_ALLOWED =
  'stages with commas between, such as "rate 10 for 1m, ramp to 200 over 5m, rate 200 for 10m, pause for 30s", the same with concurrency in the place of rate, or @rates.csv';

const STEADY = /^(?:rate|concurrency)\s+(\S+?)(?:\/s)?\s+for\s+(\S+)$/;
const RAMP = /^ramp\s+to\s+(\S+?)(?:\/s)?\s+over\s+(\S+)$/;
const PAUSE = /^pause\s+for\s+(\S+)$/;

/** Stages as people write them, or the file they are in. Returns what is allowed instead for text that is neither. */
export function parseStages(
  text: string,
): { readonly value: readonly StageConfig[] | string } | { readonly allowed: string } {
  if (/^@./.test(text)) return { value: text };
  const stages: StageConfig[] = [];
  const parts = text.split(',').map((one) => one.trim());
  // What a ramp and a pause are of, the others say.
  const isConcurrency = parts.some((part) => /^concurrency\s/.test(part));
  for (const part of parts) {
    const stage = stageOf(part, isConcurrency);
    if (typeof stage === 'string') return { allowed: `${STAGES_ALLOWED}; "${part}": ${stage}` };
    stages.push(stage);
  }
  return { value: stages };
}

function stageOf(part: string, isConcurrency: boolean): StageConfig | string {
  const pause = PAUSE.exec(part);
  const [, rate = '', time] = STEADY.exec(part) ?? RAMP.exec(part) ?? ['', '0', pause?.[1]];
  if (time === undefined)
    return 'say "rate N for TIME", "concurrency N for TIME", "ramp to N over TIME" or "pause for TIME"';
  if (isConcurrency && part.startsWith('rate'))
    return 'stages are of a rate or of a concurrency, not of both';
  const durationMs = parseDurationMs(time);
  if (durationMs === undefined || durationMs <= 0)
    return 'the time needs a unit and must be above 0, as in 30s or 5m';
  const value = parseDecimal(rate);
  if (isConcurrency) return concurrencyStageOf(part, value, durationMs);
  const perSecond = value;
  if (perSecond === undefined || (perSecond !== 0 && !isWithin(RATE_PER_SECOND, perSecond))) {
    return `the rate must be 0 or ${RATE_PER_SECOND.allowed}`;
  }
  return part.startsWith('ramp')
    ? { ramp_to_per_second: perSecond, duration_ms: durationMs }
    : { rate_per_second: perSecond, duration_ms: durationMs };
}

function concurrencyStageOf(
  part: string,
  value: number | undefined,
  durationMs: number,
): StageConfig | string {
  if (value === undefined || (value !== 0 && !isWithin(CONCURRENCY, value)))
    return `the concurrency must be 0 or ${CONCURRENCY.allowed}`;
  return part.startsWith('ramp')
    ? { ramp_to_concurrency: value, duration_ms: durationMs }
    : { concurrency: value, duration_ms: durationMs };
}
