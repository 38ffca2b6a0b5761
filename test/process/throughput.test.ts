import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numberText } from '../../src/core/quantity-text.ts';
import { readThroughput, type Throughput } from '../../src/core/throughput.ts';
import { LiveViewModel } from '../../src/live/view-model.ts';
import { parseSnapshotJson } from '../../src/metrics/snapshot-json.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

function textOf(name: string): string {
  return readFileSync(bench.file(name), 'utf8');
}

interface Summary {
  readonly qps: number;
  readonly throughput: Throughput & { readonly little_error: number };
  readonly ttft: { readonly quantiles: Record<string, { readonly value: number; readonly ci_low: number }> };
}

async function measure(
  name: string,
  mockFlags: readonly string[],
  flags: readonly string[],
): Promise<string> {
  const url = await bench.mock(...mockFlags, '--inter-token', 'fixed:4', '--output-tokens', 'fixed:5');
  const run = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20)],
    ...['--events-jsonl', 'off', '--out', bench.file(name), ...flags],
  ]);
  const finished = await run.finished;
  expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
  return finished.stdout + finished.stderr;
}

describe('throughput of a run', () => {
  it("keeps Little's law within 2 % in a steady run, and is the same number in every view", async () => {
    const printed = await measure(
      'steady',
      ['--ttft', 'fixed:10'],
      ['--concurrency', '8', '--duration', '4s', '--report-html', 'on'],
    );
    const { throughput, ttft } = bench.json<Summary>('steady/performance/result_summary.json');
    expect(Math.abs(throughput.little_error)).toBeLessThan(0.02);
    // Eight slots, which are filled anew as soon as one is free.
    expect(throughput.mean_in_flight).toBeGreaterThan(7);
    expect(throughput.mean_in_flight).toBeLessThanOrEqual(8);
    expect(throughput.ended_by).toBe('issuing');

    const rate = `${numberText(throughput.succeeded_per_second)} requests/s succeeded`;
    expect(printed).toContain(rate);
    expect(textOf('steady/report.txt')).toContain(`Throughput: ${rate}`);
    const page = textOf('steady/report.html');
    expect(page).toContain(`<dd>${numberText(throughput.succeeded_per_second)}/s<small>`);

    const watched = await bench.start(['watch', bench.file('steady'), '--once', '--json']).finished;
    const told = parseSnapshotJson(watched.stdout);
    expect(readThroughput(told.extras)?.succeeded_per_second).toBe(throughput.succeeded_per_second);
    expect(new LiveViewModel().update(told)).toMatchObject({
      succeededPerSecond: throughput.succeeded_per_second,
      outputTokensPerSecond: throughput.output_tokens_per_second,
      rows: expect.arrayContaining([
        expect.objectContaining({ label: 'TTFT', p99: ttft.quantiles['99.0']!.value }),
      ]) as unknown,
    });

    const steady = bench.file('steady');
    const compared = await bench.start(['compare', steady, steady, '--format', 'json']).finished;
    const { comparisons } = JSON.parse(compared.stdout) as {
      comparisons: { metrics: Record<string, { baseline: number }> }[];
    };
    const { metrics } = comparisons[0]!;
    expect(metrics.samples_per_second!.baseline).toBeCloseTo(throughput.succeeded_per_second, 6);
    expect(metrics.output_tokens_per_second!.baseline).toBeCloseTo(throughput.output_tokens_per_second, 3);
    expect(metrics['ttft_ns.p50']!.baseline).toBe(ttft.quantiles['50.0']!.value);
  });

  it('is not diluted by requests that hang', async () => {
    await measure(
      'hanging',
      ['--ttft', 'fixed:10', '--fail', 'stall=0.02'],
      ['--pattern', 'constant', '--rate', '50', '--duration', '2s', '--request-timeout', '6s'],
    );
    const { throughput, qps } = bench.json<Summary>('hanging/performance/result_summary.json');
    expect(throughput.drain_ended).toBeGreaterThan(0);
    expect(throughput.drain_ns).toBeGreaterThan(3e9);
    expect(throughput.succeeded_per_second).toBeGreaterThan(1.7 * qps);
    expect(throughput.succeeded_per_second).toBeLessThan(60);
    expect(textOf('hanging/report.txt')).toMatch(/^Drain: \d\.\d\d s for the last/m);
  });
});

describe('inferometer compare', () => {
  it('refuses a baseline that failed throughout', async () => {
    const load = ['--concurrency', '2', '--samples', '40'];
    await measure('failed', ['--ttft', 'fixed:1', '--fail', 'status:503=1'], load);
    await measure('sound', ['--ttft', 'fixed:1'], load);
    const [failed, sound] = [bench.file('failed'), bench.file('sound')];
    const refused = await bench.start(['compare', failed, sound]).finished;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      `${failed}: none of its 40 measured samples succeeded (most frequent error: http_503); choose a baseline with successful samples`,
    );
    const compared = await bench.start(['compare', sound, failed]).finished;
    expect([0, 6], compared.stderr).toContain(compared.code);
    for (const line of compared.stdout.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80);
  });
});
