/** How far a percentile may be off for the client, in the unit of its series: the true one may be lower by the first, higher by the second. */
export type BoundPair = readonly [added: number, missing: number | null];

/** By percentile (`"99.0"`). */
export type SeriesBounds = Readonly<Record<string, BoundPair>>;

/**
 * How late the client read during a run, and so how far each percentile may be off; in the extras of a snapshot as `client_bounds`.
 * Of the performance phases.
 */
export interface ClientBounds {
  /** Probes read. */
  readonly probes: number;
  /** How late a byte that came at any moment was read. */
  readonly late_p50_ns: number;
  readonly late_p99_ns: number;
  readonly late_max_ns: number;
  /** The most by which the reads that completed answers were late on average. */
  readonly completion_late_mean_ns: number;
  readonly series: Readonly<Record<string, SeriesBounds>>;
}

/** What a snapshot's extras say of it; null in one of an earlier version, a foreign one, and of a run without probes. */
export function readClientBounds(extras: { readonly [key: string]: unknown }): ClientBounds | null {
  const bounds = extras.client_bounds;
  const isObject = typeof bounds === 'object' && bounds !== null && 'series' in bounds;
  return isObject ? (bounds as ClientBounds) : null;
}
