import { rm } from 'node:fs/promises';
import { redactConfig, secretsOf } from '../../config/redact.ts';
import { phaseConfigs } from '../../config/run-phases.ts';
import type { RunConfig } from '../../config/schema.ts';
import { stagesText } from '../../config/stages.ts';
import type { Log } from '../../core/log.ts';
import { createRunClock, type RunClock } from '../../core/time.ts';
import { SnapshotCodec } from '../../metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../../metrics/snapshot-subscriber.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { isOpenLoop, type PhasePlan, type ReplaySettings } from '../../plan/plan.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { FRAME_CODEC } from '../../transport/frame-codec.ts';
import { type Frame, FrameKind } from '../../transport/frame.ts';
import type { SocketDirectory } from '../../transport/zmq/address.ts';
import { bindPublisher } from '../../transport/zmq/publisher.ts';
import { MAX_SNAPSHOT_MESSAGE_BYTES } from '../../transport/zmq/socket-limits.ts';
import { connectSubscriber } from '../../transport/zmq/subscriber.ts';
import type { EventBusProcess } from '../event-bus/event-bus-process.ts';
import type { EventWire } from '../event-bus/wires.ts';
import type { AggregatorProcess } from '../fold/aggregator-process.ts';
import { AggregatorSupervisor } from '../fold/aggregator-supervisor.ts';
import type { Closers } from './closers.ts';
import { machineFacts, ManifestKeeper } from '../run-folder/manifest-keeper.ts';
import type { PreparedRun } from './prepare.ts';
import { identityOf } from '../run-folder/process-identity.ts';
import { defaultRunPath, RunDirectory, type RunManifest } from '../run-folder/run-directory.ts';
import { encodeRunHeader, type ReplayedTrace, type RunHeader } from '../run-folder/run-header.ts';
import { RunRecorder } from './run-recorder.ts';
import { createRunSockets } from '../run-folder/run-sockets.ts';
import { SecretMask, warnOfShortSecrets } from './secret-mask.ts';
import type { RunScreen } from './run-screen.ts';
import { isEndpointHere } from '../machine/endpoint-here.ts';
import { programVersion } from '../run-folder/version.ts';
import type { ViewPlace } from './view-place.ts';

/** Everything around the load of one run, open and ready. */
export interface RunServices {
  readonly directory: RunDirectory;
  readonly header: RunHeader;
  readonly clock: RunClock;
  readonly writer: RunLogWriter;
  readonly recorder: RunRecorder;
  /** For whatever servers say that is shown. */
  readonly mask: SecretMask;
  readonly manifest: ManifestKeeper;
  readonly subscriber: SnapshotSubscriber;
  readonly supervisor: AggregatorSupervisor;
  /** For subscribers of others; when there is one. */
  readonly eventBus: EventBusProcess | undefined;
  /** Where the sockets are. */
  readonly socketDirectory: string;
}

export interface RunServicesOptions {
  readonly config: RunConfig;
  readonly prepared: PreparedRun;
  readonly phases: readonly PhasePlan[];
  readonly outPath: string | undefined;
  readonly aggregator: AggregatorProcess;
  /** Where else the run is shown. */
  readonly view: ViewPlace | undefined;
  /** What subscribers of others get, and where. */
  readonly events: { readonly wire: EventWire; readonly address: string | undefined } | undefined;
  readonly screen: RunScreen;
  /** Told of each live snapshot, beside the screen. */
  readonly onSnapshot: (snapshot: MetricsSnapshot) => void;
  readonly closers: Closers;
  /** Whether the run began; a directory without a run is removed again. */
  readonly hasBegun: () => boolean;
  /** Told of what the run itself records, apart from what its agents have recorded. */
  readonly onOwnFrame?: ((frame: Frame) => void) | undefined;
  /** The run log cannot be written any more. */
  readonly onRecordingFailure: (error: unknown) => void;
}

/** Frames queued for a subscriber of events before it misses some; it heals from the log. */
const EVENTS_HIGH_WATER_MARK = 64;
/** An aggregator starts within half a second; a machine that takes this long for it has nothing to show live. */
const READY_TIMEOUT_MS = 15_000;

/**
 * Makes the run directory, writes the log's head, opens the sockets and tells the aggregator to begin. What it opens it adds to the
 * closers, also when it fails half-way.
 */
