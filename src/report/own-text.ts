import { replayText } from './replay-facts.ts';
import { METRIC_NAMES, metricVerdictText } from '../core/judged-metrics.ts';
import { countedText, countText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { ClientErrorBounds } from './client-error.ts';
import { conversationAccountText, conversationPaceText } from './conversation-report.ts';
import { clientErrorText } from './error-bound-text.ts';
import { agentsText } from './agent-text.ts';
import type { OwnReport } from './report.ts';
import {
  type ClientFacts,
  type ErrorTypeCount,
  type EventStreamFacts,
  isAggregated,
  isReportDirectory,
  type ReceptionFacts,
  type RunIdentity,
  type TokenSources,
} from './run-facts.ts';
import { retryText } from './retry-facts.ts';
import { responseRemarks } from './response-facts.ts';
import { medianOf, percentileOf } from './series-report.ts';
import type { SampleAccount } from './sample-account.ts';
import { askedRateText, steeringText } from './steering-facts.ts';
import { drainText, inFlightText, rateText, windowText } from './throughput-text.ts';
import type { Verdict } from './verdict.ts';
import type { Finding } from './verdict/check.ts';
import { wrapText } from '../core/wrap-text.ts';

/** An example of an error is cut to what is left of its line, but to no less. */
const SHORTEST_EXAMPLE = 20;

/** What a verdict means for who reads it. */
export const VERDICT_MEANINGS = {
  valid: 'the numbers stand',
  degraded: 'the numbers stand with the reservations below',
  invalid: 'do not quote these numbers',
} as const satisfies Record<Verdict['level'], string>;

/** How each metric stands where they stand differently, then the findings of a verdict, worst first, wrapped to `width`. */
export function findingLines({ findings, metrics }: Verdict, width: number): string[] {
  const byMetric = metricVerdictText(metrics);
  return [
    ...(byMetric === '' ? [] : wrapText('  by metric ', byMetric, width)),
    ...messageLines(findings, width),
  ];
}

function messageLines(findings: readonly Finding[], width: number): string[] {
  return findings.flatMap(({ level, message }) => wrapText(`  ${level.padEnd(8)}  `, message, width));
}

/** What became of the samples, as the identity it has to be: `10 issued = 8 succeeded + 1 errored + 1 cancelled`. */
export function sampleAccountText(samples: SampleAccount): string {
  const { issued, succeeded, errored, cancelled, cancelledByPlan, inFlight } = samples;
  const { notSent, unaccounted, missing } = samples;
  const parts = [
    `${countText(succeeded)} succeeded`,
    `${countText(errored)} errored`,
    `${countText(cancelled)} cancelled`,
    ...(cancelledByPlan === 0 ? [] : [`${countText(cancelledByPlan)} cancelled by plan`]),
    ...(inFlight === 0 ? [] : [`${countText(inFlight)} in flight`]),
  ];
  const holds = unaccounted === null || unaccounted === 0;
  const sum = `${countText(issued)} issued ${holds ? '=' : '≠'} ${parts.join(' + ')}`;
  const unsent = notSent === 0 ? '' : `; ${countText(notSent)} more were due but not sent`;
  const lost = missing === null || missing === 0 ? '' : `; ${countText(missing)} MISSING`;
  return `${sum}${holds ? '' : ' (THE SUM IS OFF)'}${unsent}${lost}`;
}

/** Error types, most frequent first, each with how often it occurred and an example cut to a line of `width`. */
export function errorLines(errors: readonly ErrorTypeCount[], width: number): string[] {
  const counted = alignColumns(errors.map(({ type, count }) => [type, countText(count)]));
  return counted.map((line, i) => {
    const example = oneLine(errors[i]!.example, Math.max(SHORTEST_EXAMPLE, width - line.length - 4));
    return example === '' ? `  ${line}` : `  ${line}  ${example}`;
  });
}

/** A fact and what it is about. */
export type Fact = readonly [label: string, text: string];

/** The facts about the run and how it was measured; those that are not known are left out. */
export function ownFacts(own: OwnReport, samples: SampleAccount): readonly Fact[] {
  const { run, source, requestedRatePerSecond, eventStream } = own;
  const facts: readonly (readonly [label: string, text: string | null])[] = [
    ['Run', runText(run)],
    ['Load generator', run.publishedBy?.loadGenerator ?? null],
    ['Load generators', agentsText(own.agents)],
    ['Source of the numbers', source],
    ['Not recorded', run.publishedBy?.missing.join('; ') ?? null],
    ['Publishers', run.publishedBy && isAggregated(run) ? publishersText(run.publishedBy.addresses) : null],
    ['Load', run.replay === null ? run.load : replayText(run.replay, requestedRatePerSecond)],
    ['Proxy', run.proxies.length === 0 ? null : proxyText(run.proxies)],
    ['Samples', sampleAccountText(samples)],
    ['Retries', own.retries && retryText(own.retries)],
    ['Conversations', own.conversations && conversationAccountText(own.conversations)],
    [
      'Conversation pace',
      own.conversations && conversationPaceText(own.conversations, requestedRatePerSecond),
    ],
    ...throughputFacts(own.throughput),
    [
      'Target rate',
      requestedRatePerSecond === null || own.conversations !== null
        ? null
        : askedRateText(requestedRatePerSecond, own.steering) + (run.doesRateChange ? ' on average' : ''),
    ],
    ['In flight at most', run.maxInFlight === null ? null : countText(run.maxInFlight)],
    ['Sent', sentText(own)],
    ['Steered', own.steering && steeringText(own.steering)],
    ['Token counts', tokenSourcesText(own.tokenSources)],
    ['Tokenizer', run.tokenizerNotOpened === null ? null : notOpenedText(run.tokenizerNotOpened)],
    ['Responses', own.responses && responseRemarks(own.responses).join('; ')],
    [
      'Event stream',
      eventStream && (isReportDirectory(run) ? foreignEventsText(eventStream) : eventStreamText(eventStream)),
    ],
    ['Reception', own.reception && receptionText(own.reception)],
    ['Client', own.client === null ? (isAggregated(run) ? CLIENT_UNKNOWN : null) : clientText(own.client)],
    ['Client error', own.errorBounds && errorBoundsText(own.errorBounds)],
    ['Calibration', own.clientError && clientErrorText(own.clientError)],
  ];
  return facts.flatMap(([label, text]) => (text ? [[label, text] as const] : []));
}

/**
 * What of the planned load went out, and how late: `49.8/s (99.6 % of the target); 116 µs late at the median, …`. Null in closed loop. The
 * rate of stages, or of a run that was steered, has no single number to be held against.
 */
function sentText(own: OwnReport): string | null {
  const { requestedRatePerSecond: target, issuedRatePerSecond: issued, issueDelay, steering, run } = own;
  if (target === null) return null;
  // The target of conversations is when they begin, and each brings several samples.
  const isSteady = steering === null && !run.doesRateChange && own.conversations === null;
  const rate =
    isSteady && issued !== null
      ? `${numberText(issued)}/s (${percentText(issued / target)} of the target)`
      : null;
  const [median, p99] = [medianOf(issueDelay), percentileOf(issueDelay, 99)];
  const most = issueDelay.kind === 'values' ? issueDelay.max : null;
  const delay =
    median === null || p99 === null || most === null
      ? null
      : `${run.maxInFlight === null ? 'late by' : 'waited'} ${durationText(median)} at the median, ${durationText(p99)} at p99 and ${durationText(Number(most))} at most`;
  const parts = [rate, delay].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('; ');
}

/** What was done in the measured window, and what came behind it. */
function throughputFacts(throughput: OwnReport['throughput']): readonly Fact[] {
  if (throughput === null) return [];
  const tokens = throughput.output_tokens_per_second;
  const tokensTold = tokens > 0 ? `, ${numberText(tokens)} output tokens/s` : '';
  return [
    ['Throughput', `${rateText(throughput)}${tokensTold}, ${windowText(throughput)}`],
    ['Drain', drainText(throughput)],
    ['In flight', inFlightText(throughput)],
  ];
}

/** The same as lines wrapped to `width`, and the errors by type. */
export function ownFactLines(own: OwnReport, samples: SampleAccount, width: number): string[] {
  const { errorsByType } = own;
  return [
    ...ownFacts(own, samples).flatMap(([label, text]) => wrapText(`${label}: `, text, width)),
    ...(errorsByType.length === 0 ? [] : ['Errors by type:', ...errorLines(errorsByType, width)]),
  ];
}

/** How far off this run's figures may be, metric by metric: `up to 0.4 ms of TTFT p50, …`. */
export function errorBoundsText({ told, metrics }: ClientErrorBounds): string {
  const bounds = metrics.map(({ metric, figures }) => {
    const each = figures.map(
      ({ percentile, addedNs, missingNs }) =>
        `${durationText(Math.max(addedNs, missingNs))} at p${percentile}`,
    );
    return `${METRIC_NAMES[metric]} by ${each.join(', ')}`;
  });
  const late = `reads were late by ${durationText(told.late_p50_ns)} at p50 and ${durationText(told.late_p99_ns)} at p99`;
  return `${late} (${countedText(told.probes, 'probe')}); at most, that put off ${bounds.join('; ')}`;
}

const CLIENT_UNKNOWN = 'health unknown: another program sent the load';

function publishersText(addresses: readonly string[]): string {
  return `${addresses.join(', ')} (events of another program, aggregated here)`;
}

function receptionText(reception: ReceptionFacts): string {
  const counts: readonly (readonly [count: number, text: string])[] = [
    [reception.messagesUnread, `${countedText(reception.messagesUnread, 'message')} UNREADABLE and dropped`],
    [
      reception.recordsUnread,
      `${countedText(reception.recordsUnread, 'record')} UNREADABLE, counted as error.generic`,
    ],
    [reception.messagesRefused, `${countedText(reception.messagesRefused, 'message')} REFUSED`],
    [reception.framesMissed, `${countedText(reception.framesMissed, 'frame')} MISSED`],
    [reception.reconnected, `${countedText(reception.reconnected, 'reconnection')}`],
    [reception.publishersLost, `${countedText(reception.publishersLost, 'publisher')} LOST`],
    [reception.resumed, `aggregator started again ${countedText(reception.resumed, 'time')}`],
  ];
  const told = counts.filter(([count]) => count > 0).map(([, text]) => text);
  return told.length === 0 ? 'all that arrived could be read' : told.join(', ');
}

function notOpenedText(path: string): string {
  return `${path}, named by the log, was not opened; tokens that the server did not count are missing (count them: report --tokenizer)`;
}

function proxyText(proxies: readonly string[]): string {
  return `${proxies.join(', ')}: its own time is part of every figure`;
}

function runText({ runId, startedAt }: RunIdentity): string {
  return [...(runId === null ? [] : [runId]), ...(startedAt === null ? [] : [`started ${startedAt}`])].join(
    ', ',
  );
}

const SOURCE_NAMES: Readonly<Record<string, string>> = {
  server: "the server's usage",
  tokenizer: 'our tokenizer',
  token_ids: 'token ids',
};

function tokenSourcesText(sources: TokenSources): string {
  return Object.entries(sources)
    .flatMap(([series, counts]) => {
      const told = Object.entries(counts).map(
        ([source, count]) => `${SOURCE_NAMES[source] ?? source} (${countText(count)})`,
      );
      return told.length === 0 ? [] : [`${series.toUpperCase()} from ${told.join(' and ')}`];
    })
    .join(', ');
}

/** Events of somebody else came from a file, of which each line that is left out counts as a frame. */
function foreignEventsText({ malformedFrames, tornBytes, corruptBytes }: EventStreamFacts): string {
  return [
    ...(malformedFrames === 0 ? [] : [`${countedText(malformedFrames, 'line')} of events.jsonl MALFORMED`]),
    ...(tornBytes === 0
      ? []
      : [`${countedText(tornBytes, 'byte')} of its last line, which was never finished`]),
    ...(corruptBytes === 0 ? [] : [`${countedText(corruptBytes, 'byte')} of events.jsonl UNREADABLE`]),
  ].join(', ');
}

function eventStreamText(stream: EventStreamFacts): string {
  const {
    frames,
    heals,
    healedFrames,
    lostFrames,
    tornBytes,
    corruptBytes,
    malformedFrames,
    aggregatorRestarts,
  } = stream;
  return [
    countedText(frames, 'frame'),
    heals === 0
      ? 'no gap'
      : `${countedText(heals, 'gap')} healed with ${countedText(healedFrames, 'frame')} from the run log`,
    ...(lostFrames === 0 ? [] : [`${countedText(lostFrames, 'frame')} LOST`]),
    ...(tornBytes === 0 ? [] : [`${countedText(tornBytes, 'byte')} torn off the end of the run log`]),
    ...(malformedFrames === 0 ? [] : [`${countedText(malformedFrames, 'frame')} of the run log MALFORMED`]),
    ...(corruptBytes === 0 ? [] : [`${countedText(corruptBytes, 'byte')} of the run log UNREADABLE`]),
    ...(aggregatorRestarts === 0 ? [] : [`aggregator restarted ${countedText(aggregatorRestarts, 'time')}`]),
  ].join(', ');
}

function clientText(client: ClientFacts): string {
  const ms = (value: number) => durationText(value * NS_PER_MS);
  const facts: readonly (readonly [value: number | null, text: (value: number) => string])[] = [
    [
      client.workers,
      (n) => `${countedText(n, 'worker')}${client.pacing === null ? '' : `, ${client.pacing} pacing`}`,
    ],
    [client.connectionsOpened, (n) => `${countedText(n, 'connection')} opened`],
    [client.connectFailures, (n) => (n === 0 ? '' : countedText(n, 'connect failure'))],
    [client.connectBackOffMs, (n) => (n === 0 ? '' : `connection attempts delayed by ${ms(n)} in total`)],
    [client.requestReadMs, (n) => (n === 0 ? '' : `requests read from a file for ${ms(n)} in total`)],
    [
      client.resent,
      (n) => (n === 0 ? '' : `${countedText(n, 'request')} resent, as the server had closed the connection`),
    ],
    [
      client.singleUseEndpoints,
      (n) => (n === 0 ? '' : 'one request per connection, as the server closes it after each response'),
    ],
    [
      client.strayMessages,
      (n) => (n === 0 ? '' : `${countedText(n, 'message')} behind the end of a stream, ignored`),
    ],
    [client.eventLoopDelayP99Ms, (delay) => `event loop late by ${ms(delay)} at p99 of the worst second`],
    [client.eventLoopDelayMaxMs, (delay) => `by ${ms(delay)} at most`],
    [client.lateP99Ms, (late) => (late === 0 ? '' : `by ${ms(late)} in 1 % of the time`)],
    [client.gcPauseMaxMs, (pause) => `longest GC pause ${ms(pause)}`],
    [client.workerCpuMax, (share) => `busiest worker at ${percentText(share)} of a core`],
    [
      client.workerCpuWaitMax,
      (share) => (share < 0.01 ? '' : `waiting for one ${percentText(share)} of the time`),
    ],
  ];
  return facts
    .map(([value, text]) => (value === null ? '' : text(value)))
    .filter((text) => text !== '')
    .join(', ');
}

function oneLine(text: string, width: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
