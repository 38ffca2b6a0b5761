import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText, EXIT_CODES, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { RunMark } from '../../core/run-history.ts';
import { monotonicNs } from '../../core/time.ts';
import { isTerminal, type MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { Report } from '../../report/report.ts';
import { type LogEnd, MAX_FRAME_BYTES, RunLogWriter } from '../../runlog/append.ts';
import { LogReader } from '../../runlog/read.ts';
import { FrameKind } from '../../transport/frame.ts';
import { MessageReceiver } from '../../transport/zmq/message-receiver.ts';
import { sendReady } from '../../transport/zmq/ready.ts';
import { RunFold } from '../fold/run-fold.ts';
import { viewPlaceText } from '../run/view-place.ts';
import { Closers } from '../run/closers.ts';
import { frameCheck } from '../run-folder/frame-check.ts';
import { machineFacts, ManifestKeeper } from '../run-folder/manifest-keeper.ts';
import { identityOf } from '../run-folder/process-identity.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { markFrame } from '../run-folder/run-marks.ts';
import { createRunSockets } from '../run-folder/run-sockets.ts';
import { programVersion } from '../run-folder/version.ts';
import { concludeAggregation } from './conclude.ts';
import { Intake } from './intake.ts';
import { LoggedFold } from './logged-fold.ts';
import { Publishers } from './publishers.ts';
import { openRunPlace, type RunPlace } from './run-place.ts';
import { headerMaker, type ServiceSettings, settingsOf } from './service-header.ts';
import type { LauncherOptions, ServiceOptions } from './service-options.ts';
import { onServiceSignals } from './signals.ts';
import { openSnapshotOutlets } from './snapshot-outlets.ts';

/** Why an aggregation ended. */
type EndReason = 'session' | 'signal' | 'publishers lost' | 'failure';

export interface ServiceEnd {
  readonly exitCode: number;
  readonly path: string;
  /** Undefined when nothing arrived. */
  readonly report: Report | undefined;
}

/** A message must fit into a frame, with the lengths beside it. */
const MAX_MESSAGE_BYTES = MAX_FRAME_BYTES - 64;
/** What may wait to be received, of all publishers together, bytes. */
const MAX_QUEUED_BYTES = 2 ** 28;
/** A launcher is told that we are ready once we are connected, or after this: its publisher may not be bound yet. */
const READY_AT_THE_LATEST_MS = 1000;

/**
 * Aggregates what other programs publish, from their first event to the end of their session: each message goes into the run log, then into the
 * metrics. Throws `InferometerError` (input, setup) for what prevents it, and `INFEROMETER_AGGREGATE_SILENT` (setup) when no publisher came.
 */
export async function runService(options: ServiceOptions): Promise<ServiceEnd> {
  const closers = new Closers();
  try {
    const aggregation = await Aggregation.open(options, closers);
    const reason = await aggregation.follow();
    return await aggregation.conclude(reason);
  } finally {
    await closers.run(options.log);
  }
}

/** One run that is aggregated, from its directory to its report. */
class Aggregation {
  readonly #options: ServiceOptions;
  readonly #closers: Closers;
  readonly #place: RunPlace;
  readonly #settings: ServiceSettings;
  readonly #end = Promise.withResolvers<EndReason>();
  readonly #intake: Intake;
  #header: RunHeader | undefined;
  #fold!: RunFold;
  #writer: RunLogWriter | undefined;
  /** There once the log is open: what an earlier process logged is folded before. */
  #logged: LoggedFold | undefined;
  #manifest!: ManifestKeeper;
  #last: MetricsSnapshot | undefined;
  #isSignaled = false;

  private constructor(options: ServiceOptions, closers: Closers, place: RunPlace) {
    this.#options = options;
    this.#closers = closers;
    this.#place = place;
    this.#settings = settingsOf(options, place);
    this.#header = place.resumed;
    const makeHeader = headerMaker(this.#settings, place);
    this.#intake = new Intake({
      addresses: this.#settings.addresses,
      headerOf: (originNs, published) => {
        const header = (this.#header = makeHeader(originNs, published));
        const { run_id, origin_ns, started_at } = header;
        void this.#manifest.update({ run_id, origin_ns, started_at });
        return header;
      },
      record: (kind, bytes) => this.#logged?.record(kind, bytes),
      log: options.log,
    });
  }

  /** Listens to signals, and opens the directory, the sockets of viewers and the log. */
  static async open(options: ServiceOptions, closers: Closers): Promise<Aggregation> {
    const place = await openRunPlace(options.outPath ?? launcherRunPath(options), options.log);
    const aggregation = new Aggregation(options, closers, place);
    await aggregation.#open();
    return aggregation;
  }

  async #open(): Promise<void> {
    const { launcher, log } = this.#options;
    const isLaunched = launcher !== undefined;
    this.#closers.add(onServiceSignals({ isLaunched, log, onEnd: () => this.#onSignal() }));
    const sockets = await createRunSockets();
    this.#closers.add(() => sockets.remove());
    const outlets = await openSnapshotOutlets(this.#options, sockets, (snapshot) => {
      this.#last = snapshot;
      this.#options.onSnapshot(snapshot);
    });
    this.#closers.add(() => outlets.publisher.close());
    if (outlets.place !== undefined) log.info(viewPlaceText(outlets.place));
    const { directory } = this.#place;
    this.#fold = new RunFold({
      publisher: outlets.publisher,
      finalPath:
        launcher === undefined
          ? directory.finalSnapshotPath
          : join(launcher.outputPath, 'final_snapshot.json'),
      publishIntervalMs: this.#options.publishIntervalMs,
      drainTimeoutMs: this.#options.drainTimeoutMs,
      spillDirectory: directory.path,
      tokenizerOf: () => this.#options.tokenizerPath ?? null,
      eventStream: () => ({
        ...{ frames: this.#writer?.nextSeq ?? 0, heals: 0, healed_frames: 0 },
        ...{ lost_frames: this.#logged?.unrecordedFrames ?? 0, aggregator_restarts: 0 },
      }),
      log,
    });
    this.#manifest = await openManifest(
      this.#place,
      outlets.localAddress,
      this.#settings.addresses,
      this.#options,
    );
    await writeConfig(this.#settings.config, directory.configPath, this.#options);
  }

  /** Takes what is published until there is a reason to end. */
  async follow(): Promise<EndReason> {
    const { launcher, log } = this.#options;
    const { addresses } = this.#settings;
    const publishers = this.#watchPublishers();
    // Before the log is read: what is published meanwhile waits in the sockets.
    const receivers = addresses.map((address, publisher) =>
      MessageReceiver.connect(address, {
        maxMessageBytes: MAX_MESSAGE_BYTES,
        maxQueuedBytes: MAX_QUEUED_BYTES / addresses.length,
        onConnection: (state) => publishers.on(publisher, state),
      }),
    );
    const close = () => {
      publishers.close();
      for (const receiver of receivers) receiver.close();
    };
    this.#closers.add(close);
    await this.#openLog();
    const receiving = receivers.map((receiver, publisher) =>
      receiver
        .run((messages) => {
          this.#intake.take(publisher, messages);
          return this.#logged?.room;
        })
        .catch((error: unknown) => this.#fail(`${addresses[publisher]}: ${errorText(error)}`)),
    );
    if (launcher === undefined) {
      log.info(`aggregating ${addresses.join(', ')} into ${this.#place.directory.path}`);
      log.info(`watch it with: inferometer watch ${this.#place.directory.path}`);
    } else await reportReady(launcher, publishers, log);
    const reason = await this.#end.promise;
    close();
    await Promise.all(receiving);
    return reason;
  }

  /** Makes the final snapshot and what a run leaves beside its log. */
  async conclude(reason: EndReason): Promise<ServiceEnd> {
    const { launcher, log } = this.#options;
    const { directory } = this.#place;
    // A launcher reads the file, of a run without an event too.
    if (!this.#intake.hasBegun && launcher !== undefined) this.#intake.begin(monotonicNs());
    await this.#logged?.close();
    const writer = this.#writer;
    if (this.#header === undefined || writer === undefined)
      return endWithoutEvents(reason, this.#place, this.#options);
    await (this.#fold.ended && !this.#isSignaled ? this.#fold.finished() : this.#fold.interrupt());
    let outputFailures = 0;
    await writer.close().catch((error: unknown) => {
      outputFailures += 1;
      log.error(errorText(error));
    });
    const last = this.#last;
    if (last === undefined || !isTerminal(last.state)) {
      throw new InferometerError(
        'INFEROMETER_REPORT_NOTHING',
        'execution',
        `no final snapshot could be made; try: inferometer report ${directory.path}`,
      );
    }
    const { report, failures: fileFailures } = await concludeAggregation(directory, this.#header, last, {
      ...{ logBytes: writer.bytes, isElsewhere: launcher !== undefined, log },
    });
    outputFailures += fileFailures;
    const end = this.#isSignaled && last.state === 'interrupted' ? 'signal' : reason;
    const exitCode = exitCodeOf(outputFailures > 0 ? 'failure' : end, report, this.#options);
    await this.#manifest.update({
      outcome: {
        state: reason === 'failure' ? 'failed' : last.state === 'complete' ? 'complete' : 'interrupted',
        ended_at: new Date().toISOString(),
        exit_code: exitCode,
        // Those that could not be written too, so that a reader knows what is missing.
        frames: writer.nextSeq + (this.#logged?.unrecordedFrames ?? 0),
        report_source: 'final snapshot file',
        verdict: report.verdict.level,
      },
    });
    return { exitCode, path: directory.path, report };
  }

  #watchPublishers(): Publishers {
    const { waitMs, log } = this.#options;
    const { addresses } = this.#settings;
    const publishers = new Publishers({
      ...{ addresses, waitMs, log },
      hasEnded: (publisher) => this.#fold.hasEnded(publisher),
      onReconnected: (publisher) => this.#intake.note({ event: 'reconnected', publisher, count: 0 }),
      onLost: (publisher) => {
        this.#intake.note({ event: 'publisher_lost', publisher, count: 0 });
        log.error(`${addresses[publisher]}: no publisher for ${waitMs / 1000} s`);
        if (publishers.areAllGone) this.#end.resolve('publishers lost');
      },
    });
    return publishers;
  }

  /** Opens the log; of a run that is resumed, folds it first and says so. */
  async #openLog(): Promise<void> {
    const { log } = this.#options;
    const { directory, resumed } = this.#place;
    const fold = this.#fold;
    const writer =
      resumed === undefined
        ? RunLogWriter.open(directory.logPath)
        : RunLogWriter.resume(
            directory.logPath,
            await foldAgain(directory.logPath, fold, this.#intake, this.#options),
          );
    this.#writer = writer;
    this.#closers.add(() => writer.close());
    this.#logged = new LoggedFold({
      ...{ writer, fold, log },
      onFailure: (error) => this.#fail(`${errorText(error)}; the aggregation ends here`),
      onEnded: () => this.#end.resolve('session'),
    });
    if (fold.ended) this.#end.resolve('session');
    else if (resumed !== undefined) {
      this.#intake.note({ event: 'resumed', publisher: null, count: 0 });
      const text = 'aggregator started again';
      const mark: RunMark = { at_ns: fold.latestNs ?? 0, kind: 'note', value: null, text };
      this.#logged.record(FrameKind.mark, markFrame(mark));
    }
  }

  /** Whatever is still to be counted when the session has ended is given up, and the snapshot says how much that was. */
  #onSignal(): void {
    this.#isSignaled = true;
    this.#end.resolve('signal');
    if (this.#fold.ended) void this.#fold.interrupt();
  }

  #fail(why: string): void {
    this.#options.log.error(why);
    this.#end.resolve('failure');
  }
}

