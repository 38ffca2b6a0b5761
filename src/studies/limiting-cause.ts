import { durationText, numberText, percentText } from '../core/quantity-text.ts';
import { NS_PER_MS } from '../core/time.ts';
import { FIGURES, type FigureKey, figureValueText } from './figures.ts';
import type { CellResult } from './study-result.ts';

/** What the servers told of themselves during a run: medians over its time, null for what they did not tell. */
export interface ServerLoad {
  /** Mean times of a request. */
  readonly queueMs: number | null;
  readonly computeMs: number | null;
  /** Requests. */
  readonly waiting: number | null;
  /** Of the cache for keys and values, 0 to 1. */
  readonly kvUse: number | null;
}

/** What explains so much of the added latency is the limit. */
const EXPLAINING_SHARE = 0.5;
/** A cache this full makes requests wait. */
const FULL_CACHE = 0.95;
/** A percentile that grows by less than this has not changed. */
const GROWN = 1.3;

/**
 * What limits the load, in a sentence: why the lightest run that missed its SLOs was slower than the lightest that kept them. Undefined where there are no
 * such runs. `textOf`: a load with its unit, as in `42 requests/s`.
 */
export function limitingCauseText(
  results: readonly CellResult[],
  textOf: (load: number) => string,
): string | undefined {
  const done = results.filter(({ state }) => state === 'done').toSorted((a, b) => loadOf(a) - loadOf(b));
  const easy = done.find(keeps);
  const missed = done.filter(
    (result) => misses(result) && (easy === undefined || loadOf(result) > loadOf(easy)),
  );
  if (missed.length === 0) return undefined;
  // A client that was held up says nothing of the server.
  const hard = missed.find(({ verdict }) => verdict !== 'invalid');
  if (hard === undefined)
    return 'What limits it is the client: every run that missed the SLOs has the verdict invalid.';
  const at = `at ${textOf(loadOf(hard))}`;
  const told = easy && serverLimit(easy, hard);
  if (told !== undefined)
    return `What limits it is ${told.cause}: ${at}, ${told.evidence} (${told.before} at ${textOf(loadOf(easy!))}).`;
  return `${seenFromOutside(easy, hard, at)}${hard.server === null ? ' To see whether it is the queue or the computing, add --server-metrics.' : ''}`;
}

interface Limit {
  readonly cause: string;
  readonly evidence: string;
  readonly before: string;
}

/** By the servers' own metrics; undefined where they don't explain it. */
function serverLimit(easy: CellResult, hard: CellResult): Limit | undefined {
  const key = LATENCIES.find((one) => easy.figures[one] !== undefined && hard.figures[one] !== undefined);
  if (key === undefined || easy.server === null || hard.server === null) return undefined;
  const addedMs = (hard.figures[key]!.value - easy.figures[key]!.value) / NS_PER_MS;
  const [queued, computed] = [growthOf('queueMs', easy, hard), growthOf('computeMs', easy, hard)];
  const waited = growthOf('waiting', easy, hard);
  const wanted = EXPLAINING_SHARE * addedMs;
  const isQueue =
    queued === undefined
      ? waited !== undefined && waited.by >= 1 && waited.by >= waited.before
      : queued.by > 0 && queued.by >= wanted && queued.by >= (computed?.by ?? 0);
  if (isQueue) {
    const cause =
      (hard.server.kvUse ?? 0) >= FULL_CACHE ? 'the KV cache of the server' : 'queueing in the server';
    const cache = cause.startsWith('the KV')
      ? `, with its cache ${percentText(hard.server.kvUse!)} full`
      : '';
    if (queued === undefined)
      return {
        cause,
        evidence: `${numberText(waited!.now)} requests waited there${cache}`,
        before: numberText(waited!.before),
      };
    return {
      cause,
      evidence: `requests waited ${ms(queued.now)} in its queue${cache}`,
      before: ms(queued.before),
    };
  }
  if (computed !== undefined && computed.by > 0 && computed.by >= wanted)
    return {
      cause: 'the computing of the server',
      evidence: `it took ${ms(computed.now)} to compute a response`,
      before: ms(computed.before),
    };
  return undefined;
}

/** Without metrics of the server, or where they explain nothing. */
function seenFromOutside(easy: CellResult | undefined, hard: CellResult, at: string): string {
  const { error_share: errors } = hard.figures;
  const failed = hard.slos.filter(({ holds }) => holds !== true).map(({ slo }) => slo);
  if (failed.some((slo) => slo.startsWith('errors')) && errors !== undefined)
    return `What limits it is that requests fail: ${at}, ${percentText(errors.value)} did.`;
  if (hard.backlogGrows === true)
    return `What limits it is how fast the server answers: ${at}, requests came in faster than responses went out${rate(hard)}, so that more and more were in flight.`;
  const grown = (keys: readonly FigureKey[]) => easy && keys.find((key) => hasGrown(key, easy, hard));
  const waits = grown(['ttft_p90_ns', 'ttft_p50_ns']);
  const spaced = grown(['tpot_p90_ns', 'tpot_p50_ns']);
  if (spaced !== undefined && (waits === undefined || failed.some((slo) => slo.startsWith('tpot'))))
    return `What limits it is the speed of the output: ${at}, ${change(spaced, easy!, hard)}.`;
  if (waits !== undefined)
    return `What limits it is the wait for the first token: ${at}, ${change(waits, easy!, hard)}.`;
  return `What limits it is ${failed.join(' and ')}, which was missed ${at}.`;
}

const LATENCIES = ['ttft_p50_ns', 'latency_p50_ns'] as const;
const loadOf = ({ cell }: CellResult) => Number(cell.values[0]);

function keeps({ slos, backlogGrows }: CellResult): boolean {
  return backlogGrows !== true && slos.length > 0 && slos.every(({ holds }) => holds === true);
}

function misses({ slos, backlogGrows }: CellResult): boolean {
  return backlogGrows === true || slos.some(({ outcome }) => outcome === 'missed');
}

function growthOf(key: keyof ServerLoad, easy: CellResult, hard: CellResult) {
  const [before, now] = [easy.server?.[key], hard.server?.[key]];
  if (typeof before !== 'number' || typeof now !== 'number') return undefined;
  return { before, now, by: now - before };
}

function hasGrown(key: FigureKey, easy: CellResult, hard: CellResult): boolean {
  const [before, now] = [easy.figures[key], hard.figures[key]];
  return before !== undefined && now !== undefined && now.value >= GROWN * before.value;
}

/** `TTFT p90 was 812 ms (41 ms at the lowest load)`. */
function change(key: FigureKey, easy: CellResult, hard: CellResult): string {
  const text = (result: CellResult) => figureValueText(key, result.figures[key]!.value);
  return `${FIGURES[key].title} was ${text(hard)} (${text(easy)} at the lowest load)`;
}

function rate({ figures: { requests_per_second: completed } }: CellResult): string {
  return completed === undefined ? '' : ` (${numberText(completed.value)}/s)`;
}

function ms(value: number): string {
  return durationText(value * NS_PER_MS);
}
