import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRunning, type Program, waitFor, Workbench } from './program.ts';

let bench: Workbench;
let url: string;
beforeEach(async () => {
  bench = new Workbench();
  url = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:4');
});
afterEach(() => bench.end());

interface StudyJson {
  readonly is_complete: boolean;
  readonly conclusions: readonly string[];
  readonly points: readonly {
    readonly settings: Record<string, string>;
    readonly runs: number;
    readonly figures: Record<string, { readonly value: number }>;
  }[];
  readonly cells: readonly {
    readonly id: string;
    readonly settings: Record<string, string>;
    readonly repeat: number;
    readonly state: string;
    readonly reason: string | null;
  }[];
}

const study = () => bench.json<StudyJson>('study/study.json');

/** What a table is about, without what was measured. */
const asked = ({ cells, points }: StudyJson) => ({
  cells: cells.map(({ id, settings, repeat, state }) => ({ id, settings, repeat, state })),
  points: points.map(({ settings, runs }) => ({ settings, runs })),
});

function sweepArgs(...more: readonly string[]): string[] {
  const target = ['--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20)];
  return ['sweep', ...target, '--events-jsonl', 'off', '--out', bench.file('study'), ...more];
}

const sweep = (...more: readonly string[]) => bench.start(sweepArgs(...more));
const resume = (...more: readonly string[]) => bench.start(['study', 'resume', bench.file('study'), ...more]);

/** How many requests the server got. */
async function requestCount(): Promise<number> {
  return (await bench.truth(url)).length;
}

/** The process of the cell that runs now. */
async function runningCell(program: Program): Promise<{ readonly id: string; readonly pid: number }> {
  return waitFor(() => {
    if (!existsSync(bench.file('study/cells'))) return undefined;
    for (const id of readdirSync(bench.file('study/cells'))) {
      const manifest = bench.tryJson<{ outcome: { state: string }; pids: { main: number } }>(
        join('study/cells', id, 'run.json'),
      );
      if (manifest?.outcome.state === 'running' && isRunning(manifest.pids.main))
        return { id, pid: manifest.pids.main };
    }
    return undefined;
  }, `a cell that runs (${program.stderr})`);
}

describe('inferometer sweep', () => {
  it('measures every combination with the flags of the run, and tells it in a table, JSON, CSV and a page', async () => {
    const { code, stdout, stderr } = await sweep(
      ...['--over', 'concurrency=1,2', '--over', 'max-output-tokens=2,4', '--samples', '12', '--gpus', '2'],
      ...[
        '--csv',
        bench.file('cells.csv'),
        '--between',
        `echo "$INFEROMETER_CELL" >> ${bench.file('hooks')}`,
      ],
    ).finished;
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^concurrency +max-output-tokens +tok\/s\/GPU/);
    expect(stdout).toContain('Highest throughput: ');

    const { cells, points, is_complete: isComplete } = study();
    expect(isComplete).toBe(true);
    expect(cells.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
    for (const { id, settings } of cells) {
      const config = readFileSync(bench.file(`study/cells/${id}/config.yaml`), 'utf8');
      expect(config).toContain(`concurrency: ${settings.concurrency}`);
      expect(config).toContain(`max_output_tokens: ${settings['max-output-tokens']}`);
      expect(config).toContain('samples: 12');
    }
    expect(await requestCount()).toBe(48);
    expect(points.map(({ settings }) => Object.values(settings).join())).toEqual([
      '1,2',
      '1,4',
      '2,2',
      '2,4',
    ]);
    for (const { settings, figures } of points) {
      const { id } = cells.find(
        (cell) => Object.values(cell.settings).join() === Object.values(settings).join(),
      )!;
      const { throughput } = bench.json<{ throughput: { output_tokens_per_second: number } }>(
        `study/cells/${id}/performance/result_summary.json`,
      );
      expect(figures.output_tokens_per_second!.value).toBe(throughput.output_tokens_per_second);
    }
    // The hook runs between cells: not before the first one.
    expect(readFileSync(bench.file('hooks'), 'utf8').trim().split('\n')).toEqual(
      cells.slice(1).map(({ id }) => id),
    );
    expect(readFileSync(bench.file('cells.csv'), 'utf8').trim().split('\n')).toHaveLength(5);
    const page = readFileSync(bench.file('study/study.html'), 'utf8');
    expect(page).toContain('Pareto fronts');
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    for (const [, href] of page.matchAll(/href="(cells\/[^"]+)"/g))
      expect(existsSync(bench.file(join('study', href!)))).toBe(true);

    const shown = await bench.start(['study', 'show', bench.file('study'), '--json']).finished;
    expect(asked(JSON.parse(shown.stdout) as StudyJson)).toEqual(asked(study()));
  });

  it('stops raising the load once throughput no longer rises', async () => {
    const full = await bench.mock(
      '--ttft',
      'fixed:20',
      '--inter-token',
      '0',
      '--output-tokens',
      '1',
      '--slots',
      '2',
    );
    const args = sweepArgs('--over', 'concurrency=4..512', '--stop-after-saturation', '--samples', '120');
    const { code, stdout } = await bench.start(args.map((one) => (one === url ? full : one))).finished;
    expect(code).toBe(0);
    // The server is full from the first load on; a busy machine may make one look better than the one before it, but not all.
    const states = study().cells.map(({ state }) => state);
    const done = states.indexOf('skipped');
    expect(done).toBeGreaterThanOrEqual(2);
    expect(states.slice(0, done)).toEqual(Array(done).fill('done'));
    expect(states.slice(done)).toEqual(Array(states.length - done).fill('skipped'));
    expect(study().is_complete).toBe(true);
    expect(stdout).toMatch(/\d cells? skipped: throughput no longer rose at a lower load/);
  });

  it('goes on when a cell crashes, and repeats that cell when it is resumed', async () => {
    const program = sweep('--over', 'concurrency=1,2', '--duration', '1s');
    const { id, pid } = await runningCell(program);
    process.kill(pid, 'SIGKILL');
    const { code, stdout } = await program.finished;
    expect(code).toBe(4);
    expect(stdout).toContain(`failed: ${id}: ended by SIGKILL`);
    expect(
      study()
        .cells.map(({ state }) => state)
        .toSorted(),
    ).toEqual(['done', 'failed']);
    const resumed = await resume().finished;
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain(`(${id})`);
    expect(study().cells.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(readdirSync(bench.file('study/cells')).filter((name) => name.includes('cut-short'))).toEqual([
      `${id}.cut-short`,
    ]);
  });

  it('ends by Ctrl-C with the report of the cell that ran, and is resumed there', async () => {
    const program = sweep('--over', 'concurrency=1,2', '--duration', '30s', '--report-html', 'on');
    const { id } = await runningCell(program);
    while ((await requestCount()) < 10) await new Promise((again) => setTimeout(again, 20));
    process.kill(program.pid, 'SIGINT');
    const { code, stderr } = await program.finished;
    expect(code).toBe(130);
    expect(stderr).toContain('to continue: inferometer study resume');
    expect(existsSync(bench.file(`study/cells/${id}/report.html`))).toBe(true);
    expect(existsSync(bench.file('study/study.html'))).toBe(true);
    expect(study().cells.map(({ state }) => state)).toEqual(['missing', 'missing']);
  });
});

describe('inferometer repeat', () => {
  it('tells each figure with its spread between runs', async () => {
    const target = [
      '--endpoint',
      url,
      '--model',
      'm',
      '--dataset',
      bench.dataset(20),
      '--out',
      bench.file('study'),
    ];
    const program = bench.start([
      'repeat',
      '2',
      ...target,
      '--concurrency',
      '2',
      '--samples',
      '20',
      '--events-jsonl',
      'off',
    ]);
    const { code, stdout, stderr } = await program.finished;
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ +mean +95 % interval +spread +lowest +highest\nRequests\/s/);
    expect(stdout).toContain('between runs (standard deviation of 2 runs)');
    expect(study().cells.map(({ id }) => id)).toEqual(['run-01', 'run-02']);
    expect(readFileSync(bench.file('study/study.html'), 'utf8')).toContain('Run by run');
    expect((await bench.start(['repeat', '1', ...target]).finished).stderr).toContain(
      '<n> must be a whole number from 2 to 100',
    );
  });
});

describe('inferometer quick', () => {
  it('needs a URL alone, and tells in words what it has found when it is stopped', async () => {
    const program = bench.start(['quick', url, '--out', bench.file('study')]);
    await program.waitForOutput(/cell 2 of 7: concurrency 2/);
    process.kill(program.pid, 'SIGINT');
    const { code, stdout } = await program.finished;
    expect(code).toBe(130);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^127\.0\.0\.1:\d+ is .* and serves mock over the chat API, streaming\.$/);
    expect(lines[1]).toMatch(/^A single user gets the first token after .* ms, then .* tokens\/s/);
    expect(lines.slice(0, 5).every((line) => line.endsWith('.'))).toBe(true);
    expect(lines[5]).toBe('');
    expect(existsSync(bench.file('study/report.html'))).toBe(true);
  });

  it('tells what is wrong with a server that it cannot use', async () => {
    const closed = await bench.start(['quick', 'http://127.0.0.1:1', '--out', bench.file('study')]).finished;
    expect(closed.code).toBe(3);
    expect(closed.stderr).toContain('http://127.0.0.1:1 cannot be probed');
    expect(existsSync(bench.file('study'))).toBe(false);
  });
});

