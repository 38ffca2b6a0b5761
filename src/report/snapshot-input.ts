import { fromJson } from '../metrics/snapshot-json.ts';
import type { ExactInteger, Json, SeriesSnapshot } from '../metrics/snapshot.ts';

/** A snapshot by name, as a report wants it. */
export interface SnapshotInput {
  /** `interrupted` when the snapshot does not tell. */
  readonly state: string;
  readonly pendingTaskCount: number;
  /** Value of a counter; 0 when it is missing or no number. */
  counter(name: string): ExactInteger;
  hasCounter(name: string): boolean;
  series(name: string): SeriesSnapshot | undefined;
  readonly extras: { readonly [key: string]: Json };
}

/**
 * Reads a snapshot's JSON form, ours or foreign, whole or in parts. Never throws: what is missing reads as `interrupted`, as 0
 * or as absent, metrics without a name or of an unknown type are skipped, and anything but an object reads as `{}`.
 */
export function readSnapshot(json: unknown): SnapshotInput {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const { state, pendingTaskCount, metrics, extras } = fromJson(isObject ? json : {});
  const counters = new Map<string, ExactInteger>();
  const series = new Map<string, SeriesSnapshot>();
  for (const metric of metrics) {
    if (metric.type === 'series') series.set(metric.name, metric);
    else counters.set(metric.name, finiteOr0(metric.value));
  }
  return {
    state,
    pendingTaskCount: Number(finiteOr0(pendingTaskCount)),
    counter: (name) => counters.get(name) ?? 0,
    hasCounter: (name) => counters.has(name),
    series: (name) => series.get(name),
    extras: extras ?? {},
  };
}

function finiteOr0(value: ExactInteger): ExactInteger {
  return typeof value === 'bigint' || Number.isFinite(value) ? value : 0;
}
