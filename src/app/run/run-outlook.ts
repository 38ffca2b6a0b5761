import { statfs } from 'node:fs/promises';
import { withStagesOfFile } from '../../config/rate-file.ts';
import type { RunConfig } from '../../config/schema.ts';
import { createLog } from '../../core/log.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import { bytesText } from '../../core/bytes-text.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../core/time.ts';
import { arrivalsBefore } from '../../plan/arrivals/replay.ts';
import { ConcurrencyProfile } from '../../plan/concurrency-profile.ts';
import {
  type ArrivalSettings,
  type ConcurrencySettings,
  isOpenLoop,
  type PhasePlan,
} from '../../plan/plan.ts';
import { RateProfile } from '../../plan/rate-profile.ts';
import { checkPlanLimits } from '../../plan/sample-limit.ts';
import { fewestForInterval } from '../../stats/quantile-interval.ts';
import { checkCpus } from '../machine/cpu-pinning.ts';
import { engineLimits, type EngineLimits } from '../machine/engine-limits.ts';
import { phasesOf, withSamples } from './phases.ts';
import { prepareRun, type PreparedRun } from './prepare.ts';

/** What a phase will do, as far as that is known before a server responds; null for what depends on the server. */
export interface PhaseOutlook {
  readonly name: string;
  readonly isMeasured: boolean;
  readonly pattern: ArrivalSettings['pattern'];
  /** Of open loop, on average. */
  readonly ratePerSecond: number | null;
  /** In flight at most; null in open loop, which has no limit but that of the connections. */
  readonly concurrency: number | null;
  /** Requests, or conversations where the run sends these. */
  readonly tickets: number | null;
  readonly durationMs: number | null;
}

