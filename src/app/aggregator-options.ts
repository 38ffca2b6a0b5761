import type { Readable } from 'node:stream';

/** What the aggregator process is told on its standard input, as a line of JSON. The rest is in the run log. */
export interface AggregatorOptions {
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

/** The line that {@link readAggregatorOptions} waits for. */
export function encodeAggregatorOptions(options: AggregatorOptions): string {
  return `${JSON.stringify(options)}\n`;
}

/** Waits for the options; `undefined` when the stream ends without them. What follows them is left to the caller. */
export function readAggregatorOptions(input: Readable): Promise<AggregatorOptions | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const onData = (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      input.off('data', onData);
      resolve(JSON.parse(text.slice(0, end)) as AggregatorOptions);
    };
    input
      .setEncoding('utf8')
      .on('data', onData)
      .once('end', () => resolve(undefined));
  });
}
