import { createHash } from 'node:crypto';
import { createLog } from '../../src/core/log.ts';
import { RunLogFollower } from '../../src/runlog/follow.ts';
import { FRAME_CODEC } from '../../src/transport/frame-codec.ts';
import { connectSubscriber } from '../../src/transport/zmq/subscriber.ts';

/**
 * Follows a run (log path, address, number of the last frame) and prints what it saw as a line of JSON. Its log, on the
 * other stream, tells when it has caught up.
 */
const [path, address, lastSeq] = process.argv.slice(2) as [string, string, string];
const subscriber = await connectSubscriber(FRAME_CODEC, address, { receiveHighWaterMark: 16 });
const log = createLog((line) => process.stderr.write(`${line}\n`), 'debug');
const follower = new RunLogFollower({ path, subscriber, pollMs: 50, log });
const hash = createHash('sha256');
const seqs: number[] = [];
await follower.run((frame) => {
  hash.update(frame.bytes);
  seqs.push(frame.seq);
  if (frame.seq === Number(lastSeq)) follower.stop();
});
await subscriber.close();
const report = {
  frames: seqs.length,
  inOrder: seqs.every((seq, i) => seq === i),
  sha256: hash.digest('hex'),
  heals: follower.heals,
  healedFrames: follower.healedFrames,
  maxRssBytes: process.resourceUsage().maxRSS * 1024,
};
process.stdout.write(JSON.stringify(report) + '\n');
