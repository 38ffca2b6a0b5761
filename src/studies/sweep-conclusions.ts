import { durationText, numberText } from '../core/quantity-text.ts';
import { type Combination, combinationText } from './designs.ts';
import type { Factor } from './factor.ts';
import type { CellResult } from './study-result.ts';
import { studyPoints } from './study-result.ts';

/** What a sweep came to: where throughput is highest, and where a single user is served best. */
export function paretoText(
  factors: readonly Factor[],
  combinations: readonly Combination[],
  results: readonly CellResult[],
  gpus: number | undefined,
): readonly string[] {
  const points = studyPoints(combinations, results, gpus).filter(({ throughput }) => throughput !== null);
  if (points.length < 2) return [];
  const fastest = points.reduce((best, point) =>
    point.throughput!.value > best.throughput!.value ? point : best,
  );
  const users = points.filter(({ figures }) => figures.tokens_per_second_per_user !== undefined);
  const perUser = (point: (typeof points)[number]) => point.figures.tokens_per_second_per_user!.value;
  const quickest = users.reduce<(typeof points)[number] | undefined>(
    (best, point) => (best === undefined || perUser(point) > perUser(best) ? point : best),
    undefined,
  );
  const { ttft_p90_ns: ttft } = fastest.figures;
  const unit = gpus === undefined ? 'output tokens/s' : 'output tokens/s per GPU';
  return [
    `Highest throughput: ${numberText(fastest.throughput!.value)} ${unit} at ${combinationText(factors, fastest.values)}` +
      (ttft === undefined ? '.' : `, with a TTFT p90 of ${durationText(ttft.value)}.`),
    ...(quickest === undefined
      ? []
      : [
          `Fastest for each user: ${numberText(perUser(quickest))} tokens/s per user at ${combinationText(factors, quickest.values)}.`,
        ]),
  ];
}