/** Tells a launcher that we listen: its publisher sends nothing before. */
async function reportReady(
  { outputPath, ready }: LauncherOptions,
  publishers: Publishers,
  log: Log,
): Promise<void> {
  await publishers.connected(READY_AT_THE_LATEST_MS);
  await writeFile(join(outputPath, '.ready'), '');
  if (ready === undefined) return;
  // Its publisher may send all the same.
  await sendReady(ready.address, ready.id).catch((error: unknown) => log.warning(errorText(error)));
}

/** Folds what an earlier process logged, and tells where the log goes on. */
async function foldAgain(
  logPath: string,
  fold: RunFold,
  intake: Intake,
  { log }: ServiceOptions,
): Promise<LogEnd> {
  const reader = new LogReader(logPath, {
    check: frameCheck(),
    onFault: (error) => log.warning(`${error.message}; it is left out`),
  });
  const end = { nextSeq: 0, bytes: 0 };
  for await (const frame of reader.frames()) {
    end.nextSeq = frame.seq + 1;
    end.bytes = reader.offset + frame.bytes.length;
    intake.learn(frame);
    await fold.handle(frame);
  }
  return end;
}

async function openManifest(
  { directory, runId, resumed }: RunPlace,
  snapshots: string,
  addresses: readonly string[],
  { log }: ServiceOptions,
): Promise<ManifestKeeper> {
  const manifest = new ManifestKeeper(
    directory,
    {
      ...{ format: 1, run_id: resumed?.run_id ?? runId, version: programVersion() },
      started_at: resumed?.started_at ?? new Date().toISOString(),
      origin_ns: resumed?.origin_ns ?? '0',
      machine: machineFacts(),
      pids: { main: process.pid, aggregator: null },
      main_process: identityOf(process.pid),
      addresses: { events: addresses.join(' '), snapshots },
      outcome: { state: 'running' },
    },
    log,
  );
  await manifest.update({});
  return manifest;
}

