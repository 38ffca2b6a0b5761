/**
 * The attacks of `npm test`, for as long as you like and with new draws each round: processes are hit by signals, logs damaged, run folders
 * laid with traps, sockets, servers and viewers turned hostile. Prints rounds and failures of each; a round that fails is saved as a file
 * in `failed/`, and a test repeats it from then on.
 *
 * Usage: npm run attack [-- --minutes 10 --seed 1 --only TEXT]; exit code 1 when something failed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alignColumns } from '../../src/core/text-table.ts';
import { ATTACKS, type AttackName } from './attacks.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    only: { type: 'string', default: '' },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const ROUND_MS = 5000;

interface Tally {
  rounds: number;
  failed: number;
  ms: number;
}

const names = (Object.keys(ATTACKS) as AttackName[]).filter((name) => name.includes(flags.only));
const tallies = new Map(names.map((name): [AttackName, Tally] => [name, { rounds: 0, failed: 0, ms: 0 }]));
const endMs = performance.now() + Number(flags.minutes) * 60_000;
say(`seed ${flags.seed}`);
for (let round = 0; performance.now() < endMs && names.length > 0; round++) {
  const name = names[round % names.length]!;
  await attack(name, Number(flags.seed) + round, tallies.get(name)!);
}
const rows = [...tallies].map(([name, { rounds, failed, ms }]) => [
  name,
  String(rounds),
  (rounds / (ms / 60_000)).toFixed(1),
  String(failed),
]);
say('');
for (const line of alignColumns([['attack', 'rounds', 'a minute', 'failed'], ...rows])) say(line);
process.exitCode = names.length > 0 && rows.every(([, , , failed]) => failed === '0') ? 0 : 1;

async function attack(name: AttackName, seed: number, tally: Tally): Promise<void> {
  const startedMs = performance.now();
  const { failures, input } = await ATTACKS[name](seed, ROUND_MS).catch((error: unknown) => ({
    failures: [`the round itself failed: ${error instanceof Error ? error.stack : String(error)}`],
    input: {},
  }));
  tally.rounds += 1;
  tally.ms += performance.now() - startedMs;
  if (failures.length === 0) return;
  tally.failed += 1;
  const directory = join(import.meta.dirname, 'failed');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}-${seed}.json`);
  writeFileSync(path, `${JSON.stringify({ attack: name, seed, input }, null, 2)}\n`);
  say(`${name}, seed ${seed}:\n  ${failures.join('\n  ')}\n  saved as ${path}`);
}
