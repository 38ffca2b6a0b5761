/**
 * Entry of the aggregator process: loads, waits for its options on standard input, aggregates. A second line there tells that the run is over.
 *
 * SIGINT is ignored: a Ctrl-C reaches the whole process group, and the run itself decides when it is over.
 */
import module from 'node:module';
import { createInterface } from 'node:readline';

module.enableCompileCache();
process.on('SIGINT', () => undefined);
const said = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const [{ aggregate }, { decodeAggregatorOptions, decodeFrameCount }] = await Promise.all([
  import('./aggregate.ts'),
  import('./aggregator-options.ts'),
]);
const first = await said.next();
if (first.done !== true) {
  const allFrames = Promise.withResolvers<number>();
  const gone = Promise.withResolvers<void>();
  const listen = async () => {
    for await (const line of said) allFrames.resolve(decodeFrameCount(line));
    // The pipe from the main process ends with it, however it ends.
    gone.resolve();
  };
  void listen();
  await aggregate(decodeAggregatorOptions(first.value), { allFrames: allFrames.promise, gone: gone.promise });
}
// An open pipe would keep the process waiting for more of it.
process.stdin.destroy();
