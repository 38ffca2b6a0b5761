import { existsSync } from 'node:fs';
import { describe, it as anyIt } from 'vitest';
import { isRunning, waitFor, Workbench } from './program.ts';

/** Tests that mostly wait, so they wait together; each has a bench of its own. */
const it = anyIt.extend<{ place: Workbench }>({
  place: async ({}, use) => {
    const bench = new Workbench();
    await use(bench);
    await bench.end();
  },
});

interface StudyJson {
  readonly is_complete: boolean;
  readonly conclusions: readonly string[];
  readonly cells: readonly {
    readonly id: string;
    readonly state: string;
    readonly backlog_grows: boolean | null;
  }[];
}

const studyOf = (bench: Workbench) => bench.json<StudyJson>('study/study.json');

function start(bench: Workbench, url: string, command: string, ...flags: readonly string[]) {
  const target = ['--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20), '--events-jsonl', 'off'];
  return bench.start([command, ...target, '--out', bench.file('study'), ...flags]);
}

describe.concurrent('inferometer capacity', () => {
  it('is resumed after a kill with the same probes, and says in words what it found', async ({
    place: bench,
    expect,
  }) => {
    const url = await bench.mock('--ttft', 'fixed:5', '--inter-token', '0', '--output-tokens', '1');
    const program = start(
      bench,
      url,
      'capacity',
      '--slo',
      'ttft p90 < 2s',
      '--over',
      'concurrency=1..2',
      '--probe-duration',
      '8s',
      '--warmup',
      '700ms',
    );
    await program.waitForOutput(/cell 2 of 2: concurrency 2 for 2\.5 s/);
    await waitFor(
      () => existsSync(bench.file('study/cells/02-concurrency-2-2s/run.log')),
      'the second probe',
    );
    process.kill(program.pid, 'SIGKILL');
    await waitFor(() => !isRunning(program.pid), 'the end of the study');
    const { code, stdout, stderr } = await bench.start(['study', 'resume', bench.file('study')]).finished;
    expect(code, stderr).toBe(0);
    expect(studyOf(bench).cells.map(({ id }) => id)).toEqual([
      ...['01-concurrency-1-2s', '02-concurrency-2-2s', '03-concurrency-2-8s'],
    ]);
    expect(studyOf(bench).is_complete).toBe(true);
    // A probe is judged without its warm-up, nor the time in which the queue builds up.
    const { steady_state: steady } = bench.json<{
      steady_state: { found: boolean; chosen: string; from_ns: number; to_ns: number; slos: unknown };
    }>('study/cells/03-concurrency-2-8s/performance/result_summary.json');
    expect(steady).toMatchObject({ found: true, chosen: 'range' });
    expect(steady.from_ns).toBeGreaterThan(2.6e9);
    expect(steady.to_ns).toBeGreaterThan(10.6e9);
    // On a busy machine the verdict may leave it undecided.
    expect(steady.slos).toMatchObject([{ slo: 'ttft p90 < 2 s', unit: 'ns' }, { slo: 'errors < 1 %' }]);
    expect(stdout).toContain(
      'The server carries at least 2 requests in flight with ttft p90 < 2s and errors < 1%; the search ended there.',
    );
  });

  it('takes a load whose backlog grows for too much, though its SLOs hold', async ({
    place: bench,
    expect,
  }) => {
    const url = await bench.mock(
      '--ttft',
      'fixed:100',
      '--inter-token',
      '0',
      '--output-tokens',
      '1',
      '--slots',
      '1',
    );
    const flags = [
      '--slo',
      'latency p50 < 1h',
      '--over',
      'rate=40',
      '--duration',
      '9s',
      '--drain-timeout',
      '0',
    ];
    const { code, stderr } = await start(bench, url, 'sweep', ...flags).finished;
    expect(code, stderr).toBe(0);
    expect(studyOf(bench).cells[0]).toMatchObject({ state: 'done', backlog_grows: true });
  });

  it('refuses what it cannot search by one sentence', async ({ place: bench, expect }) => {
    const url = await bench.mock();
    const slo = ['--slo', 'ttft p99 < 1s'];
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['--over', 'rate=1..10'], "needs at least one --slo, e.g. --slo 'ttft p99 < 500ms'"],
      [[...slo], '--over must be given, e.g. --over rate=1..500'],
      [[...slo, '--over', 'rate=10..1'], 'rate: the range must end above 10'],
      [[...slo, '--over', 'rate=5'], 'rate: needs a range such as 1..500'],
      [[...slo, '--over', 'seed=1..5'], '--over must be of rate or concurrency'],
      [[...slo, '--over', 'concurrency=1..2.5'], '--over must be whole numbers for concurrency'],
      [[...slo, '--over', 'rate=1..5', '--duration', '5s'], '--over and --duration contradict each other'],
      [
        [...slo, '--over', 'rate=1..5', '--probe-duration', '1s'],
        '--probe-duration must be at least 8s (got "1s")',
      ],
      [['--slo', 'ttft p98 < 1s', '--over', 'rate=1..5'], "--slo: 'ttft p98 < 1s': expected a percentile"],
    ];
    const finished = await Promise.all(
      cases.map(([flags]) => start(bench, url, 'capacity', ...flags).finished),
    );
    for (const [i, [, message]] of cases.entries()) {
      expect(finished[i]!.stderr).toContain(message);
      expect(finished[i]!.code).toBe(2);
      expect(finished[i]!.stderr.trim().split('\n')).toHaveLength(1);
    }
    expect(existsSync(bench.file('study'))).toBe(false);
  });
});
