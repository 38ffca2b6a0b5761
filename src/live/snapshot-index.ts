import type { CounterName, SeriesName } from '../core/metric-catalogue.ts';
import type { GroupSeriesName } from '../core/sample-groups.ts';
import type { Json, MetricsSnapshot, SeriesSnapshot } from '../metrics/snapshot.ts';

/** Metrics of a snapshot by name. */
export class SnapshotIndex {
  readonly #counters = new Map<string, number>();
  readonly #series = new Map<string, SeriesSnapshot>();

  constructor({ metrics }: MetricsSnapshot) {
    for (const metric of metrics) {
      if (metric.type === 'series') this.#series.set(metric.name, metric);
      else this.#counters.set(metric.name, Number(metric.value));
    }
  }

  /** Its value, 0 when the snapshot lacks it. */
  counter(name: CounterName): number {
    return this.#counters.get(name) ?? 0;
  }

  series(name: SeriesName | GroupSeriesName): SeriesSnapshot | undefined {
    return this.#series.get(name);
  }
}

/** The fields of an object; none of what is no object. */
export function fieldsOf(value: Json | undefined): { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })
    : {};
}

export function numberOrNull(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

export function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
