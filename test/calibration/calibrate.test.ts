import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineClass, saveCalibration } from '../../src/app/machine/calibration-file.ts';
import { EXIT_CODES } from '../../src/core/errors.ts';
import type { CalibratedCell } from '../../src/report/error-bound.ts';
import { Workbench } from '../process/program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

interface Calibration {
  readonly machines: readonly {
    readonly cells: readonly {
      readonly requests_per_second: number;
      readonly streams: number;
      readonly chunks_per_second: number;
      readonly ttft_error: ErrorNs;
      readonly chunk_gap_error: ErrorNs;
      readonly latency_error: ErrorNs;
    }[];
  }[];
}
interface Summary {
  readonly client_error: { readonly kind: string };
}
interface ErrorNs {
  readonly count: number;
  readonly bias_ns: number;
  readonly p50_ns: number;
  readonly p99_ns: number;
  readonly max_ns: number;
}

/** A run that came to its end; on a busy machine its verdict may well be invalid. */
const DONE: readonly (number | null)[] = [EXIT_CODES.ok, EXIT_CODES.result];

/** Runs a small load against a mock server, with the calibration in `file`. */
async function runWith(file: string, ...more: string[]) {
  const url = await bench.mock(
    ...['--ttft', 'fixed:20', '--inter-token', 'fixed:10', '--output-tokens', 'fixed:5'],
  );
  return await bench.start(
    [
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(10)],
      ...['--rate', '30', '--samples', '20', '--out', bench.file('run'), ...more],
    ],
    { INFEROMETER_CALIBRATION: file },
  ).finished;
}

describe('inferometer calibrate', () => {
  it('measures errors that can be true, and a later run quotes them', async () => {
    const file = bench.file('state/calibration.json');
    const calibrate = bench.start(['calibrate', '--quick', '--grid', '50x20x20'], {
      INFEROMETER_CALIBRATION: file,
    });
    const finished = await calibrate.finished;
    expect(finished.code, finished.stderr).toBe(0);
    expect(finished.stderr).toContain('1/1  50 req/s, 20 streams, chunk each 20 ms: TTFT +');
    for (const line of finished.stdout.split('\n').filter((text) => !text.startsWith('saved: '))) {
      expect([...line].length).toBeLessThanOrEqual(80);
    }
    expect(finished.stdout).toContain(`saved: ${file}`);

    const { machines } = bench.json<Calibration>('state/calibration.json');
    const [cell] = machines[0]!.cells;
    expect(machines[0]!.cells).toHaveLength(1);
    // What the server stamped lies between what the client stamped: a negative error would be a wrong comparison.
    for (const error of [cell!.ttft_error, cell!.latency_error]) {
      expect(error.count).toBeGreaterThan(50);
      expect(error.bias_ns).toBeGreaterThan(0);
      expect(error.p50_ns).toBe(error.bias_ns);
      expect(error.p99_ns).toBeGreaterThanOrEqual(error.p50_ns);
      expect(error.max_ns).toBeGreaterThanOrEqual(error.p99_ns);
    }
    expect(cell!.chunk_gap_error.count).toBeGreaterThan(1000);

    const run = await runWith(file);
    expect(DONE, run.stderr).toContain(run.code);
    expect(run.stdout.replace(/\s+/g, ' ')).toMatch(
      /Calibration: TTFT is overstated by at most \S+ \S+ at p50 .* \(calibrated \d{4}-\d\d-\d\d at 50 requests\/s, 20 streams × 50 chunks\/s\)/,
    );
    expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toContain('Calibration: TTFT is overstated');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      client_error: { kind: 'bound', cell: { ttft: { p50_ns: cell!.ttft_error.p50_ns } } },
    });

    const replayed = await bench.start(['report', '--full', bench.file('run')], {
      INFEROMETER_CALIBRATION: file,
    }).finished;
    expect(replayed.stdout).toContain('Calibration: TTFT is overstated');
  });

  it('refuses a grid it cannot read before it starts anything', async () => {
    const finished = await bench.start(['calibrate', '--grid', '10x10', '--out', bench.file('c.json')])
      .finished;
    expect(finished.code).toBe(2);
    expect(finished.stderr).toMatch(/--grid must be requests\/s x streams x ms/);
    expect(existsSync(bench.file('c.json'))).toBe(false);
  });
});

describe('inferometer calibrate --out', () => {
  it('says that it cannot write there before it measures', async () => {
    writeFileSync(bench.file('place'), 'a file where a directory is wanted');
    const finished = await bench.start(['calibrate', '--out', bench.file('place/c.json')]).finished;
    expect(finished.code).toBe(2);
    expect(finished.stderr).toMatch(/^error: .*place\/c\.json: can't be written: .*$/m);
    expect(finished.stderr).not.toContain('1/9');
  });
});

describe('a run', () => {
  it('of another kind than was calibrated gets no bound', async () => {
    const file = bench.file('calibration.json');
    const error = { count: 1, biasNs: 1, p50Ns: 1, p99Ns: 1, maxNs: 1 };
    const cell: CalibratedCell = {
      load: { requestsPerSecond: 1e6, streams: 1e6, chunksPerSecond: 1e9 },
      workers: 1,
      calibratedAt: '2026-11-24T12:00:00.000Z',
      ...{ ttft: error, chunkGap: error, latency: error },
    };
    await saveCalibration(file, machineClass(), [cell]);
    const kind = () => bench.json<Summary>('run/performance/result_summary.json').client_error.kind;
    await runWith(file);
    expect(kind()).toBe('bound');
    rmSync(bench.file('run'), { recursive: true });
    await runWith(file, '--connections', 'new');
    expect(kind()).toBe('other_connections');
  });

  it('without a calibration says how to get one', async () => {
    const run = await runWith(bench.file('none.json'));
    expect(DONE, run.stderr).toContain(run.code);
    expect(run.stdout).toContain(
      'Calibration: none of this machine; to measure its error at rest: inferometer calibrate',
    );
  });

  it('with a corrupt one warns and is none the worse', async () => {
    const file = bench.file('calibration.json');
    writeFileSync(file, '{"format": 1, "machi');
    const run = await runWith(file);
    expect(DONE, run.stderr).toContain(run.code);
    expect(run.stderr).toMatch(
      /warning: .*calibration\.json: is no calibration of this program; move it away, and inferometer calibrate/,
    );
    expect(run.stdout).toContain('Calibration: none of this machine');
  });
});
