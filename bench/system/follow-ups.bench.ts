import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quantileOfSorted } from '../../src/stats/quantile.ts';
import type { Bench, BenchLine } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { exportedSamples, finished } from './exported-samples.ts';
import { startMock, Workspace } from './program.ts';

const TURNS = 6;
const CONVERSATIONS = 1500;
const QUICK_CONVERSATIONS = 150;
/** At 5 ms a response and 200 ms of thought, close to 500 turns a second. */
const AT_ONCE = 100;
const THINK_TIME = 'exponential:200ms';
const RATE_PER_SECOND = 500;
const P99_GOAL_US = 500;
const NS_PER_US = 1000;

/**
 * How late the later turns of conversations go out: a whole run with live histories and think times, against the mock server in a process of its own.
 * Beside it, in turn, as many single requests at Poisson arrivals of about the same rate: what conversations add is the difference.
 */
export const bench: Bench = {
  async run({ quick, rounds, say }) {
    const workspace = new Workspace();
    try {
      const conversations = quick ? QUICK_CONVERSATIONS : CONVERSATIONS;
      const talks = talksFile(workspace, conversations);
      const prompts = workspace.prompts(conversations * TURNS);
      say(`${conversations} conversations of ${TURNS} turns`);
      const { followUps, poisson } = await inTurn<'followUps' | 'poisson', Float64Array>(rounds, {
        followUps: () =>
          latenessUs(workspace, talks, [
            ...['--multi-turn', '--concurrency', String(AT_ONCE), '--think-time', THINK_TIME],
          ]),
        poisson: () => latenessUs(workspace, prompts, ['--rate', String(RATE_PER_SECOND)]),
      });
      return [50, 99, 100].map((percentile) => lineOf(followUps, poisson, percentile));
    } finally {
      workspace.remove();
    }
  },
};

function lineOf(
  followUps: readonly Float64Array[],
  poisson: readonly Float64Array[],
  percentile: number,
): BenchLine {
  const of = (runs: readonly Float64Array[]) => runs.map((lateUs) => quantileOfSorted(lateUs, percentile));
  return {
    id: `system/follow-ups/p${percentile}`,
    what: `later turns of conversations, issued − due ${percentile === 100 ? 'max' : `p${percentile}`}`,
    unit: 'µs',
    value: spreadOf(of(followUps)),
    peer: {
      name: `Poisson arrivals at ${RATE_PER_SECOND}/s`,
      value: spreadOf(of(poisson)),
      ratio: ratioOf(of(followUps), of(poisson)),
    },
    isLessBetter: true,
    note: `${AT_ONCE} conversations at once with live histories and think times of 200 ms on average, about ${RATE_PER_SECOND} turns/s`,
    ...(percentile === 99
      ? {
          goal: { of: 'value', bound: 'at most', value: P99_GOAL_US } as const,
          tried:
            'single requests are as late in the same minute (beside it); what is left is the wait for a core, which server and aggregator need as well',
        }
      : {}),
  };
}

function talksFile(workspace: Workspace, count: number): string {
  const path = join(workspace.path, 'talks.json');
  const conversations = Array.from({ length: TURNS }, (_, turn) => [
    { from: 'human', value: `question ${turn}, if I may` },
    { from: 'gpt', value: 'an answer that was recorded' },
  ]).flat();
  const talks = Array.from({ length: count }, (_, id) => ({ id: `t${id}`, conversations }));
  writeFileSync(path, JSON.stringify(talks));
  return path;
}

/** Ascending, of all samples that were due at a time; of conversations, of the turns behind the first. Throws when one is missing. */
async function latenessUs(
  workspace: Workspace,
  dataset: string,
  load: readonly string[],
): Promise<Float64Array> {
  const mock = await startMock(['--ttft', 'fixed:5', '--output-tokens', 'fixed:1']);
  try {
    const out = workspace.freshRun();
    await finished([
      ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', dataset, ...load, '--quiet'],
      ...['--streaming', 'off', '--events-jsonl', 'off', '--out', out],
    ]);
    const samples = await exportedSamples(workspace, out, ['turn', 'due_ns', 'issued_ns']);
    const received = (await (await fetch(`${mock.url}/truth`)).text()).trimEnd().split('\n').length;
    if (received !== samples.length)
      throw new Error(`${samples.length} samples, and the server received ${received}`);
    const due = samples.filter(({ turn }) => turn !== 1);
    return Float64Array.from(due, (sample) => (sample.issued_ns - sample.due_ns) / NS_PER_US).sort();
  } finally {
    mock.child.kill('SIGTERM');
  }
}
