import type { Log } from '../../core/log.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { MetricsSettings } from '../run-folder/run-header.ts';

/** What `inferometer aggregate` was asked to do. */
export interface ServiceOptions {
  /** Event buses; none for a run that is resumed, whose header names them. */
  readonly addresses: readonly string[];
  /** Directory of the run; one of an aggregation that did not come to its end is resumed. Default `runs/<time>-<id>`. */
  readonly outPath: string | undefined;
  /** Undefined: as in the header of a resumed run, else `streamingByDefault`. */
  readonly streaming: boolean | undefined;
  readonly streamingByDefault: boolean;
  /** Counts the tokens that no server counted. */
  readonly tokenizerPath: string | undefined;
  /** Where snapshots are published beside the run's own socket. */
  readonly publishAddress: string | undefined;
  /** Asked of those who subscribe there over TCP. */
  readonly publishKey: string | undefined;
  /** 0 = no live snapshots. */
  readonly publishIntervalMs: number;
  /** Most time for the token counts left at the end; 0 = no limit. */
  readonly drainTimeoutMs: number;
  /** How long a publisher may be away, at the start too; 0 = for ever. */
  readonly waitMs: number;
  readonly metrics: MetricsSettings;
  /** Present when another program's launcher starts the service. */
  readonly launcher: LauncherOptions | undefined;
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  readonly log: Log;
}

/** How the launcher of MLCommons endpoints deals with its aggregator. */
export interface LauncherOptions {
  /** Existing directory for final_snapshot.json and `.ready`. */
  readonly outputPath: string;
  /** Where to report readiness, and as whom. */
  readonly ready: { readonly address: string; readonly id: number } | undefined;
}
