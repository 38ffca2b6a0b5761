import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RateProfile } from '../../src/plan/rate-profile.ts';
import type { Bench, BenchLine } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { KOLMOGOROV_LIMIT, kolmogorovDistance } from '../stats/kolmogorov.ts';
import { finished } from './exported-samples.ts';
import { startMock, Workspace } from './program.ts';
import { receivedSamples } from './received-samples.ts';

const NS_PER_S = 1e9;
const FROM_PER_SECOND = 10;
const TO_PER_SECOND = 1000;
const RAMP_S = 10;
const BEFORE_S = 1;
const QUICK_RAMP_S = 2;

/** Kolmogorov and Smirnov's distance from the process that was to be drawn. */
interface Distances {
  readonly received: number;
  readonly due: number;
}

/**
 * Whole runs that ramp from 10 to 1000 requests a second, with another seed each round. The mock server, in a process of its own, logs when
 * each request came: is that log within the noise of a Poisson process with the rate that the stages say at every moment?
 */
export const bench: Bench = {
  async run({ quick, rounds, say }) {
    const workspace = new Workspace();
    try {
      const rampS = quick ? QUICK_RAMP_S : RAMP_S;
      say(`ramp from ${FROM_PER_SECOND} to ${TO_PER_SECOND}/s over ${rampS} s`);
      let seed = 0;
      const { ramp } = await inTurn<'ramp', Distances>(rounds, {
        ramp: () => measured(workspace, rampS, ++seed),
      });
      return [lineOf(ramp, rampS)];
    } finally {
      workspace.remove();
    }
  },
};

function lineOf(rounds: readonly Distances[], rampS: number): BenchLine {
  const received = rounds.map((round) => round.received);
  const due = rounds.map((round) => round.due);
  return {
    id: 'system/ramp/received/distance',
    what: `ramp ${FROM_PER_SECOND} → ${TO_PER_SECOND}/s over ${rampS} s by the server's log, distance from its Poisson process`,
    unit: 'D√n',
    value: spreadOf(received),
    peer: { name: 'the due times', value: spreadOf(due), ratio: ratioOf(received, due) },
    isLessBetter: true,
    goal: { of: 'value', bound: 'at most', value: KOLMOGOROV_LIMIT },
    note: `each round has another seed; chance alone passes ${KOLMOGOROV_LIMIT} once in 1000 rounds`,
    tried:
      'the due times beside it are those of the plan: what is more was late, in the run or on the way to the server',
  };
}

async function measured(workspace: Workspace, rampS: number, seed: number): Promise<Distances> {
  const profile = new RateProfile([
    { forNs: BEFORE_S * NS_PER_S, fromPerSecond: FROM_PER_SECOND, toPerSecond: FROM_PER_SECOND },
    { forNs: rampS * NS_PER_S, fromPerSecond: FROM_PER_SECOND, toPerSecond: TO_PER_SECOND },
  ]);
  const dataset = join(workspace.path, 'prompts.jsonl');
  // More than will be sent, so that each is sent once at most.
  const rows = Array.from({ length: Math.ceil(2 * profile.totalCount) }, (_, i) =>
    JSON.stringify({ prompt: `#${i} hello` }),
  );
  writeFileSync(dataset, rows.join('\n'));
  const mock = await startMock(['--ttft', 'fixed:5', '--output-tokens', 'fixed:1']);
  try {
    const out = workspace.freshRun();
    await finished([
      ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', dataset, '--seed', String(seed)],
      ...['--streaming', 'off', '--events-jsonl', 'on', '--out', out, '--quiet'],
      '--stages',
      `rate ${FROM_PER_SECOND} for ${BEFORE_S}s, ramp to ${TO_PER_SECOND} over ${rampS}s`,
    ]);
    const samples = await receivedSamples(workspace, out, mock.url);
    const startNs = measuringSinceNs(out);
    const distance = (timesNs: readonly number[]) =>
      kolmogorovDistance(timesNs.map((ns) => profile.countAt(ns - startNs) / profile.totalCount));
    return {
      received: distance(samples.map(({ receivedNs }) => receivedNs)),
      due: distance(samples.map(({ dueNs }) => dueNs)),
    };
  } finally {
    mock.child.kill('SIGTERM');
  }
}

/** When the run began to measure, ns since its origin. */
function measuringSinceNs(run: string): number {
  const events = readFileSync(join(run, 'events.jsonl'), 'utf8');
  const [, atNs] = /"session.start_performance_tracking","timestamp_ns":(\d+)/.exec(events)!;
  const { origin_ns: originNs } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as {
    origin_ns: string;
  };
  return Number(BigInt(atNs!) - BigInt(originNs));
}