async function writeConfig(
  config: RunHeader['config'],
  path: string,
  { log }: ServiceOptions,
): Promise<void> {
  const { stringify } = await import('yaml');
  await writeFileAtomic(path, stringify(config)).catch((error: unknown) =>
    log.warning(`${path}: ${errorText(error)}`),
  );
}

async function endWithoutEvents(
  reason: EndReason,
  { directory, resumed }: RunPlace,
  { waitMs }: ServiceOptions,
): Promise<ServiceEnd> {
  if (resumed === undefined) await rm(directory.path, { recursive: true, force: true });
  if (reason === 'publishers lost') {
    throw new InferometerError(
      'INFEROMETER_AGGREGATE_SILENT',
      'setup',
      `no event arrived, and no publisher was there for ${waitMs / 1000} s; check --connect, start the publisher first, or give --wait more time`,
    );
  }
  return {
    exitCode: reason === 'signal' ? EXIT_CODES.interrupted : EXIT_CODES.execution,
    ...{ path: directory.path, report: undefined },
  };
}

function exitCodeOf(reason: EndReason, { verdict }: Report, { launcher }: ServiceOptions): number {
  if (reason === 'failure') return EXIT_CODES.execution;
  // A launcher reads the file for how the run went, and the code for how the service did.
  if (launcher !== undefined) return EXIT_CODES.ok;
  if (reason === 'signal') return EXIT_CODES.interrupted;
  if (reason === 'publishers lost') return EXIT_CODES.execution;
  return verdict.level === 'invalid' ? EXIT_CODES.result : EXIT_CODES.ok;
}

/** Below the directory that the launcher gave: it holds the launcher's own files too. */
function launcherRunPath({ launcher }: ServiceOptions): string | undefined {
  if (launcher === undefined) return undefined;
  const path = join(resolve(launcher.outputPath), 'inferometer');
  return existsSync(path) ? `${path}-${Date.now()}` : path;
}
