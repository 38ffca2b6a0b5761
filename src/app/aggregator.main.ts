/**
 * Entry of the aggregator process: loads, waits for its options on standard input, aggregates.
 *
 * SIGINT is ignored: a Ctrl-C reaches the whole process group, and the run itself decides when it is over.
 */
import module from 'node:module';

module.enableCompileCache();
process.on('SIGINT', () => undefined);
// The pipe from the main process ends with it, however it ends.
const mainGone = new Promise<void>((resolve) => process.stdin.once('end', resolve));
const [{ aggregate }, { readAggregatorOptions }] = await Promise.all([
  import('./aggregate.ts'),
  import('./aggregator-options.ts'),
]);
const options = await readAggregatorOptions(process.stdin);
if (options !== undefined) await aggregate(options, mainGone);
// An open pipe would keep the process waiting for more of it.
process.stdin.destroy();
