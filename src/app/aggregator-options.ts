import { InferometerError } from '../core/errors.ts';

/** What the aggregator process is told on its command line, as one JSON argument. The rest is in the run log. */
export interface AggregatorOptions {
  readonly logPath: string;
  readonly finalPath: string;
  readonly eventsAddress: string;
  readonly snapshotsAddress: string;
  /** Where to report readiness, and as whom; absent for a restart, which nobody waits for. */
  readonly ready?: { readonly address: string; readonly id: number };
  /** 0 = no live snapshots. */
  readonly publishIntervalMs: number;
  /** Budget for token counts after the run, ms; 0 = no limit. */
  readonly drainTimeoutMs: number;
  /** How many aggregators of this run died before this one. */
  readonly restarts: number;
  /** Removed when the main process dies and can't. */
  readonly socketDirectory: string;
}

export function encodeAggregatorOptions(options: AggregatorOptions): string {
  return JSON.stringify(options);
}

export function decodeAggregatorOptions(text: string | undefined): AggregatorOptions {
  if (text === undefined) {
    throw new InferometerError(
      'INFEROMETER_AGGREGATOR_OPTIONS',
      'internal',
      'aggregator: no options, wanted one JSON argument',
    );
  }
  return JSON.parse(text) as AggregatorOptions;
}
