import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor, WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

const TURNS = 5;

/** ShareGPT conversations. */
function sharegpt(count: number): string {
  const path = bench.file('talks.json');
  const talks = Array.from({ length: count }, (_, talk) => ({
    id: `t${talk}`,
    conversations: Array.from({ length: TURNS }, (__, turn) => [
      { from: 'human', value: `talk ${talk}, question number ${turn}, please` },
      { from: 'gpt', value: 'an answer that was recorded' },
    ]).flat(),
  }));
  writeFileSync(path, JSON.stringify(talks));
  return path;
}

/** Without it all conversations do the same at the same time, and may all be in their last turn when the run is cut off. */
const OUT_OF_STEP = ['--think-time', 'exponential:20ms'];

async function startRun(talks: number, ...flags: string[]) {
  const url = await bench.mock(
    '--ttft',
    'fixed:20',
    '--inter-token',
    'fixed:2',
    '--output-tokens',
    'fixed:5',
  );
  const run = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', sharegpt(talks), '--multi-turn'],
    ...['--concurrency', '6', '--out', bench.file('run'), ...flags],
  ]);
  await run.waitForOutput(/measuring/);
  return { run, url };
}

interface Counted {
  readonly begun: number;
  readonly completed: number;
  readonly failed: number;
  readonly cutOff: number;
}

/** Of the report on the run's folder. */
async function reported(): Promise<Counted & { readonly text: string; readonly neverSent: number }> {
  const { stdout } = await bench.start(['report', '--full', bench.file('run')]).finished;
  const text = stdout.replace(/\s+/g, ' ');
  const [, begun, completed, failed, cutOff] =
    /([\d,]+) begun = ([\d,]+) completed \+ ([\d,]+) failed \+ ([\d,]+) cut off/.exec(text) ?? [];
  const [, neverSent = '0'] = /cut off; ([\d,]+) turns? never sent/.exec(text) ?? [];
  return {
    ...{ begun: Number(begun), completed: Number(completed), failed: Number(failed), cutOff: Number(cutOff) },
    ...{ text, neverSent: Number(neverSent) },
  };
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

interface Manifest {
  readonly pids: { readonly main: number; readonly aggregator: number | null };
}

describe('a run of conversations', () => {
  it('sends each turn once, and tells of all of them', async () => {
    const { run, url } = await startRun(30, '--think-time', 'exponential:10ms');
    expect(WENT_THROUGH).toContain((await run.finished).code);
    const { text, neverSent, ...counts } = await reported();
    expect(counts).toEqual({ begun: 30, completed: 30, failed: 0, cutOff: 0 });
    expect(neverSent).toBe(0);
    expect(text).toContain('Total samples issued: 150');
    expect(text).toMatch(/Turn TTFT p50 p99/);
    expect(await bench.truth(url)).toHaveLength(150);

    const samples = await bench.samples();
    const places = samples.map(({ conversation, turn }) => `${conversation} ${turn}`);
    const all = Array.from({ length: 150 }, (_, i) => `${Math.floor(i / TURNS)} ${(i % TURNS) + 1}`);
    expect(places.toSorted()).toEqual(all.toSorted());

    const events = readFileSync(bench.file('run/events.jsonl'), 'utf8').trim().split('\n');
    const sampleOf = new Map(samples.map((sample) => [sample.sample_id!, sample]));
    // The dataset has ids for its conversations, and rows in their order.
    const idOf = ({ dataset_row: row }: Readonly<Record<string, string>>) =>
      `t${Math.floor(Number(row) / TURNS)}`;
    for (const line of events) {
      const { sample_uuid: id, conversation_id: talk, turn } = JSON.parse(line) as Record<string, unknown>;
      const sample = sampleOf.get(String(id));
      // The second question of a conversation is its third message.
      const place = turn === null ? undefined : [talk, (Number(turn) + 1) / 2];
      expect(place).toEqual(sample && [idOf(sample), Number(sample.turn)]);
    }
  });

  it('killed with conversations in flight, it still tells which were completed and which were cut off', async () => {
    const { run } = await startRun(400, ...OUT_OF_STEP);
    await sleep(1500);
    run.child.kill('SIGKILL');
    await run.finished;
    const { text, neverSent, ...counts } = await reported();
    expect(text).toContain('the run did not come to its end');
    expect(counts.completed).toBeGreaterThan(6);
    expect(counts.cutOff).toBeGreaterThan(0);
    expect(counts.cutOff).toBeLessThanOrEqual(6);
    expect(counts.begun).toBe(counts.completed + counts.failed + counts.cutOff);
    expect(neverSent).toBeGreaterThan(0);
    expect(neverSent).toBeLessThan(6 * TURNS);
  });

  it('stopped by Ctrl-C, it ends with the turns in flight, and counts those that were never sent', async () => {
    const { run } = await startRun(400, ...OUT_OF_STEP);
    await sleep(1000);
    run.child.kill('SIGINT');
    await run.finished;
    const { neverSent, ...counts } = await reported();
    expect(counts).toMatchObject({ failed: 0 });
    expect(counts.cutOff).toBeGreaterThan(0);
    expect(counts.cutOff).toBeLessThanOrEqual(6);
    expect(neverSent).toBeGreaterThan(0);
  });

  it('loses nothing when its aggregator is killed meanwhile', async () => {
    const { run } = await startRun(60);
    const pid = await waitFor(() => bench.tryJson<Manifest>('run/run.json')?.pids.aggregator, 'aggregator');
    await sleep(500);
    process.kill(pid, 'SIGKILL');
    expect(WENT_THROUGH).toContain((await run.finished).code);
    const { text: _, neverSent, ...counts } = await reported();
    expect(counts).toEqual({ begun: 60, completed: 60, failed: 0, cutOff: 0 });
    expect(neverSent).toBe(0);
  });
});

describe('what makes no sense is refused', () => {
  const refused = async (...flags: string[]) => {
    const { code, stderr } = await bench.start([
      ...['run', '--endpoint', 'http://127.0.0.1:9', '--model', 'm', '--dataset', sharegpt(2), ...flags],
    ]).finished;
    expect(code).toBe(2);
    return stderr;
  };

  it.each([
    [['--think-time', '2s'], '--think-time is only for --multi-turn'],
    [['--conversations', '5'], '--conversations is only for --multi-turn'],
    [
      ['--multi-turn', '--samples', '5'],
      '--samples cannot end a run with --multi-turn; use --conversations or --duration',
    ],
    [['--multi-turn', '--warmup', '5'], '--warmup must be a duration such as 10s with --multi-turn'],
    [
      ['--multi-turn', '--think-time', 'normal:2'],
      '--think-time must be a time with its unit such as 2s, or one of',
    ],
    [['--multi-turn', '--api', 'completions'], "--api completions cannot repeat this server's responses"],
    [['--multi-turn', '--extra', 'n=2'], 'can have one'],
  ])('%j', async (flags, message) => {
    expect(await refused(...flags)).toContain(message);
  });
});