describe('a study that was killed', () => {
  it('at any stage is resumed to the same table, with each cell once', async () => {
    const hook = `echo x >> ${bench.file('hooks')}; while [ ! -e ${bench.file('go')} ]; do sleep 0.05; done`;
    const kill = async (program: Program) => {
      process.kill(program.pid, 'SIGKILL');
      await waitFor(() => !isRunning(program.pid), 'the end of the study');
    };
    const flags = ['--over', 'concurrency=1,2,3', '--samples', '100', '--study-seed', '3', '--between', hook];

    const first = sweep(...flags);
    const cell = await runningCell(first);
    await kill(first);
    // Its run ends with it: nothing else loads the server when the study goes on.
    await waitFor(() => !isRunning(cell.pid), 'the end of the cell');
    const { outcome } = bench.json<{ outcome: { state: string } }>(`study/cells/${cell.id}/run.json`);
    expect(outcome.state).toBe('running');

    const second = resume();
    await waitFor(() => existsSync(bench.file('hooks')), 'the hook before the second cell');
    await kill(second);
    writeFileSync(bench.file('go'), '');

    const third = resume();
    await third.waitForOutput(/cell 3 of 3/);
    await kill(third);

    const { code, stderr } = await resume().finished;
    expect(code, stderr).toBe(0);
    const { cells, is_complete: isComplete } = study();
    expect(isComplete).toBe(true);
    // In the order that the seed gives, as without a kill.
    expect(cells.map(({ id }) => id)).toEqual([
      '2-concurrency-2-1',
      '3-concurrency-3-1',
      '1-concurrency-1-1',
    ]);
    const folders = readdirSync(bench.file('study/cells')).filter((name) => !name.includes('cut-short'));
    expect(folders.toSorted()).toEqual(cells.map(({ id }) => id).toSorted());
    for (const { id, state } of cells) {
      expect(state).toBe('done');
      const { samples } = bench.json<{ samples: { succeeded: number } }>(
        `study/cells/${id}/performance/result_summary.json`,
      );
      expect(samples.succeeded).toBe(100);
      expect(readFileSync(bench.file(`study/cells/${id}/config.yaml`), 'utf8')).toContain(
        `concurrency: ${id[0]}`,
      );
    }
    expect(existsSync(bench.file('study/study.lock'))).toBe(false);
  });
});

