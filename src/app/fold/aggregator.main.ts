/**
 * Entry of the aggregator process: loads, waits for its options on standard input, aggregates. A second line there tells that the run has
 * ended; from then on it gives a sign of life on standard output every second.
 *
 * SIGINT is ignored: a Ctrl-C reaches the whole process group, and the run itself decides when it ends.
 */
import module from 'node:module';
import { createInterface } from 'node:readline';

const SIGN_OF_LIFE_MS = 1000;

module.enableCompileCache();
process.on('SIGINT', () => undefined);
// The pipe breaks when the main process dies, which standard input tells.
process.stdout.on('error', () => undefined);
const said = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const [{ aggregate }, { decodeAggregatorOrders, decodeFrameCount }] = await Promise.all([
  import('./aggregate.ts'),
  import('./aggregator-orders.ts'),
]);
const first = await said.next();
if (first.done !== true) {
  const allFrames = Promise.withResolvers<number>();
  const gone = Promise.withResolvers<void>();
  const listen = async () => {
    for await (const line of said) {
      allFrames.resolve(decodeFrameCount(line));
      setInterval(() => process.stdout.write('.'), SIGN_OF_LIFE_MS).unref();
    }
    // The pipe from the main process ends with it, however it ends.
    gone.resolve();
  };
  void listen();
  await aggregate(decodeAggregatorOrders(first.value), { allFrames: allFrames.promise, gone: gone.promise });
}
// An open pipe would keep the process waiting for more of it.
process.stdin.destroy();
