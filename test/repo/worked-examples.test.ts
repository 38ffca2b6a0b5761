import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { littleError } from '../../src/core/throughput.ts';
import { percentileIndex } from '../../src/stats/percentile-key.ts';
import { fewestForInterval, intervalRanks } from '../../src/stats/quantile-interval.ts';
import { readThroughput } from '../../src/core/throughput.ts';
import { quantileOfSorted, quantilePlace } from '../../src/stats/quantile.ts';
import { ThroughputRecorder } from '../../src/stats/throughput-recorder.ts';
import { complete, issuedDue, ScriptedRun, started, startTracking } from '../aggregator/scripted-run.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/measurement.md'), 'utf8');

/** The paragraphs that begin with "Example" in a section. */
function exampleOf(section: string): string {
  const from = page.indexOf(`## ${section}\n`);
  const text = page.slice(from, page.indexOf('\n## ', from + 1));
  return text.slice(text.indexOf('**Example**')).split('\n\n')[0]!.replaceAll('\n', ' ');
}

describe('docs/measurement.md', () => {
  it('computes its percentiles right', () => {
    const example = exampleOf('Statistics');
    const latencies = [90, 110, 120, 130, 150, 170, 200, 480];
    expect(example).toContain('90, 110, 120, 130, 150, 170, 200 and 480 ms');
    const at = (p: number) => quantileOfSorted(latencies, p);
    const ends = (p: number) => {
      const { lower, upper } = intervalRanks(latencies.length, p);
      return [lower, upper].map((rank) => (rank === undefined ? undefined : latencies[rank - 1]));
    };
    expect([at(50), at(90), at(99)].map((ms) => Number(ms.toFixed(9)))).toEqual([140, 396, 480]);
    expect([ends(50), ends(90)]).toEqual([
      [90, 480],
      [150, undefined],
    ]);
    expect([50, 90, 99].map((p) => latencies[percentileIndex(8, p)])).toEqual([130, 200, 200]);
    for (const told of [
      'so 140 ms',
      '90–480 ms',
      '396 ms, and at least 150 ms',
      '480 ms, the maximum',
      '200 and 200 ms',
    ])
      expect(example).toContain(told);
  });

  it('knows how many values intervals need, and of how many p99 is the maximum', () => {
    expect([50, 90, 99, 99.9].map((p) => fewestForInterval(p))).toEqual([6, 36, 368, 3688]);
    expect(page).toContain('p50 needs at least 6 values for both ends, p90 36, p99 368 and p99.9 3688.');
    expect([quantilePlace(50, 99).lower, quantilePlace(51, 99).lower]).toEqual([49, 49]);
    expect(quantilePlace(51, 99).share).toBeGreaterThan(0);
    expect(page).toContain('**p99 of up to 50 values is their maximum**');
  });

  it('computes its throughput right, and Little’s law', () => {
    const example = exampleOf('Throughput');
    const recorder = new ThroughputRecorder();
    recorder.start(0);
    const samples = Array.from({ length: 20 }, (_, i) => {
      return { issuedNs: i * 1e8, endedNs: i * 1e8 + (i === 19 ? 5e9 : 2.5e8) };
    });
    for (const { issuedNs } of samples) recorder.onIssued(issuedNs);
    for (const { issuedNs, endedNs } of samples) recorder.onEnded(issuedNs, endedNs, true);
    const found = recorder.throughput()!;
    expect([found.start_ns / 1e9, found.end_ns / 1e9].map((s) => s.toFixed(2))).toEqual(['0.20', '1.90']);
    expect([found.succeeded, found.succeeded_per_second.toFixed(1)]).toEqual([17, '10.0']);
    expect([(found.drain_ns / 1e9).toFixed(2), found.drain_ended]).toEqual(['5.00', 3]);
    expect(example).toContain('In these 1.7 s 17 requests complete: **10.0 requests/s**.');
    expect(example).toContain('The drain is 5.00 s for the last 3 requests.');
    expect(example).toContain('divides 20 by 6.9 s: 2.90/s');
    expect((20 / 6.9).toFixed(2)).toBe('2.90');
    const untilIssuedNs = samples.reduce(
      (sum, { issuedNs, endedNs }) => sum + Math.min(endedNs, 1.9e9) - issuedNs,
      0,
    );
    expect(example).toContain(`On average ${(untilIssuedNs / 1.9e9).toFixed(2)} requests`);
    expect(found.mean_in_flight).toBeCloseTo(2.5, 2);
    expect(Math.abs(littleError(found)!)).toBeLessThan(0.001);
    expect(page).toContain('In the example above 2.50 requests are in flight on average');
  });

  it('has the same throughput from the events of a run', () => {
    const run = new ScriptedRun({ streaming: false });
    const events = Array.from({ length: 20 }, (_, i) => [
      issuedDue(i, i * 1e8, i * 1e8),
      complete(i, i * 1e8 + (i === 19 ? 5e9 : 2.5e8), { usage: [3, 10] }),
    ]).flat();
    run.send(started(0), startTracking(0), ...events.sort((a, b) => a.timestampNs - b.timestampNs));
    const throughput = readThroughput(run.aggregator.extras())!;
    expect(throughput.succeeded_per_second.toFixed(1)).toBe('10.0');
    expect(throughput.output_tokens_per_second.toFixed(0)).toBe('100');
  });
});
