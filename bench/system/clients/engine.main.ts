/** A worker of the engine as it is in a run, but for its thread: plan, sockets, answers read, every event recorded and encoded. */
import { COUNTERS } from '../../../src/engine/worker-messages.ts';
import { FRAME_HEADER_BYTES } from '../../../src/transport/frame.ts';
import { startEngineLoad } from './engine-load.ts';
import { measureAndExit, readOrder } from './order.ts';

const order = readOrder();
let records = 0;
const { counters } = await startEngineLoad({
  ...order,
  arrivals: { pattern: 'concurrency', concurrency: order.connections },
  pacing: 'precise',
  onFrame: (frame) => (records += new DataView(frame.buffer, FRAME_HEADER_BYTES).getUint32(0, true)),
});
await measureAndExit(order, () => {
  const requests = counters[COUNTERS.ended]!;
  return { requests, chunks: records - requests - counters[COUNTERS.issued]! };
});
