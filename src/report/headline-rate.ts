import type { Report } from './report.ts';

/** The rate to quote: over the measured window where that is known, else the reference's. Null when there is neither. */
export function headlineRate({ qps, own }: Report): number | null {
  return own?.throughput ? own.throughput.succeeded_per_second : qps;
}

/** The output tokens a second to quote, in the same way; null where tokens were not counted. */
export function headlineTokenRate({ tps, own }: Report): number | null {
  return tps !== null && own?.throughput ? own.throughput.output_tokens_per_second : tps;
}
