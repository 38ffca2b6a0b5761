import { parseDurations } from '../../config/durations.ts';
import type { RunConfig } from '../../config/schema.ts';
import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ErrorData } from '../../core/model-output.ts';
import type { PluginFiles } from '../../core/plugin-module.ts';
import type { CancelSettings } from '../../engine/planned-cancels.ts';
import type { EngineSegment, Pacing } from '../../engine/settings.ts';
import { WorkerPool } from '../../engine/worker-pool.ts';
import { encodeWindowsFrame } from '../../events/lateness-windows.ts';
import { FrameKind } from '../../transport/frame.ts';
import { healthReportOf, type StuckReport } from '../fold/client-health.ts';
import type { EngineLimits } from '../machine/engine-limits.ts';
import { jsonFrame } from '../run-folder/run-header.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunServices } from './run-services.ts';

export interface EngineStart {
  readonly config: RunConfig;
  readonly limits: Pick<EngineLimits, 'workers' | 'maxConnections'>;
  readonly pacing: Pacing;
  readonly prepared: PreparedRun;
  readonly services: Pick<RunServices, 'recorder' | 'clock' | 'mask'>;
  /** The load generators that share the run with this one; default: none. */
  readonly segment?: EngineSegment | undefined;
  /** Files with APIs of the user's own. */
  readonly plugins?: PluginFiles | undefined;
  readonly log: Log;
  /** The message has no secret in it. */
  readonly onFirstFailure: (failure: ErrorData) => void;
  /** Told of each frame of events before it is recorded; it must not be changed. */
  readonly onEvents?: ((frame: Uint8Array) => void) | undefined;
}

/** Starts the engine with the settings of a run; what it tells goes into the run log. */
export function startEngine(start: EngineStart): Promise<WorkerPool> {
  const { config, limits, pacing, prepared, services, segment, log, onFirstFailure, onEvents } = start;
  const { workers, maxConnections } = limits;
  const { recorder, clock, mask } = services;
  const firstWorker = segment?.firstWorker ?? 0;
  return WorkerPool.start(
    {
      originNs: clock.originNs,
      workers,
      segment,
      endpoints: prepared.endpoints,
      balance: config.client.balance,
      arenas: prepared.arenas.map((arena) => arena.shared),
      conversations: prepared.conversations,
      api: prepared.api,
      plugins: start.plugins,
      modelNames: prepared.modelNames,
      streaming: prepared.streaming,
      requestTimeoutMs: config.client.request_timeout_ms,
      connectTimeoutMs: config.client.connect_timeout_ms,
      maxConnections,
      pacing,
      probesPerSecond: config.client.probe_rate,
      watchesReads: config.idle_timeout_ms !== undefined,
      http: config.client.http,
      connections: config.client.connections,
      requestsPerConnection: config.client.requests_per_connection,
      cancel: cancelSettings(config),
      retry: config.retry,
      salt: prepared.salt,
      seed: config.seed,
      tlsVerify: config.client.tls_verify,
      tls: prepared.tls,
      proxies: prepared.proxies,
      addresses: prepared.addresses,
      slots: prepared.slots,
      groups: prepared.groups,
      models: prepared.models,
    },
    {
      onFrame: (bytes) => {
        onEvents?.(bytes);
        recorder.record(FrameKind.events, bytes);
      },
      onWindows: (windows, index) => {
        const workerId = firstWorker + index;
        recorder.record(FrameKind.windows, encodeWindowsFrame({ workerId, windows }));
      },
      onHealth: (health, index) => {
        const report = healthReportOf(firstWorker + index, health, pacing, clock.nowNs());
        recorder.record(FrameKind.health, jsonFrame(report));
      },
      onStuck: (index, stuckMs, isOver) => {
        const worker = firstWorker + index;
        const report: StuckReport = { worker, stuck_ms: stuckMs, at_ns: clock.nowNs() };
        recorder.record(FrameKind.health, jsonFrame(report));
        const seconds = (stuckMs / 1000).toFixed(1);
        const text = isOver
          ? `engine worker ${worker} runs again; it was stuck for ${seconds} s`
          : `engine worker ${worker} is stuck: its event loop has not turned for ${seconds} s`;
        log.warning(text);
        recorder.recordMark('note', { text });
      },
      onFirstFailure: (failure) =>
        onFirstFailure({ ...failure, errorMessage: mask.message(failure.errorMessage) }),
      onWorkerDied: (error) => log.error(errorText(error)),
    },
  );
}

function cancelSettings({ cancel }: RunConfig): CancelSettings | undefined {
  // The schema has seen to it that the text is a distribution.
  return cancel && { share: cancel.share, after: parseDurations(cancel.after)! };
}
