import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { JsMsg } from '@nats-io/jetstream';
import { FrameOrder } from '../../cluster/frame-order.ts';
import { indexOfSubject, runSubjects, streamName } from '../../cluster/subjects.ts';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import { RunLogWriter } from '../../runlog/append.ts';
import { type Frame, FrameKind, openFrame } from '../../transport/frame.ts';
import { RunDirectory, RUNS_FOLDER } from '../run-folder/run-directory.ts';
import { jsonOfFrame } from '../run-folder/run-header.ts';
import { partOf } from './frame-messages.ts';
import type { NatsOptions } from './nats-options.ts';
import { type NatsPlace, openNats } from './nats-place.ts';

const RUN_ID = /^[0-9a-f]{16}$/;
const STREAM = /^INFEROMETER_([0-9a-f]{16})$/;

/** Makes a run folder of the stream that a run has left at NATS, as it does when its coordinator dies. Returns the folder. */
export async function runFromStream(nats: NatsOptions, runId: string, log: Log): Promise<string> {
  const folder = join(RUNS_FOLDER, runId);
  if (RUN_ID.test(runId) && existsSync(folder)) {
    throw noRun(
      `run ${runId} is in ${folder} already; run inferometer report ${folder}, or move the folder away to fetch the run again`,
    );
  }
  const place = await openNats(nats, 'inferometer report', log);
  try {
    await requireStream(place, runId);
    const own = await ownFrames(place, runId);
    const [header] = own;
    if (header?.frame.kind !== FrameKind.runHeader) throw noRun(`the stream of run ${runId} has no header`);
    const directory = await RunDirectory.create(folder);
    const writer = RunLogWriter.open(directory.logPath);
    try {
      await merge(place, runId, own, (frame) => writer.append(frame.kind, frame.bytes));
    } finally {
      await writer.close();
    }
    return directory.path;
  } finally {
    await place.close();
  }
}

async function requireStream({ manager, address }: NatsPlace, runId: string): Promise<void> {
  const known: string[] = [];
  for await (const name of manager.streams.names()) known.push(...(STREAM.exec(name)?.slice(1) ?? []));
  if (RUN_ID.test(runId) && known.includes(runId)) return;
  const there = known.length === 0 ? 'it keeps none' : `it keeps ${known.join(', ')}`;
  throw noRun(`run ${runId}: NATS at ${address} has no such run; ${there}`);
}

/** A frame of the coordinator, and when it belongs into the log: not before what agents recorded earlier. */
interface TimedFrame {
  readonly frame: Frame;
  readonly atNs: number;
}

async function ownFrames(place: NatsPlace, runId: string): Promise<readonly TimedFrame[]> {
  const order = new FrameOrder(0);
  const frames: TimedFrame[] = [];
  let atNs = -Infinity;
  await readAll(place, runId, (message) => {
    if (message.subject !== runSubjects(runId).coordinatorsFrames) return;
    for (const frame of framesOf(order, message)) {
      atNs = Math.max(atNs, timeOf(frame) ?? atNs);
      frames.push({ frame, atNs });
    }
  });
  return frames;
}

/** Agents' frames in the order of the stream; before each, the coordinator's that are older. */
async function merge(
  place: NatsPlace,
  runId: string,
  own: readonly TimedFrame[],
  write: (frame: Frame) => void,
): Promise<void> {
  const orders = new Map<number, FrameOrder>();
  let next = 0;
  const writeOwn = (untilNs: number) => {
    for (; next < own.length && own[next]!.atNs <= untilNs; next++) write(own[next]!.frame);
  };
  await readAll(place, runId, (message) => {
    if (message.subject === runSubjects(runId).coordinatorsFrames) return;
    const agent = indexOfSubject(message.subject);
    const order = orders.get(agent) ?? new FrameOrder(1);
    orders.set(agent, order);
    for (const frame of framesOf(order, message)) {
      writeOwn(timeOf(frame) ?? -Infinity);
      write(frame);
    }
  });
  writeOwn(Infinity);
}

function* framesOf(order: FrameOrder, { headers, data }: JsMsg): Generator<Frame> {
  const part = partOf(headers, data);
  if (part === undefined) return;
  for (const bytes of order.take(part)) {
    const frame = openFrame(bytes);
    if (typeof frame !== 'string') yield frame;
  }
}

async function readAll({ js }: NatsPlace, runId: string, onMessage: (message: JsMsg) => void): Promise<void> {
  const consumer = await js.consumers.get(streamName(runId), {});
  if ((await consumer.info()).num_pending === 0) return;
  for await (const message of await consumer.consume()) {
    onMessage(message);
    if (message.info.pending === 0) return;
  }
}

/** When what a frame tells began, ns since the run's origin; undefined where it does not say. */
function timeOf({ kind, body, ...frame }: Frame): number | undefined {
  if (kind === FrameKind.events) return decodeBatch(body).timestampsNs[0];
  if (kind !== FrameKind.mark && kind !== FrameKind.agent) return undefined;
  const { at_ns: atNs } = jsonOfFrame({ kind, body, ...frame }) as { readonly at_ns?: unknown };
  return typeof atNs === 'number' ? atNs : undefined;
}

function noRun(text: string): InferometerError {
  return new InferometerError('INFEROMETER_NATS_RUN', 'input', text);
}