/** What a run will do, before it does anything. */
export interface RunOutlook {
  readonly phases: readonly PhaseOutlook[];
  /** What the tickets of the plan are. */
  readonly ticketKind: 'request' | 'conversation';
  readonly dataset: {
    readonly rows: number;
    readonly conversations: number | null;
    readonly skippedRows: number;
    /** Of rows of prompts null. */
    readonly format: string | null;
  };
  readonly streaming: boolean;
  /** Mean limit of output tokens; null where a request has none. */
  readonly meanOutputLimit: number | null;
  /** Of the requests, in memory and in a file for what memory has no room for. */
  readonly memoryBytes: number;
  readonly spilledBytes: number;
  /** Of run.log, when each response is as long as its limit; null where that is not known. */
  readonly logBytes: number | null;
  readonly freeBytes: number | null;
  readonly workers: number;
  readonly maxConnections: number;
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

export interface OutlookOptions {
  /** On whose disk the run would be written. */
  readonly folder: string;
  /** As a run has it: see `RunBenchmarkOptions`. */
  readonly samplesOf?: ((datasetSize: number) => number) | undefined;
}

/**
 * Prepares a run as far as it needs no server, and tells what it would do. Reads the whole dataset and makes its requests, as a run does.
 * Throws what a run throws before it sends anything.
 */
export async function runOutlook(
  given: RunConfig,
  { folder, samplesOf }: OutlookOptions,
): Promise<RunOutlook> {
  const notes: string[] = [];
  const warnings: string[] = [];
  const log = createLog((line, level) => {
    const text = line.slice(line.indexOf(':') + 2);
    (level === 'info' ? notes : warnings).push(text);
  });
  if (given.client.cpus !== undefined) checkCpus(given.client.cpus);
  const limits = engineLimits(withStagesOfFile(given));
  if (limits.shortage !== undefined) warnings.push(limits.shortage);
  const prepared = await prepareRun(given, log);
  const { rowCount, ticketCount } = totalsOf(prepared.parts);
  const config = withSamples(given, prepared.parts[0]!.ticketCount, samplesOf);
  const plans = phasesOf(withStagesOfFile(config), prepared.parts);
  checkPlanLimits(plans);
  const phases = plans.map(phaseOutlook);
  const free = await freeBytes(folder);
  const logBytes = logSize(prepared, phases);
  return {
    phases,
    ticketKind: prepared.conversations === undefined ? 'request' : 'conversation',
    dataset: {
      rows: rowCount,
      conversations: prepared.conversations === undefined ? null : ticketCount,
      skippedRows: prepared.skippedRows,
      format: prepared.format,
    },
    streaming: prepared.streaming,
    meanOutputLimit: prepared.meanOutputLimit,
    ...arenaBytes(prepared),
    ...{ logBytes, freeBytes: free },
    ...{ workers: limits.workers, maxConnections: limits.maxConnections },
    notes,
    warnings: [...warnings, ...ownWarnings(config, prepared, phases, limits, { logBytes, free })],
  };
}

/** Of what is sent: phases that send the same have it in common. */
function totalsOf(parts: PreparedRun['parts']): { readonly rowCount: number; readonly ticketCount: number } {
  const distinct = [...new Map(parts.map((part) => [part.firstTicket, part])).values()];
  return {
    rowCount: distinct.reduce((sum, part) => sum + part.rowCount, 0),
    ticketCount: distinct.reduce((sum, part) => sum + part.ticketCount, 0),
  };
}

function phaseOutlook({ name, kind, arrivals, stop }: PhasePlan): PhaseOutlook {
  const { tickets, durationNs } = extentOf(arrivals, stop);
  return {
    name,
    isMeasured: kind === 'performance',
    pattern: arrivals.pattern,
    ratePerSecond: isOpenLoop(arrivals) ? arrivals.ratePerSecond : null,
    concurrency: arrivals.pattern === 'concurrency' ? highestConcurrency(arrivals) : null,
    tickets: Number.isFinite(tickets) ? Math.round(tickets) : null,
    durationMs: Number.isFinite(durationNs) ? durationNs / NS_PER_MS : null,
  };
}

/** How much is sent, and for how long; Infinity for what the server decides. */
function extentOf(
  arrivals: ArrivalSettings,
  { maxSamples, maxDurationNs }: PhasePlan['stop'],
): { readonly tickets: number; readonly durationNs: number } {
  if (!isOpenLoop(arrivals)) return { tickets: maxSamples, durationNs: maxDurationNs };
  if (arrivals.pattern === 'replay') {
    const due = new Float64Array(arrivals.dueNs);
    const tickets = Math.min(maxSamples, arrivalsBefore(arrivals.dueNs, maxDurationNs));
    return { tickets, durationNs: due[Math.min(tickets, due.length) - 1] ?? 0 };
  }
  const { ratePerSecond, stages } = arrivals;
  const profile = stages === undefined ? undefined : new RateProfile(stages);
  const inTime =
    maxDurationNs === Infinity
      ? (profile?.totalCount ?? Infinity)
      : (profile?.countAt(maxDurationNs) ?? (ratePerSecond * maxDurationNs) / NS_PER_SECOND);
  const tickets = Math.min(maxSamples, inTime);
  const untilTickets = profile?.timeOf(tickets) ?? (tickets / ratePerSecond) * NS_PER_SECOND;
  return { tickets, durationNs: Math.min(maxDurationNs, untilTickets, profile?.totalNs ?? Infinity) };
}

function highestConcurrency({ concurrency, stages }: ConcurrencySettings): number {
  return stages === undefined ? concurrency : new ConcurrencyProfile(stages).highest;
}

function arenaBytes({ arenas }: PreparedRun): Pick<RunOutlook, 'memoryBytes' | 'spilledBytes'> {
  let [memoryBytes, spilledBytes] = [0, 0];
  for (const { shared } of arenas) {
    for (const [index, block] of shared.blocks.entries()) {
      if (typeof block !== 'number') memoryBytes += block.byteLength;
      else spilledBytes += shared.blockEnds[index]! - (shared.blockEnds[index - 1] ?? 0);
    }
  }
  return { memoryBytes, spilledBytes };
}

// docs/wire-format.md: a record has 22 bytes, and 8 for each of its extras.
const RECORD_BYTES = 22;
/** Of a sample, its issued and completed records with their extras, and the frame around the records. */
const SAMPLE_BYTES = 2 * RECORD_BYTES + 10 * 8;
/** Text of a token in the record of a response, about. */
const TOKEN_TEXT_BYTES = 5;

/** Null where one depends on the server. */
function totalTickets(phases: readonly PhaseOutlook[]): number | null {
  return phases.reduce<number | null>(
    (sum, { tickets }) => (sum === null || tickets === null ? null : sum + tickets),
    0,
  );
}

function logSize(
  { promptFrames, meanOutputLimit, streaming }: PreparedRun,
  phases: readonly PhaseOutlook[],
): number | null {
  const tickets = totalTickets(phases);
  if (tickets === null || meanOutputLimit === null) return null;
  const prompts = promptFrames.reduce((sum, frame) => sum + frame.byteLength, 0);
  const token = TOKEN_TEXT_BYTES + (streaming ? RECORD_BYTES : 0);
  return Math.round(prompts + tickets * (SAMPLE_BYTES + meanOutputLimit * token));
}

/** On the disk of a folder, for those without privileges; null where the system does not tell. */
async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Samples that an upper end of the interval of p99 takes. */
const FEWEST_FOR_P99 = fewestForInterval(99);

function ownWarnings(
  config: RunConfig,
  prepared: PreparedRun,
  phases: readonly PhaseOutlook[],
  { maxConnections }: EngineLimits,
  { logBytes, free }: { readonly logBytes: number | null; readonly free: number | null },
): readonly string[] {
  const measured = phases.filter(({ isMeasured }) => isMeasured);
  const tickets = totalTickets(measured);
  const highest = (of: (phase: PhaseOutlook) => number | null) =>
    measured.map(of).reduce((most, value) => (value === null ? most : Math.max(most ?? 0, value)), null);
  const [ratePerSecond, concurrency] = [
    highest((phase) => phase.ratePerSecond),
    highest((phase) => phase.concurrency),
  ];
  const { ticketCount } = totalsOf(prepared.parts);
  const isSingle = prepared.conversations === undefined;
  const warnings = [
    tickets !== null && isSingle && tickets < FEWEST_FOR_P99
      ? `${countedText(tickets, 'request')} are too few for a p99 with a confidence interval; that takes ${FEWEST_FOR_P99}`
      : undefined,
    tickets !== null && tickets > ticketCount && config.salt === undefined
      ? `the dataset is sent ${countText(Math.ceil(tickets / ticketCount))} times: a server with a prefix cache is faster from the second time on (--salt prevents that)`
      : undefined,
    prepared.meanOutputLimit === null && prepared.responseKind === 'text'
      ? 'some requests have no limit of output tokens: how long responses are is left to the server (--max-output-tokens)'
      : undefined,
    concurrency !== null && concurrency > maxConnections
      ? `${countText(concurrency)} in flight need as many connections, and there are at most ${countText(maxConnections)}`
      : undefined,
    ratePerSecond !== null && ratePerSecond > maxConnections && config.client.http === 1
      ? `at ${countText(ratePerSecond)} requests/s the ${countText(maxConnections)} connections are all busy once responses take longer than ${countText((maxConnections / ratePerSecond) * 1000)} ms (--max-connections)`
      : undefined,
    logBytes !== null && free !== null && logBytes > free
      ? `run.log may take ${bytesText(logBytes)}, and the disk has ${bytesText(free)} free`
      : undefined,
  ];
  return warnings.filter((warning) => warning !== undefined);
}
