import { isWithin, RATE_PER_SECOND } from '../core/load-ranges.ts';
import { parseDecimal, parseDurationMs } from './units.ts';

/** One stage of a load as a configuration has it; `ramp` goes on from where the stage before it ended. */
export type StageConfig =
  | { readonly rate_per_second: number; readonly duration_ms: number }
  | { readonly ramp_to_per_second: number; readonly duration_ms: number };

export const STAGES_ALLOWED =
  'stages with commas between, such as "rate 10 for 1m, ramp to 200 over 5m, rate 200 for 10m, pause for 30s", or @rates.csv';

const STEADY = /^rate\s+(\S+?)(?:\/s)?\s+for\s+(\S+)$/;
const RAMP = /^ramp\s+to\s+(\S+?)(?:\/s)?\s+over\s+(\S+)$/;
const PAUSE = /^pause\s+for\s+(\S+)$/;

/** Stages as people write them, or the file they are in. Returns what is allowed instead for text that is neither. */
export function parseStages(
  text: string,
): { readonly value: readonly StageConfig[] | string } | { readonly allowed: string } {
  if (/^@./.test(text)) return { value: text };
  const stages: StageConfig[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const stage = stageOf(part);
    if (typeof stage === 'string') return { allowed: `${STAGES_ALLOWED}; "${part}": ${stage}` };
    stages.push(stage);
  }
  return { value: stages };
}

function stageOf(part: string): StageConfig | string {
  const pause = PAUSE.exec(part);
  const [, rate, time] = STEADY.exec(part) ?? RAMP.exec(part) ?? ['', '0', pause?.[1]];
  if (time === undefined) return 'say "rate N for TIME", "ramp to N over TIME" or "pause for TIME"';
  const durationMs = parseDurationMs(time);
  if (durationMs === undefined || durationMs <= 0)
    return 'the time needs a unit and must be above 0, as in 30s or 5m';
  const perSecond = parseDecimal(rate);
  if (perSecond === undefined || (perSecond !== 0 && !isWithin(RATE_PER_SECOND, perSecond))) {
    return `the rate must be 0 or ${RATE_PER_SECOND.allowed}`;
  }
  return part.startsWith('ramp')
    ? { ramp_to_per_second: perSecond, duration_ms: durationMs }
    : { rate_per_second: perSecond, duration_ms: durationMs };
}