describe('a study refuses', () => {
  it('bad settings by one sentence, before anything is made or sent', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['--over', 'concurrency=8..1'], '"8..1" ends below its start'],
      [['--over', 'colour=1'], 'colour is no flag of run and no part of --synthetic'],
      [['--over', 'concurrency=1,0'], 'with concurrency 0: --concurrency must be a whole number'],
      [['--over', 'concurrency=1', '--slo', 'nonsense'], "--slo: 'nonsense': expected one of"],
      [['--over', 'header=a,b'], 'header may hold a secret and cannot be varied'],
      [['--over', 'concurrency=1', '--cool-down', '5'], '--cool-down must be a duration with its unit'],
      [['--over', 'seed=1,2', '--stop-after-saturation'], '--stop-after-saturation needs a load to raise'],
      [['--preset', 'mlperf-endpoints:20'], 'the highest concurrency must be a whole number above 33'],
    ];
    const finished = await Promise.all(cases.map(([flags]) => sweep(...flags).finished));
    for (const [i, [, message]] of cases.entries()) {
      expect(finished[i]!.code).toBe(2);
      expect(finished[i]!.stderr).toContain(message);
      expect(finished[i]!.stderr.trim().split('\n')).toHaveLength(1);
    }
    expect(existsSync(bench.file('study'))).toBe(false);
    expect(await requestCount()).toBe(0);
  });

  it('a study.yaml that was changed, and secrets that it does not have', async () => {
    const between = `[ -e ${bench.file('go')} ]`;
    const secret = 'sk-very-secret-1234';
    const program = sweep(
      '--over',
      'concurrency=1,2',
      '--samples',
      '5',
      '--between',
      between,
      '--api-key',
      secret,
    );
    const { code, stderr } = await program.finished;
    expect(code).toBe(4);
    expect(stderr).toContain(`--between '${between}' failed before cell`);
    expect(stderr).toContain('to continue: inferometer study resume');
    const path = bench.file('study/study.yaml');
    const text = readFileSync(path, 'utf8');
    for (const file of ['study.yaml', 'study.json', 'study.html'])
      expect(readFileSync(bench.file(`study/${file}`), 'utf8')).not.toContain(secret);

    writeFileSync(path, text.replace('concurrency=1,2', 'concurrency=1,2,4'));
    const changed = await resume('--api-key', secret).finished;
    expect(changed.code).toBe(2);
    expect(changed.stderr).toContain(`${path}: was changed since the study began`);
    writeFileSync(path, text);
    const keyless = await resume().finished;
    expect(keyless.code).toBe(2);
    expect(keyless.stderr).toContain('a value of --api-key was not saved because it may be a secret');

    writeFileSync(bench.file('go'), '');
    const resumed = await resume('--api-key', secret).finished;
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('1 cell is there already');
    rmSync(path);
    expect((await resume().finished).stderr).toContain('no study here (study.yaml is missing)');
  });
});
