import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../../core/errors.ts';
import { createLog, type Log } from '../../core/log.ts';
import { SnapshotCodec } from '../../metrics/snapshot-codec.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { RunLogFollower } from '../../runlog/follow.ts';
import { FRAME_CODEC } from '../../transport/frame-codec.ts';
import type { MessagePublisher } from '../../transport/message.ts';
import { PublisherGroup } from '../../transport/publisher-group.ts';
import { bindPublisher } from '../../transport/zmq/publisher.ts';
import { sendReady } from '../../transport/zmq/ready.ts';
import { connectSubscriber } from '../../transport/zmq/subscriber.ts';
import type { AggregatorOrders } from './aggregator-orders.ts';
import { RunFold } from './run-fold.ts';

/** Frames waiting at our end of the event stream; what does not fit is healed from the log. */
const RECEIVE_HIGH_WATER_MARK = 64;
const SNAPSHOT_SEND_HIGH_WATER_MARK = 4;
/** A viewer that reads has the last frame within milliseconds; one that was stopped must not hold up the run's end. */
const SNAPSHOT_LINGER_MS = 500;
const LOG_POLL_MS = 200;

/** What the aggregator hears of the main process. */
export interface MainProcess {
  /** How many frames the run log has, once the run is over. */
  readonly allFrames: Promise<number>;
  /** It ended, in any way. */
  readonly gone: Promise<void>;
}

/**
 * Follows the run's frames, publishes snapshots, and ends with the final one. SIGTERM, the end of the main process, or a log that does not give
 * the session's end, ends it with an interrupted snapshot.
 */
export async function aggregate(options: AggregatorOrders, main: MainProcess): Promise<void> {
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');

  const subscriber = await connectSubscriber(FRAME_CODEC, options.eventsAddress, {
    receiveHighWaterMark: RECEIVE_HIGH_WATER_MARK,
  });
  const publisher = await bindSnapshots(options, log);
  const follower = new RunLogFollower({ path: options.logPath, subscriber, pollMs: LOG_POLL_MS, log });
  const fold = new RunFold({
    publisher,
    finalPath: options.finalPath,
    publishIntervalMs: options.publishIntervalMs,
    drainTimeoutMs: options.drainTimeoutMs,
    spillDirectory: dirname(options.logPath),
    tokenizerOf: ({ tokenizer }) => tokenizer,
    eventStream: () => ({
      frames: follower.delivered,
      heals: follower.heals,
      healed_frames: follower.healedFrames,
      lost_frames: follower.lostFrames,
      aggregator_restarts: options.restarts,
    }),
    log,
  });

  let mainIsGone = false;
  const interrupt = () => {
    follower.stop();
    fold.interrupt().catch((error: unknown) => log.error(errorText(error)));
  };
  process.on('SIGTERM', interrupt);
  void main.allFrames.then((frames) => follower.endAt(frames));
  void main.gone.then(() => {
    mainIsGone = true;
    interrupt();
  });

  try {
    let ready = options.ready;
    await follower.run(async (frame) => {
      await fold.handle(frame);
      if (ready !== undefined) {
        await sendReady(ready.address, ready.id);
        ready = undefined;
      }
      if (fold.ended) follower.stop();
    });
    await (fold.ended ? fold.finished() : fold.interrupt());
  } catch (error) {
    log.error(errorText(error));
    process.exitCode = 1;
    await fold.interrupt();
  } finally {
    await subscriber.close();
    await publisher.close();
    if (mainIsGone) await rm(options.socketDirectory, { recursive: true, force: true });
  }
}

/** The socket of the run's own machine and, when wanted, one for others: a socket that asks for a key asks everybody. */
async function bindSnapshots(
  { snapshotsAddress, view, socketDirectory }: AggregatorOrders,
  log: Log,
): Promise<MessagePublisher<MetricsSnapshot>> {
  const socketOptions = { sendHighWaterMark: SNAPSHOT_SEND_HIGH_WATER_MARK, lingerMs: SNAPSHOT_LINGER_MS };
  const publisher = await bindPublisher(new SnapshotCodec(), snapshotsAddress, socketOptions);
  if (view === undefined) return publisher;
  try {
    const { address, key } = view;
    return new PublisherGroup(
      publisher,
      await bindPublisher(new SnapshotCodec(), address, {
        ...socketOptions,
        key,
        parentDirectory: socketDirectory,
      }),
    );
  } catch (error) {
    log.warning(`${errorText(error)}; the run is not shown there`);
    return publisher;
  }
}
