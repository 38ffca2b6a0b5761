import { bytesText } from '../../core/bytes-text.ts';
import { countedText, countText, durationText, numberText, settingText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import type { PhaseOutlook, RunOutlook } from './run-outlook.ts';

/** The outlook of a run for people, a fact a line. */
export function outlookText(outlook: RunOutlook): string {
  const facts: readonly (readonly [string, string])[] = [
    ...outlook.phases.map((phase) => [phase.name, phaseText(phase, outlook)] as const),
    ['dataset', datasetText(outlook)],
    ['responses', responsesText(outlook)],
    [
      'client',
      `${countedText(outlook.workers, 'worker')}, at most ${countedText(outlook.maxConnections, 'connection')}`,
    ],
    ['memory', memoryText(outlook)],
    ['disk', diskText(outlook)],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return [
    ...facts.map(([name, text]) => `${name.padEnd(width)}${text}`),
    ...outlook.notes.map((note) => `note: ${note}`),
    ...outlook.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}

function phaseText(phase: PhaseOutlook, { ticketKind }: RunOutlook): string {
  const { tickets, durationMs } = phase;
  const count =
    tickets === null ? `as many ${ticketKind}s as the server completes` : countedText(tickets, ticketKind);
  const about = durationMs === null ? undefined : `about ${durationText(durationMs * NS_PER_MS)}`;
  const time = about ?? 'for as long as the server takes';
  return `${count}, ${time}: ${loadText(phase, ticketKind)}${phase.isMeasured ? '' : ' (not measured)'}`;
}

function loadText({ pattern, ratePerSecond, concurrency }: PhaseOutlook, kind: string): string {
  if (concurrency !== null) return `${countText(concurrency)} in flight`;
  if (ratePerSecond !== null) return `${pattern}, ${settingText(ratePerSecond)} ${kind}s/s on average`;
  return pattern === 'burst' ? 'burst, as fast as the connections allow' : `${pattern}, all at once`;
}

function datasetText({ dataset }: RunOutlook): string {
  const { rows, conversations, skippedRows, format } = dataset;
  const parts = [
    ...(conversations === null ? [] : [countedText(conversations, 'conversation')]),
    conversations === null ? countedText(rows, 'row') : countedText(rows, 'turn'),
    ...(skippedRows === 0 ? [] : [`${countText(skippedRows)} left out`]),
    ...(format === null ? [] : [`format ${format}`]),
  ];
  return parts.join(', ');
}

function responsesText({ streaming, meanOutputLimit }: RunOutlook): string {
  const limit =
    meanOutputLimit === null
      ? 'no limit of output tokens for some'
      : `at most ${numberText(meanOutputLimit)} output tokens on average`;
  return `${streaming ? 'streamed' : 'not streamed'}, ${limit}`;
}

function memoryText({ memoryBytes, spilledBytes }: RunOutlook): string {
  const spilled = spilledBytes === 0 ? '' : `, and ${bytesText(spilledBytes)} in a file`;
  return `${bytesText(memoryBytes)} for the requests${spilled}`;
}

function diskText({ logBytes, freeBytes }: RunOutlook): string {
  const log =
    logBytes === null ? 'run.log grows with the responses' : `run.log up to about ${bytesText(logBytes)}`;
  return freeBytes === null ? log : `${log}; ${bytesText(freeBytes)} free`;
}

/** The same for programs. */
export function outlookJson(outlook: RunOutlook): object {
  const { phases, dataset, notes, warnings } = outlook;
  return {
    phases: phases.map((phase) => ({
      name: phase.name,
      measured: phase.isMeasured,
      pattern: phase.pattern,
      rate_per_second: phase.ratePerSecond,
      concurrency: phase.concurrency,
      [`${outlook.ticketKind}s`]: phase.tickets,
      duration_ms: phase.durationMs,
    })),
    dataset: {
      rows: dataset.rows,
      conversations: dataset.conversations,
      skipped_rows: dataset.skippedRows,
      format: dataset.format,
    },
    streaming: outlook.streaming,
    mean_output_limit: outlook.meanOutputLimit,
    memory_bytes: outlook.memoryBytes,
    spilled_bytes: outlook.spilledBytes,
    log_bytes: outlook.logBytes,
    free_bytes: outlook.freeBytes,
    workers: outlook.workers,
    max_connections: outlook.maxConnections,
    notes,
    warnings,
  };
}
