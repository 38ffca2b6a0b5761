/** Open loop: how late a worker of the engine hands its requests to the sockets. */
import { EventKind } from '../../../src/core/event-types.ts';
import { decodeBatch } from '../../../src/events/columnar-codec.ts';
import { extraOf } from '../../../src/events/event-batch.ts';
import { FRAME_HEADER_BYTES } from '../../../src/transport/frame.ts';
import { startEngineLoad } from './engine-load.ts';
import { exitWith, readOrder } from './order.ts';

export interface PacingOrder {
  readonly url: string;
  readonly pattern: 'constant' | 'poisson';
  readonly ratePerSecond: number;
  readonly pacing: 'precise' | 'economy';
  readonly connections: number;
  readonly warmMs: number;
  readonly measureMs: number;
}

export interface PacingResult {
  readonly requests: number;
  readonly delayP50Us: number;
  readonly delayP99Us: number;
}

const NS_PER_US = 1000;
const DUE = 0;

const order = readOrder<PacingOrder>();
const { pattern, ratePerSecond, warmMs, measureMs } = order;
const frames: Uint8Array[] = [];
const { worker } = await startEngineLoad({
  ...order,
  streaming: false,
  arrivals: pattern === 'poisson' ? { pattern, ratePerSecond, seed: 1 } : { pattern, ratePerSecond },
  onFrame: (frame) => frames.push(frame),
});
await new Promise((done) => setTimeout(done, warmMs));
frames.length = 0;
await new Promise((done) => setTimeout(done, measureMs));
worker.take({ kind: 'stop' });

const delaysNs = new Float64Array(frames.flatMap(issueDelaysNs)).sort();
const percentileUs = (share: number) => delaysNs[Math.floor((delaysNs.length - 1) * share)]! / NS_PER_US;
await exitWith({
  requests: delaysNs.length,
  delayP50Us: percentileUs(0.5),
  delayP99Us: percentileUs(0.99),
} satisfies PacingResult);

function issueDelaysNs(frame: Uint8Array): number[] {
  const batch = decodeBatch(frame.subarray(FRAME_HEADER_BYTES));
  return Array.from(batch.kinds, (kind, index) =>
    kind === EventKind.sampleIssued ? batch.timestampsNs[index]! - extraOf(batch, index, DUE) : NaN,
  ).filter((delayNs) => !Number.isNaN(delayNs));
}
