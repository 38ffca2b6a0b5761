import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText, EXIT_CODES, InferometerError } from '../../core/errors.ts';
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
import { headerMaker, settingsOf } from './service-header.ts';
import type { ServiceOptions } from './service-options.ts';
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
/** A launcher is told that we are ready once we are connected, or after this: its publisher may not be bound yet. */
const READY_AT_THE_LATEST_MS = 1000;

/**
 * Aggregates what other programs publish, from their first event to the end of their session: each message goes into the run log, then into the
 * metrics. Throws `InferometerError` (input, setup) for what prevents it, and `INFEROMETER_AGGREGATE_SILENT` (setup) when no publisher came.
 */
export async function runService(options: ServiceOptions): Promise<ServiceEnd> {
  const closers = new Closers();
  try {
    return await run(options, closers);
  } finally {
    await closers.run(options.log);
  }
}

async function run(options: ServiceOptions, closers: Closers): Promise<ServiceEnd> {
  const { launcher, log } = options;
  const end = Promise.withResolvers<EndReason>();
  closers.add(
    onServiceSignals({ isLaunched: launcher !== undefined, log, onEnd: () => end.resolve('signal') }),
  );
  const place = await openRunPlace(options.outPath ?? launcherRunPath(options), log);
  const { directory, resumed } = place;
  const settings = settingsOf(options, place);
  const { addresses } = settings;
  const sockets = await createRunSockets();
  closers.add(() => sockets.remove());
  let last: MetricsSnapshot | undefined;
  const outlets = await openSnapshotOutlets(options, sockets, (snapshot) => {
    last = snapshot;
    options.onSnapshot(snapshot);
  });
  closers.add(() => outlets.publisher.close());
  if (outlets.place !== undefined) log.info(viewPlaceText(outlets.place));

  const fold: RunFold = new RunFold({
    publisher: outlets.publisher,
    finalPath:
      launcher === undefined ? directory.finalSnapshotPath : join(launcher.outputPath, 'final_snapshot.json'),
    publishIntervalMs: options.publishIntervalMs,
    drainTimeoutMs: options.drainTimeoutMs,
    spillDirectory: directory.path,
    tokenizerOf: () => options.tokenizerPath ?? null,
    eventStream: () => ({
      ...{ frames: writer.nextSeq, heals: 0, healed_frames: 0, lost_frames: 0, aggregator_restarts: 0 },
    }),
    log,
  });
  // Before the log is read: what is published meanwhile waits in the sockets.
  const publishers = new Publishers({
    ...{ addresses, waitMs: options.waitMs, log },
    onReconnected: (publisher) => intake.note({ event: 'reconnected', publisher, count: 0 }),
    onLost: (publisher) => {
      intake.note({ event: 'publisher_lost', publisher, count: 0 });
      log.error(`${addresses[publisher]}: no publisher for ${options.waitMs / 1000} s`);
      if (publishers.areAllLost) end.resolve('publishers lost');
    },
  });
  closers.add(() => publishers.close());
  const receivers = addresses.map((address, publisher) =>
    MessageReceiver.connect(address, {
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onConnection: (state) => publishers.on(publisher, state),
    }),
  );
  closers.add(() => receivers.forEach((receiver) => receiver.close()));

  const makeHeader = headerMaker(settings, place);
  let header: RunHeader | undefined = resumed;
  const intake = new Intake({
    addresses,
    headerOf: (originNs, published) => {
      header = makeHeader(originNs, published);
      void manifest.update({
        run_id: header.run_id,
        origin_ns: header.origin_ns,
        started_at: header.started_at,
      });
      return header;
    },
    record: (kind, bytes) => logged.record(kind, bytes),
    log,
  });
  const logEnd =
    resumed === undefined ? undefined : await foldAgain(directory.logPath, fold, intake, options);
  const writer: RunLogWriter =
    logEnd === undefined
      ? RunLogWriter.open(directory.logPath)
      : RunLogWriter.resume(directory.logPath, logEnd);
  closers.add(() => writer.close());
  const logged = new LoggedFold({
    ...{ writer, fold, log },
    onFailure: (error) => {
      log.error(`${errorText(error)}; the aggregation ends here`);
      end.resolve('failure');
    },
    onEnded: () => end.resolve('session'),
  });
  const manifest = await openManifest(place, outlets.localAddress, addresses, options);
  if (resumed !== undefined && !fold.ended) {
    intake.note({ event: 'resumed', publisher: null, count: 0 });
    const mark = {
      at_ns: fold.latestNs ?? 0,
      kind: 'note',
      value: null,
      text: 'aggregator started again',
    } as const;
    logged.record(FrameKind.mark, markFrame(mark));
  }
  if (fold.ended) end.resolve('session');
  await writeConfig(settings.config, directory.configPath, options);

  const receiving = receivers.map((receiver, publisher) =>
    receiver
      .run((messages) => intake.take(publisher, messages))
      .catch((error: unknown) => {
        log.error(`${addresses[publisher]}: ${errorText(error)}`);
        end.resolve('failure');
      }),
  );
  if (launcher !== undefined) {
    await publishers.connected(READY_AT_THE_LATEST_MS);
    await writeFile(join(launcher.outputPath, '.ready'), '');
    if (launcher.ready !== undefined) await sendReady(launcher.ready.address, launcher.ready.id);
  } else {
    log.info(`aggregating ${addresses.join(', ')} into ${directory.path}`);
    log.info(`watch it with: inferometer watch ${directory.path}`);
  }

  const reason = await end.promise;
  publishers.close();
  for (const receiver of receivers) receiver.close();
  await Promise.all(receiving);
  // A launcher reads the file, of a run without an event too.
  if (!intake.hasBegun && launcher !== undefined) intake.begin(monotonicNs());
  await logged.close();
  if (header === undefined) return endWithoutEvents(reason, place, options);
  await (fold.ended ? fold.finished() : fold.interrupt());
  await writer.close();
  if (last === undefined || !isTerminal(last.state)) {
    throw new InferometerError(
      'INFEROMETER_REPORT_NOTHING',
      'execution',
      `no final snapshot could be made; try: inferometer report ${directory.path}`,
    );
  }
  const { report, failures } = await concludeAggregation(directory, header, last, {
    ...{ logBytes: writer.bytes, isElsewhere: launcher !== undefined, log },
  });
  const exitCode = exitCodeOf(failures > 0 ? 'failure' : reason, report, options);
  await manifest.update({
    outcome: {
      state: reason === 'failure' ? 'failed' : last.state === 'complete' ? 'complete' : 'interrupted',
      ended_at: new Date().toISOString(),
      ...{ exit_code: exitCode, frames: writer.nextSeq, report_source: 'final snapshot file' },
      verdict: report.verdict.level,
    },
  });
  return { exitCode, path: directory.path, report };
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
