/**
 * Compares definitions of a sample percentile by simulation: how far each is from the true percentile of latency-like distributions.
 *
 * Usage: npm run bench:percentiles [-- --rounds 4000] [--each]     (--each: a table for each distribution, too)
 */
import { parseArgs } from 'node:util';
import { RandomSource } from '../../src/core/random.ts';
import { alignColumns } from '../../src/core/text-table.ts';
import { QUANTILE_DEFINITIONS, type QuantileDefinitionName } from './quantile-definitions.ts';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '4000' }, each: { type: 'boolean', default: false } },
});
const rounds = Number(flags.rounds);
const PERCENTILES = [50, 90, 95, 99];
const COUNTS = [5, 10, 20, 50, 100, 200, 500, 1000];
/** Values the true percentiles are taken from. */
const TRUTH_COUNT = 4_000_000;
const NAMES = Object.keys(QUANTILE_DEFINITIONS) as QuantileDefinitionName[];

const DISTRIBUTIONS: Readonly<Record<string, (random: RandomSource) => number>> = {
  exponential: (random) => random.exponential(1),
  'log-normal': (random) => Math.exp(0.8 * random.normal()),
  bimodal: (random) => (random.uniform() < 0.85 ? 100 + 10 * random.normal() : 500 + 60 * random.normal()),
  'heavy tail': (random) => (1 - random.uniform()) ** (-1 / 2.5),
};

/** Errors of one definition at one percentile and count, relative to the true value. */
interface Errors {
  bias: number;
  squares: number;
  tooLow: number;
}

type Table = Record<QuantileDefinitionName, Errors[][]>;

const say = (line = '') => process.stdout.write(`${line}\n`);
const tables = Object.entries(DISTRIBUTIONS).map(([name, draw], i): [string, Table] => [
  name,
  simulate(draw, new RandomSource(13 + i)),
]);
if (flags.each) {
  for (const [name, table] of tables) {
    say(`${name}:`);
    showTable([table]);
  }
}
say(
  'A cell holds, in per cent: bias, root mean square error, and how often the value is below the true one.',
);
say('`lower` is the definition of the reference, `inverted_cdf` the nearest rank, `hazen` ours.');
say(`All ${tables.length} distributions, ${rounds} samples of each size; mean of the sizes of their errors:`);
showTable(tables.map(([, table]) => table));

function simulate(draw: (random: RandomSource) => number, random: RandomSource): Table {
  const sortedDraws = (count: number) => Float64Array.from({ length: count }, () => draw(random)).sort();
  const many = sortedDraws(TRUTH_COUNT);
  const truths = PERCENTILES.map((p) => QUANTILE_DEFINITIONS.linear(many, p));
  const none = () => PERCENTILES.map(() => COUNTS.map((): Errors => ({ bias: 0, squares: 0, tooLow: 0 })));
  const table = Object.fromEntries(NAMES.map((name) => [name, none()])) as Table;
  COUNTS.forEach((count, c) => {
    for (let round = 0; round < rounds; round++) {
      const sorted = sortedDraws(count);
      for (const name of NAMES) {
        PERCENTILES.forEach((percentile, p) => {
          const error = QUANTILE_DEFINITIONS[name](sorted, percentile) / truths[p]! - 1;
          const errors = table[name][p]![c]!;
          errors.bias += error / rounds;
          errors.squares += error ** 2 / rounds;
          errors.tooLow += (error < 0 ? 1 : 0) / rounds;
        });
      }
    }
  });
  return table;
}

/** For each percentile a line a definition: bias, root mean square error, and how often it is below the true value. */
function showTable(shown: readonly Table[]): void {
  PERCENTILES.forEach((percentile, p) => {
    say(
      alignColumns([
        [`p${percentile}`, ...COUNTS.map((count) => `n=${count}`)],
        ...NAMES.map((name) => [
          name,
          ...COUNTS.map((_, c) => cell(shown.map((table) => table[name][p]![c]!))),
        ]),
      ]).join('\n'),
    );
    say();
  });
}

function cell(errors: readonly Errors[]): string {
  const mean = (of: (errors: Errors) => number) =>
    errors.reduce((sum, each) => sum + of(each), 0) / errors.length;
  const bias = mean(({ bias: signed }) => (errors.length === 1 ? signed : Math.abs(signed)));
  const rmse = mean(({ squares }) => Math.sqrt(squares));
  const below = mean(({ tooLow }) => tooLow);
  return `${percent(bias)} ${percent(rmse)} ${percent(below)}`;
}

function percent(share: number): string {
  return (share * 100).toFixed(0);
}
