/**
 * The engine worker of this checkout and of another revision, pair by pair against one server: nothing but the two is run, so a pair takes
 * a dozen seconds and many fit into a few minutes. Exit code 1 when a load is slower: by more than the tolerance in the median, and in
 * every pair but one at most.
 *
 * Usage: npm run bench:compare -- --with REV --engine [--rounds N] [FILTER …]     (a filter is a part of a load's name)
 */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { otherCheckout, thisCheckout } from './harness/other-checkout.ts';
import { inMirroredTurn } from './harness/rounds.ts';
import { ratioOf, spreadOf } from './harness/spread.ts';
import { spreadText } from './harness/table.ts';
import { answerBytes, type CannedAnswer, streamedAnswer, wholeAnswer } from './system/canned-answers.ts';
import { type ClientOrder, type ClientResult, WARM_UP } from './system/clients/order.ts';
import { CannedServer, type Pace } from './system/server/canned-server.ts';

const DEFAULT_PAIRS = 9;
const TOLERANCE = 0.05;
const MEASURE_MS = 4000;

interface Load {
  readonly name: string;
  readonly connections: number;
  readonly answer: CannedAnswer;
  readonly pace?: Pace;
}

const STREAM = streamedAnswer(100);
const LOADS: readonly Load[] = [
  { name: 'requests, 64 connections', connections: 64, answer: wholeAnswer() },
  { name: 'requests, 256 connections', connections: 256, answer: wholeAnswer() },
  { name: 'chunks flat out, 256 streams', connections: 256, answer: STREAM },
  {
    name: 'chunks one in 10 ms, 256 streams',
    ...{ connections: 256, answer: STREAM, pace: { gapUs: 10_000, pace: 'spread' } },
  },
  {
    name: 'chunks one in 10 ms, 256 streams, all at once',
    ...{ connections: 256, answer: STREAM, pace: { gapUs: 10_000, pace: 'in-step' } },
  },
];

const run = promisify(execFile);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** @returns the exit code */
export async function compareEngine(
  revision: string,
  filters: readonly string[],
  pairs = DEFAULT_PAIRS,
): Promise<number> {
  const other = otherCheckout(revision);
  const loads = LOADS.filter(
    ({ name }) => filters.length === 0 || filters.some((text) => name.includes(text)),
  );
  say(
    `engine worker of this checkout to that of ${revision}, a CPU-second, median (lowest–highest) of ${pairs} pairs\n`,
  );
  let slower = 0;
  for (const load of loads) {
    const { ours, theirs } = await measure(load, other, pairs);
    const ratios = ours.map((value, pair) => value / theirs[pair]!);
    const ratio = ratioOf(ours, theirs);
    const isSlower =
      ratio.median < 1 - TOLERANCE && ratios.filter((r) => r < 1 - TOLERANCE).length >= pairs - 1;
    if (isSlower) slower += 1;
    const figures = `${spreadText(spreadOf(ours))}, was ${spreadText(spreadOf(theirs))}`;
    say(`${isSlower ? 'SLOWER' : 'same  '} ${load.name}: ${figures}; ratio ${spreadText(ratio)}`);
  }
  say(`\n${slower} slower`);
  return slower > 0 || loads.length === 0 ? 1 : 0;
}

async function measure({ connections, answer, pace }: Load, other: string, pairs: number) {
  const server = await CannedServer.start(answer, pace);
  const order: ClientOrder = {
    ...{ url: server.url, connections, streaming: answer === STREAM, answerBytes: answerBytes(answer) },
    ...{ warmUp: WARM_UP, measureMs: MEASURE_MS },
  };
  const worker = (checkout: string) => async () => {
    const path = resolve(checkout, 'bench/system/clients/engine.main.ts');
    const { stdout } = await run(process.execPath, [path, JSON.stringify(order)]);
    const { requests, chunks, cpuSeconds } = JSON.parse(stdout) as ClientResult;
    return (order.streaming ? chunks : requests) / cpuSeconds;
  };
  try {
    return await inMirroredTurn(pairs, { ours: worker(thisCheckout), theirs: worker(other) });
  } finally {
    await server.close();
  }
}
