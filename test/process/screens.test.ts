import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { parseSnapshotJson } from '../../src/metrics/snapshot-json.ts';
import { WENT_THROUGH, Workbench, type Finished } from './program.ts';

/** What a run and a watch print where there is no terminal. */
describe('without a terminal', { timeout: 60_000 }, () => {
  const bench = new Workbench();
  let json: Finished;
  let quiet: Finished;

  beforeAll(async () => {
    const url = await bench.mock('--ttft', 'fixed:20', '--inter-token', 'fixed:2');
    const load = ['--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20), '--rate', '40'];
    const run = (...flags: readonly string[]) =>
      bench.start(['run', ...load, '--samples', '60', ...flags], {}, bench.path).finished;
    [json, quiet] = await Promise.all([
      run('--out', 'runs/a', '--json-lines'),
      run('--out', 'quiet', '--quiet'),
    ]);
  });
  afterAll(() => bench.end());

  const watch = (...args: readonly string[]): Promise<Finished> =>
    bench.start(['watch', ...args], {}, bench.path).finished;

  it('--json-lines prints the start, the progress and the result, an object a line', () => {
    const { code, stdout, stderr } = json;
    expect(WENT_THROUGH).toContain(code);
    expect(stderr).toBe('');
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects[0]).toEqual({ type: 'started', run_directory: 'runs/a' });
    const progress = objects.slice(1, -1);
    expect(progress.length).toBeGreaterThan(0);
    for (const { type } of progress) expect(type).toBe('progress');
    const { type, run_directory, ...report } = objects.at(-1)!;
    expect([type, run_directory]).toEqual(['result', 'runs/a']);
    // Like result_summary.json, word for word.
    expect(report).toEqual(bench.json('runs/a/performance/result_summary.json'));
  });

  it('--quiet prints the result alone', () => {
    const { stdout, stderr } = quiet;
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^(?:VALID|DEGRADED|INVALID)[^]*report: quiet\/report\.txt\n$/);
  });

  it('watch finds the newest run, and tells how it stands once', async () => {
    const other = new Workbench();
    try {
      expect((await other.start(['watch', '--once'], {}, other.path).finished).code).toBe(EXIT_CODES.input);
    } finally {
      await other.end();
    }
    const { run_id } = bench.json('runs/a/run.json');
    const once = await watch('--once', '--json');
    expect(once.code).toBe(0);
    const { state, extras } = parseSnapshotJson(once.stdout);
    expect({ state, run: extras?.run }).toMatchObject({ state: 'complete', run: { run_id } });
    const line = await watch('--once');
    expect(line.stdout).toMatch(/^\d:\d\d {2}complete {2}60 of 60 issued .*\n$/);
  });

  it('watch --replay plays a run at the pace that is asked for, to the same end', async () => {
    // Four seconds of 1.5, so that a viewer that comes late still sees some of it.
    const { code, stdout } = await watch('--replay', '--speed', '0.4', 'runs/a');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[0]).toContain('  live  ');
    expect(lines.at(-1)).toBe((await watch('--once', 'runs/a')).stdout.trimEnd());
    expect((await watch('--replay', '--speed', '0', 'runs/a')).code).toBe(EXIT_CODES.input);
  });
});
