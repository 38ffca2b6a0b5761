import { existsSync } from 'node:fs';
import { errorText } from '../../core/errors.ts';
import { OPEN_LOOP_PATTERNS } from '../../config/choices.ts';
import { FILE_LIMITS } from '../../core/file-limits.ts';
import { SILENT_LOG } from '../../core/log.ts';
import { readHistoryExtras, type RunHistory, type ServerQuantity } from '../../core/run-history.ts';
import { keepsLimit } from '../../rules/limit.ts';
import { parseSlo } from '../../rules/slo.ts';
import { keepsGrowing } from '../../studies/backlog.ts';
import { readFinalSnapshot } from '../reports/report-source.ts';
import type { Cell } from '../../studies/designs.ts';
import { fieldsOf, figuresOfSummary } from '../../studies/figures.ts';
import type { ServerLoad } from '../../studies/limiting-cause.ts';
import type { CellResult, CellSlo } from '../../studies/study-result.ts';
import { readManifest, RunDirectory } from '../run-folder/run-directory.ts';
import type { StudyFolder } from './study-folder.ts';

/** A cell of which nothing is known yet. */
export function missingCell(cell: Cell): CellResult {
  return {
    cell,
    state: 'missing',
    startedAt: null,
    verdict: null,
    slos: [],
    backlogGrows: null,
    figures: {},
    server: null,
    reason: null,
  };
}

export function failedCell(cell: Cell, reason: string): CellResult {
  return { ...missingCell(cell), state: 'failed', reason };
}

export function skippedCell(cell: Cell, reason: string): CellResult {
  return { ...missingCell(cell), state: 'skipped', reason };
}

/**
 * What the folder of a cell tells: done when its run came to its end, or was ended by a rule of the user's, and left a summary; else missing,
 * whatever a run that was cut short has left. The folder is the only witness: a study may be killed at any moment.
 */
export async function readCell(folder: StudyFolder, cell: Cell): Promise<CellResult> {
  const path = folder.cellPath(cell.id);
  if (!existsSync(path)) return missingCell(cell);
  const directory = RunDirectory.at(path);
  const manifest = readManifest(directory);
  if (manifest === undefined) return missingCell(cell);
  const { state, end_reason: endReason } = manifest.outcome;
  if (state !== 'complete' && !(state === 'stopped_early' && endReason !== undefined))
    return missingCell(cell);
  try {
    const summary: unknown = JSON.parse(await directory.read(directory.resultPath, FILE_LIMITS.summaryBytes));
    const { verdict, throughput, run_config: config, server_metrics: servers } = fieldsOf(summary);
    const isOpen = isOpenLoop(config);
    const history =
      isOpen || servers !== undefined
        ? readHistoryExtras((await readFinalSnapshot(directory, SILENT_LOG))?.extras).history
        : undefined;
    return {
      ...{ cell, state: 'done', startedAt: manifest.started_at },
      verdict: verdictOf(fieldsOf(verdict).level),
      ...judgedSlos(summary),
      backlogGrows: isOpen ? backlogGrows(history, throughput) : null,
      figures: figuresOfSummary(summary),
      server: serverLoadOf(history, throughput),
      ...(fieldsOf(fieldsOf(config).run).report_html === false ? { reportFile: 'report.txt' } : {}),
    };
  } catch (error) {
    return { ...missingCell(cell), reason: errorText(error) };
  }
}

function verdictOf(level: unknown): CellResult['verdict'] {
  return level === 'valid' || level === 'degraded' || level === 'invalid' ? level : null;
}

function isOpenLoop(config: unknown): boolean {
  const { pattern } = fieldsOf(fieldsOf(config).load);
  return OPEN_LOOP_PATTERNS.some((one) => one === pattern);
}

/** By the requests in flight while requests were issued; null where the run left no history. */
function backlogGrows(history: RunHistory | undefined, throughput: unknown): boolean | null {
  const isMeasured = measuredBins(history, throughput);
  return isMeasured && keepsGrowing(history!.in_flight_max.filter((_, bin) => isMeasured(bin)));
}

/** Medians of what the servers told while requests were issued; null where they told nothing. */
function serverLoadOf(history: RunHistory | undefined, throughput: unknown): ServerLoad | null {
  const isMeasured = measuredBins(history, throughput);
  const server = history?.server;
  if (isMeasured === null || server === undefined) return null;
  const median = (quantity: ServerQuantity) => {
    const told = server[quantity].filter((value, bin) => value !== null && isMeasured(bin));
    return told.toSorted((a, b) => a! - b!)[told.length >> 1] ?? null;
  };
  return {
    ...{ queueMs: median('queue_ms'), computeMs: median('compute_ms') },
    ...{ waiting: median('waiting'), kvUse: median('kv_use') },
  };
}

/** Whether a bin lies between the start of the measured phase and the end of issuing; null where that is not known. */
function measuredBins(
  history: RunHistory | undefined,
  throughput: unknown,
): ((bin: number) => boolean) | null {
  const { end_ns: endNs } = fieldsOf(throughput);
  if (history === undefined || typeof endNs !== 'number') return null;
  const startNs = history.marks.findLast(({ kind }) => kind === 'phase')?.at_ns ?? history.start_ns;
  return (bin) => {
    const beginNs = history.start_ns + bin * history.bin_ns;
    return beginNs >= startNs && beginNs + history.bin_ns <= endNs;
  };
}

/** Whether the figure itself keeps its limit, whatever its interval; null without a figure. */
function holdsOf(slo: string, value: unknown): boolean | null {
  const parsed = parseSlo(slo);
  return typeof parsed === 'string' || typeof value !== 'number' ? null : keepsLimit(value, parsed.limit);
}

/** Over the steady state, where one was wanted. Those of the whole run say nothing of a part that isn't there. */
function judgedSlos(summary: unknown): Pick<CellResult, 'slos' | 'reason'> {
  const { slos, run_config: config, steady_state: steady } = fieldsOf(summary);
  const { found, slos: steadySlos, reason: why } = fieldsOf(steady);
  const isWanted = steady !== undefined || (fieldsOf(config).steady_state ?? 'off') !== 'off';
  if (!isWanted) return { slos: slosOf(slos), reason: null };
  if (found === true) return { slos: slosOf(steadySlos), reason: null };
  const reason = `no steady state to judge the SLOs over: ${typeof why === 'string' ? why : 'its report has none'}`;
  const open = slosOf(slos).map(({ slo }): CellSlo => ({ slo, outcome: 'undecided', holds: null }));
  return { slos: open, reason: open.length === 0 ? null : reason };
}

function slosOf(slos: unknown): CellResult['slos'] {
  if (!Array.isArray(slos)) return [];
  return slos.flatMap((found: unknown) => {
    const { slo, outcome, value } = fieldsOf(found);
    if (typeof slo !== 'string') return [];
    return outcome === 'met' || outcome === 'missed' || outcome === 'undecided'
      ? [{ slo, outcome, holds: holdsOf(slo, value) }]
      : [];
  });
}