export async function openRunServices(options: RunServicesOptions): Promise<RunServices> {
  const { config, prepared, phases, view, events, screen, closers } = options;
  const { log } = screen;
  const clock = createRunClock();
  const header = headerOf(config, prepared, phases, clock);
  const directory = await RunDirectory.create(
    options.outPath ?? defaultRunPath(header.run_id, new Date(header.started_at)),
  );
  closers.add(() => (options.hasBegun() ? undefined : rm(directory.path, { recursive: true, force: true })));
  const writer = RunLogWriter.open(directory.logPath);
  closers.add(() => writer.close());
  const sockets = await createRunSockets();
  closers.add(() => sockets.remove());
  const publisher = await bindPublisher(FRAME_CODEC, sockets.freshAddress('ev_pub'), {
    sendHighWaterMark: EVENTS_HIGH_WATER_MARK,
    lingerMs: 0,
  });
  closers.add(() => publisher.close());
  const secrets = secretsOf(config);
  warnOfShortSecrets(secrets, log);
  const mask = new SecretMask(secrets.map(({ text }) => text));
  const recorder = new RunRecorder({
    mask,
    writer,
    publisher,
    clock,
    onOwnFrame: options.onOwnFrame,
    onFailure: options.onRecordingFailure,
  });
  recorder.record(FrameKind.runHeader, encodeRunHeader(header));
  for (const frame of prepared.promptFrames) recorder.record(FrameKind.prompts, frame);

  // Connected before anybody binds there, so that the first snapshot is not missed.
  const snapshotsAddress = sockets.freshAddress('metrics_pub');
  const subscriber = new SnapshotSubscriber({
    subscriber: await connectSubscriber(new SnapshotCodec(), snapshotsAddress, {
      conflate: true,
      maxMessageBytes: MAX_SNAPSHOT_MESSAGE_BYTES,
    }),
    onSnapshot: (snapshot) => {
      screen.snapshot(snapshot);
      options.onSnapshot(snapshot);
    },
  });
  closers.add(() => subscriber.close());

  let addresses: RunManifest['addresses'] = {
    ...{ events: publisher.address, snapshots: snapshotsAddress },
    ...(view === undefined ? {} : { view: view.watchAddress }),
  };
  const { run_id, version, started_at, origin_ns } = header;
  const manifest = new ManifestKeeper(
    directory,
    {
      ...{ format: 1, run_id, version, started_at, origin_ns, machine: machineFacts() },
      directory: process.cwd(),
      ...(config.tags === undefined ? {} : { tags: config.tags }),
      pids: { main: process.pid, aggregator: null },
      main_process: identityOf(process.pid),
      addresses,
      outcome: { state: 'running' },
    },
    log,
  );
  await manifest.update({});
  const supervisor = await AggregatorSupervisor.launch({
    process: options.aggregator,
    aggregator: {
      logPath: directory.logPath,
      finalPath: directory.finalSnapshotPath,
      eventsAddress: publisher.address,
      snapshotsAddress,
      view: view && { address: view.address, key: view.key },
      publishIntervalMs: config.metrics.publish_interval_ms,
      drainTimeoutMs: config.metrics.drain_timeout_ms,
      socketDirectory: sockets.path,
    },
    readyAddress: sockets.freshAddress('svc_ready'),
    readyTimeoutMs: READY_TIMEOUT_MS,
    log,
    onStarted: (aggregator) => void manifest.update({ pids: { main: process.pid, aggregator } }),
  });
  closers.add(() => supervisor.stop());
  const eventBus = events && (await openEventBus(events, directory, sockets, log));
  if (eventBus !== undefined) {
    closers.add(() => eventBus.close());
    addresses = { ...addresses, event_bus: eventBus.address, event_wire: events!.wire };
    await manifest.update({ addresses });
  }
  return {
    ...{ directory, header, clock, writer, recorder, mask, manifest, subscriber, supervisor, eventBus },
    socketDirectory: sockets.path,
  };
}

/** What opens it is loaded here and nowhere earlier. */
async function openEventBus(
  { wire, address }: NonNullable<RunServicesOptions['events']>,
  { logPath }: RunDirectory,
  sockets: SocketDirectory,
  log: Log,
): Promise<EventBusProcess> {
  const { EventBusProcess } = await import('../event-bus/event-bus-process.ts');
  return EventBusProcess.open(
    { logPath, wire, address: address ?? sockets.freshAddress('event_bus'), socketDirectory: sockets.path },
    log,
  );
}

