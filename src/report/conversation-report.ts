import { TURN_BUCKETS } from '../core/metric-catalogue.ts';
import {
  countedText,
  countText,
  durationText,
  NOT_AVAILABLE,
  numberText,
  settingText,
} from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { percentileOf, reportSeries, type SeriesReport } from './series-report.ts';
import type { SnapshotInput } from './snapshot-input.ts';

/** What a run of conversations tells of them. */
export interface ConversationReport {
  readonly begun: number;
  /** All of its turns succeeded. */
  readonly completed: number;
  /** One of its turns failed. */
  readonly failed: number;
  /** Neither: the run was over before, or is not over yet. */
  readonly cutOff: number;
  /** Turns of the conversations that were begun, and how many of them were sent. */
  readonly turnsPlanned: number;
  readonly turnsIssued: number;
  /** Completed conversations over the tracked time; null without one. */
  readonly completedPerSecond: number | null;
  readonly latency: SeriesReport;
  readonly byTurn: readonly TurnReport[];
}

/** The turns at some positions of their threads. */
export interface TurnReport {
  /** Positions from 1: `1`, `3-4`, `17+`. */
  readonly positions: string;
  readonly ttft: SeriesReport;
  readonly latency: SeriesReport;
  /** As the server reports them. */
  readonly inputTokens: SeriesReport;
  readonly cachedTokens: SeriesReport;
  /** What earlier turns of the same conversation can have left in a prefix cache, at most. */
  readonly cacheableTokens: SeriesReport;
}

/** Null for a run of single requests. */
export function readConversations(input: SnapshotInput, trackedNs: number | null): ConversationReport | null {
  const facts = input.extras.conversations;
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) return null;
  const count = (name: string) => {
    const value = (facts as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'number' && value >= 0 ? value : 0;
  };
  const series = (name: string) => reportSeries(input.series(name));
  const completed = count('completed');
  return {
    begun: count('begun'),
    completed,
    failed: count('failed'),
    cutOff: count('under_way'),
    turnsPlanned: count('turns_planned'),
    turnsIssued: count('turns_issued'),
    completedPerSecond: trackedNs === null ? null : completed / (trackedNs / NS_PER_SECOND),
    latency: series('conversation_latency_ns'),
    byTurn: TURN_BUCKETS.map((bucket) => ({
      positions: bucket.replace('_up', '+').replace('_', '-'),
      ttft: series(`turn_${bucket}_ttft_ns`),
      latency: series(`turn_${bucket}_latency_ns`),
      inputTokens: series(`turn_${bucket}_isl`),
      cachedTokens: series(`turn_${bucket}_cached_tokens`),
      cacheableTokens: series(`turn_${bucket}_cacheable_tokens`),
    })).filter(({ latency, ttft }) => latency.kind === 'values' || ttft.kind === 'values'),
  };
}

/** What became of them, as the sum it has to be. */
export function conversationAccountText(report: ConversationReport): string {
  const { begun, completed, failed, cutOff, turnsPlanned, turnsIssued } = report;
  const skipped = turnsPlanned - turnsIssued;
  return (
    `${countText(begun)} begun = ${countText(completed)} completed + ${countText(failed)} failed + ${countText(cutOff)} cut off` +
    (skipped > 0 ? `; ${countedText(skipped, 'turn')} never sent` : '')
  );
}

/** The rate at which they should begin, if there is one, and how fast they went. */
export function conversationPaceText(
  { completedPerSecond, latency }: ConversationReport,
  requestedPerSecond: number | null,
): string {
  const asked = requestedPerSecond === null ? [] : [`target ${settingText(requestedPerSecond)}/s`];
  if (latency.kind === 'empty') return asked.join('');
  const done = completedPerSecond === null ? [] : [`${numberText(completedPerSecond)}/s completed`];
  const each = `each took ${timeOf(latency, 50)} at p50, ${timeOf(latency, 99)} at p99`;
  return [...asked, ...done, each].join(', ');
}

export const TURN_TABLE_HEAD = [
  'Turn',
  'TTFT p50',
  'p99',
  'Latency p50',
  'p99',
  'tokens in',
  'cached',
  'cacheable',
  'turns',
] as const;

/** A row for each group of turns, under {@link TURN_TABLE_HEAD}. */
export function turnRows({ byTurn }: ConversationReport): readonly (readonly string[])[] {
  return byTurn.map(({ positions, ttft, latency, inputTokens, cachedTokens, cacheableTokens }) => [
    positions,
    timeOf(ttft, 50),
    timeOf(ttft, 99),
    timeOf(latency, 50),
    timeOf(latency, 99),
    meanOf(inputTokens),
    meanOf(cachedTokens),
    meanOf(cacheableTokens),
    countText(latency.kind === 'empty' ? 0 : latency.count),
  ]);
}

/** The table as text, its head first; nothing for a run of single requests. */
export function turnTable(report: ConversationReport | null): readonly string[] {
  if (report === null || report.byTurn.length === 0) return [];
  return alignColumns([TURN_TABLE_HEAD, ...turnRows(report)]);
}

function timeOf(series: SeriesReport, percentile: number): string {
  const ns = percentileOf(series, percentile);
  return ns === null ? NOT_AVAILABLE : durationText(ns);
}

function meanOf(series: SeriesReport): string {
  return series.kind === 'empty' || series.average === null ? NOT_AVAILABLE : numberText(series.average);
}
