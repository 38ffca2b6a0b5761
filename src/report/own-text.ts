import { countedText, countText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { OwnReport } from './report.ts';
import type { ClientFacts, ErrorTypeCount, EventStreamFacts, TokenSources } from './run-facts.ts';
import type { SampleAccount } from './sample-account.ts';
import type { Finding, Verdict } from './verdict.ts';
import { wrapText } from './wrap.ts';

const EXAMPLE_WIDTH = 70;

/** What a verdict means for who reads it. */
export const VERDICT_MEANINGS = {
  valid: 'the numbers stand',
  degraded: 'the numbers stand with the reservations below',
  invalid: 'do not quote these numbers',
} as const satisfies Record<Verdict['level'], string>;

/** The findings of a verdict, worst first, wrapped to `width`. */
export function findingLines(findings: readonly Finding[], width: number): string[] {
  return findings.flatMap(({ level, message }) => wrapText(`  ${level.padEnd(8)}  `, message, width));
}

/** What became of the samples, as the identity it has to be: `10 issued = 8 succeeded + 1 errored + 1 cancelled`. */
export function sampleAccountText(samples: SampleAccount): string {
  const { issued, succeeded, errored, cancelled, inFlight, unaccounted } = samples;
  const parts = [
    `${countText(succeeded)} succeeded`,
    `${countText(errored)} errored`,
    `${countText(cancelled)} cancelled`,
    ...(inFlight === 0 ? [] : [`${countText(inFlight)} in flight`]),
  ];
  const holds = unaccounted === null || unaccounted === 0;
  return `${countText(issued)} issued ${holds ? '=' : '≠'} ${parts.join(' + ')}${holds ? '' : ' (THE SUM IS OFF)'}`;
}

/** Error types, most frequent first, each with how often it occurred and an example cut to a line. */
export function errorLines(errors: readonly ErrorTypeCount[]): string[] {
  const counted = alignColumns(errors.map(({ type, count }) => [type, countText(count)]));
  return counted.map((line, i) => {
    const example = oneLine(errors[i]!.example);
    return example === '' ? `  ${line}` : `  ${line}  ${example}`;
  });
}

/** The facts about the run and how it was measured, a line each. */
export function ownFactLines(own: OwnReport, samples: SampleAccount): string[] {
  const { run, source, requestedRatePerSecond, errorsByType, tokenSources, eventStream, client } = own;
  return [
    ...(run.runId === null
      ? []
      : [`Run: ${run.runId}${run.startedAt === null ? '' : `, started ${run.startedAt}`}`]),
    ...(source === null ? [] : [`Source of the numbers: ${source}`]),
    `Samples: ${sampleAccountText(samples)}`,
    ...(requestedRatePerSecond === null ? [] : [`Rate asked for: ${numberText(requestedRatePerSecond)}/s`]),
    ...tokenSourceLines(tokenSources),
    ...(eventStream === null ? [] : [`Event stream: ${eventStreamText(eventStream)}`]),
    ...clientLines(client),
    ...(errorsByType.length === 0 ? [] : ['Errors by type:', ...errorLines(errorsByType)]),
  ];
}

const SOURCE_NAMES: Readonly<Record<string, string>> = {
  server: "server's usage",
  tokenizer: 'our tokenizer',
  token_ids: 'token ids',
};

function tokenSourceLines(sources: TokenSources): string[] {
  const parts = Object.entries(sources).flatMap(([series, counts]) => {
    const told = Object.entries(counts).map(
      ([source, count]) => `${SOURCE_NAMES[source] ?? source} (${countText(count)})`,
    );
    return told.length === 0 ? [] : [`${series.toUpperCase()} from ${told.join(' and ')}`];
  });
  return parts.length === 0 ? [] : [`Token counts: ${parts.join(', ')}`];
}

function eventStreamText(stream: EventStreamFacts): string {
  const { frames, heals, healedFrames, lostFrames, tornBytes, aggregatorRestarts } = stream;
  return [
    countedText(frames, 'frame'),
    heals === 0
      ? 'no gap'
      : `${countedText(heals, 'gap')} healed with ${countedText(healedFrames, 'frame')} from the run log`,
    ...(lostFrames === 0 ? [] : [`${countedText(lostFrames, 'frame')} LOST`]),
    ...(tornBytes === 0 ? [] : [`${countedText(tornBytes, 'byte')} torn off the end of the run log`]),
    ...(aggregatorRestarts === 0 ? [] : [`aggregator restarted ${countedText(aggregatorRestarts, 'time')}`]),
  ].join(', ');
}

function clientLines(client: ClientFacts | null): string[] {
  if (client === null) return [];
  const { eventLoopDelayP99Ms, eventLoopDelayMaxMs, gcPauseMaxMs, workerCpuMax } = client;
  const ms = (value: number) => durationText(value * NS_PER_MS);
  const parts = [
    ...(eventLoopDelayP99Ms === null
      ? []
      : [
          `event loop late by ${ms(eventLoopDelayP99Ms)} at p99` +
            (eventLoopDelayMaxMs === null ? '' : ` and ${ms(eventLoopDelayMaxMs)} at most`),
        ]),
    ...(gcPauseMaxMs === null ? [] : [`longest GC pause ${ms(gcPauseMaxMs)}`]),
    ...(workerCpuMax === null ? [] : [`busiest worker at ${percentText(workerCpuMax)} of a core`]),
  ];
  return parts.length === 0 ? [] : [`Client: ${parts.join(', ')}`];
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > EXAMPLE_WIDTH ? `${line.slice(0, EXAMPLE_WIDTH - 1)}…` : line;
}
