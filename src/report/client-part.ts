import { durationText } from '../core/quantity-text.ts';
import { percentileKey } from '../stats/percentile-key.ts';
import type { Report } from './report.ts';
import { percentileOf, type SeriesRollup } from './series-report.ts';

/** What the bounds of a series are kept under, by what a table calls it. */
const BOUNDED: Readonly<Record<string, string>> = {
  TTFT: 'ttft_ns',
  TPOT: 'tpot_ns',
  'Chunk gap': 'chunk_delta_ns',
  Latency: 'sample_latency_ns',
  'Response TTFT': 'response_ttft_ns',
  'Response latency': 'response_latency_ns',
};
/** From this share of a percentile on, its bound stands next to it. */
const SHOWN_SHARE = 0.01;

/** What a client's part means, for below a table that has one. */
export const CLIENT_PART_NOTE =
  "Client's part: how much of a percentile the client may have added, or left out, by reading late; shown from 1 % on.";

/** How far the client may have put a percentile off, `≤ 0.4 ms`, when that matters; empty when it does not, or is not known. */
export function clientPartText(
  { own }: Report,
  label: string,
  series: SeriesRollup,
  percentile: number,
): string {
  const told = own?.errorBounds?.told;
  const pair = told?.series[BOUNDED[label] ?? '']?.[percentileKey(percentile)];
  const valueNs = percentileOf(series, percentile);
  if (told === undefined || pair === undefined || valueNs === null) return '';
  const [addedNs, missingNs] = pair;
  // As in the verdict: no value is negative, and where nothing limits what is missing, the latest read that a probe met does.
  const boundNs = Math.max(Math.min(addedNs, valueNs), missingNs ?? told.late_max_ns);
  return boundNs < SHOWN_SHARE * valueNs ? '' : `≤ ${durationText(boundNs)}`;
}
