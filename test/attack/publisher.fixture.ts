import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { bindPublisher } from '../../src/transport/zmq/publisher.ts';

/** Publishes snapshots 20 times a second, at an address and perhaps with a key, until it is killed; prints where. Keeps a socket in `parentDirectory`. */
const [parentDirectory, address, key] = process.argv.slice(2) as [string, string, string?];
const publisher = await bindPublisher(new SnapshotCodec(), address, {
  sendHighWaterMark: 4,
  lingerMs: 0,
  key,
  parentDirectory,
});
/** Size of a snapshot with some history. */
const TEXT = 'x'.repeat(40_000);
let counter = 0;
setInterval(() => {
  publisher.publish({
    counter: counter++,
    timestampNs: 1n,
    state: 'live',
    pendingTaskCount: 0,
    metrics: [],
    extras: { text: TEXT },
  });
}, 50);
process.stdout.write(`${publisher.address}\n`);
