import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { readRun, runBenchmark, type RunSettings } from '../../src/api/index.ts';
import { machineClass, saveCalibration } from '../../src/app/machine/calibration-file.ts';
import { Workbench } from '../process/program.ts';

const bench = new Workbench();
const { INFEROMETER_CALIBRATION } = process.env;
afterAll(() => {
  if (INFEROMETER_CALIBRATION === undefined) delete process.env['INFEROMETER_CALIBRATION'];
  else process.env['INFEROMETER_CALIBRATION'] = INFEROMETER_CALIBRATION;
  return bench.end();
});

it('readRun gives the report that the run wrote, with its steady state and calibration', async () => {
  const error = { count: 1, biasNs: 1, p50Ns: 1, p99Ns: 1, maxNs: 1 };
  const calibration = bench.file('calibration.json');
  await saveCalibration(calibration, machineClass(), [
    {
      load: { requestsPerSecond: 1e6, streams: 1e6, chunksPerSecond: 1e9 },
      ...{ workers: 1, calibratedAt: '2026-11-24T12:00:00.000Z' },
      ...{ ttft: error, chunkGap: error, latency: error },
    },
  ]);
  process.env['INFEROMETER_CALIBRATION'] = calibration;
  const url = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:5');
  const out = bench.file('run');
  const settings: RunSettings = {
    endpoints: [url],
    model: 'm',
    dataset: bench.dataset(20),
    load: { pattern: 'constant', rate_per_second: 100 },
    stop: { duration_ms: 1000 },
    steady_state: '200ms..800ms',
    report_html: false,
  };
  await runBenchmark(settings, { out }).result;
  const written = () =>
    JSON.parse(readFileSync(bench.file('run/performance/result_summary.json'), 'utf8')) as object;
  const [summary, files] = [written(), readdirSync(out, { recursive: true })];
  expect(summary).toMatchObject({
    client_error: { kind: 'bound' },
    steady_state: expect.anything() as unknown,
  });

  const { report } = await readRun(out);
  expect(report).toEqual({ ...summary, source: 'replay of the run log' });
  expect([written(), readdirSync(out, { recursive: true })]).toEqual([summary, files]);
});
