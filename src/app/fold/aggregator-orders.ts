/** What the aggregator process is told on its standard input, as a line of JSON. The rest is in the run log. */
export interface AggregatorOrders {
  readonly logPath: string;
  readonly finalPath: string;
  readonly eventsAddress: string;
  readonly snapshotsAddress: string;
  /** Where else snapshots are published, and the key asked for there. */
  readonly view?: { readonly address: string; readonly key: string | undefined } | undefined;
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

/** The first line the process reads. */
export function encodeAggregatorOrders(options: AggregatorOrders): string {
  return `${JSON.stringify(options)}\n`;
}

export function decodeAggregatorOrders(line: string): AggregatorOrders {
  return JSON.parse(line) as AggregatorOrders;
}

/** The second line: the run is over, and so many frames are in its log. */
export function encodeFrameCount(frames: number): string {
  return `${frames}\n`;
}

export function decodeFrameCount(line: string): number {
  return Number(line);
}