/** Samples of the measured phases; of conversations, whose turns differ in number, only whole passes tell. */
function plannedSamples(
  phases: readonly PhasePlan[],
  { conversations, parts }: PreparedRun,
  { sample_order: order }: RunConfig,
): number | null {
  // A warm-up of the run's own comes first, and has no part.
  const planned = phases.slice(-parts.length).map(({ kind, stop }, index) => {
    const { maxSamples: tickets } = stop;
    const { ticketCount, rowCount } = parts[index]!;
    if (kind !== 'performance') return 0;
    if (!Number.isFinite(tickets)) return null;
    if (conversations === undefined) return tickets;
    const isWhole = tickets % ticketCount === 0 && order !== 'with_replacement';
    return isWhole ? (tickets / ticketCount) * rowCount : null;
  });
  return planned.reduce((sum, samples) => (sum === null || samples === null ? null : sum + samples), 0);
}

function headerOf(
  config: RunConfig,
  prepared: PreparedRun,
  phases: readonly PhasePlan[],
  clock: RunClock,
): RunHeader {
  const measured = phases.filter(({ kind }) => kind === 'performance');
  const [{ arrivals }] = measured as [PhasePlan];
  const isOne = measured.length === 1;
  const load = isOne ? measuredConfig(config).load : undefined;
  return {
    format: 1,
    run_id: prepared.runId,
    origin_ns: String(clock.originNs),
    started_at: new Date().toISOString(),
    version: programVersion(),
    streaming: prepared.streaming,
    ...(prepared.conversations === undefined ? {} : { conversations: true }),
    ...(prepared.groups === undefined ? {} : { groups: prepared.groups }),
    ...(prepared.responseKind === 'text' ? {} : { response_kind: prepared.responseKind }),
    tokenizer: prepared.tokenizerPath,
    requested_rate_per_second: isOne && isOpenLoop(arrivals) ? arrivals.ratePerSecond : null,
    rate_changes:
      isOne && isOpenLoop(arrivals) && (arrivals.stages !== undefined || arrivals.pattern === 'replay'),
    ...(isOne && arrivals.pattern === 'replay'
      ? { replay: replayedTrace(measuredConfig(config), arrivals) }
      : {}),
    ...(load === undefined ? phasesInWords(measured) : stagesInWords(load)),
    ...(load?.max_in_flight === undefined ? {} : { max_in_flight: load.max_in_flight }),
    ...proxiesInWords(prepared),
    ...(prepared.endpoints.some(isEndpointHere) ? { endpoint_here: true } : {}),
    planned_samples: plannedSamples(phases, prepared, config),
    output_limit: prepared.outputLimit,
    ...(prepared.meanOutputLimit === null ? {} : { output_limit_mean: prepared.meanOutputLimit }),
    skipped_rows: prepared.skippedRows,
    echo_rows: prepared.echoes,
    config: redactConfig(config) as RunHeader['config'],
  };
}

/** The settings of the only phase that is measured. */
function measuredConfig(config: RunConfig): RunConfig {
  return phaseConfigs(config).find(({ isMeasured }) => isMeasured)!.config;
}

function phasesInWords(measured: readonly PhasePlan[]): Pick<RunHeader, 'load'> {
  return { load: `${measured.length} phases: ${measured.map(({ name }) => name).join(', ')}` };
}

function stagesInWords({ stages, stages_file: file }: RunConfig['load']): Pick<RunHeader, 'load'> {
  if (stages !== undefined) return { load: stagesText(stages) };
  return file === undefined ? {} : { load: `the rates of ${file}` };
}

function proxiesInWords({ proxies }: PreparedRun): Pick<RunHeader, 'proxies'> {
  const urls = new Set(proxies.flatMap((proxy) => proxy?.url ?? []));
  return urls.size === 0 ? {} : { proxies: [...urls] };
}

function replayedTrace({ dataset, load }: RunConfig, { dueNs }: ReplaySettings): ReplayedTrace {
  const times = new Float64Array(dueNs);
  return {
    trace: dataset!,
    speed: load.speed ?? 1,
    idle_cap_ms: load.idle_cap_ms ?? null,
    from_ms: load.from_ms ?? null,
    to_ms: load.to_ms ?? null,
    arrivals: times.length,
    span_ns: times.at(-1)!,
  };
}
