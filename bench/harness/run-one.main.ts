/** Runs one bench file in this process and sends its lines to the parent: FILE QUICK ROUNDS. */
import type { Bench } from './bench.ts';

const [path, quick, rounds] = process.argv.slice(2);
const { bench } = (await import(path!)) as { readonly bench: Bench };
const lines = await bench.run({
  quick: quick === 'quick',
  rounds: Number(rounds),
  say: (line) => process.stderr.write(`  ${line}\n`),
});
process.send!(lines, () => process.disconnect());
