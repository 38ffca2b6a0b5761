import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/core/log.ts';
import { MetricsExport } from '../../src/web/exported-metrics.ts';
import { OtlpPush } from '../../src/web/otlp-push.ts';
import { waitFor } from '../process/program.ts';
import { CollectorStub } from './collector-stub.ts';
import { madeUpSnapshot, RUNNING } from './snapshots.ts';

let collector: CollectorStub;
let url: string;
const lines: string[] = [];
const pushes: OtlpPush[] = [];
beforeEach(async () => {
  lines.length = 0;
  collector = new CollectorStub();
  url = await collector.start();
});
afterEach(async () => {
  await Promise.all(pushes.splice(0).map((push) => push.close()));
  await collector.stop();
});

function startPush(to = url): OtlpPush {
  const metrics = new MetricsExport();
  metrics.update(madeUpSnapshot(RUNNING), { level: 'valid', findings: [] });
  const push = new OtlpPush({
    ...{ url: to, version: '1.2.3', intervalMs: 20 },
    families: () => metrics.families('1.2.3'),
    log: createLog((line) => lines.push(line)),
  });
  pushes.push(push);
  return push;
}

describe('OTLP', () => {
  it('carries counters, gauges and histograms in protobuf', async () => {
    startPush();
    const { path, headers, service, metrics } = await waitFor(() => collector.pushes[0], 'push');
    expect(path).toBe('/v1/metrics');
    expect(headers['content-type']).toBe('application/x-protobuf');
    expect(service).toBe('inferometer');
    expect(metrics.get('inferometer_samples_issued_total')).toMatchObject({
      ...{ unit: '{sample}', kind: 'sum', isMonotonic: true, temporality: 2 },
      points: [{ value: 130, labels: { run_id: 'run-1' } }],
    });
    expect(metrics.get('inferometer_client_worker_cpu_max_ratio')).toMatchObject({
      ...{ unit: '1', kind: 'gauge' },
      points: [{ value: 0.5 }],
    });
    const ttft = metrics.get('inferometer_ttft_seconds')!;
    expect(ttft).toMatchObject({ unit: 's', kind: 'histogram', temporality: 2 });
    const [{ count, sum, bucketCounts, bounds, startUnixNs, unixNs }] = ttft.points as [
      Required<(typeof ttft.points)[0]>,
    ];
    expect(count).toBe(3);
    expect(sum).toBeCloseTo(0.12, 12);
    expect(bucketCounts).toHaveLength(bounds.length + 1);
    expect(bucketCounts.reduce((total, one) => total + one, 0)).toBe(3);
    expect(bucketCounts[bounds.indexOf(0.0562341)]).toBe(1);
    expect(Math.abs(unixNs / 1e6 - Date.now())).toBeLessThan(60_000);
    expect(startUnixNs).toBeLessThanOrEqual(unixNs);
  });

  it('goes on after a collector that refuses, and says so once', async () => {
    collector.status = 503;
    startPush(`${url}/custom/path`);
    await waitFor(() => collector.pushes.length >= 3, 'three pushes');
    expect(lines).toEqual([expect.stringMatching(/^warning: .*\/custom\/path: answered 503$/)]);
    collector.status = 200;
    await waitFor(() => lines.length === 2, 'word that it works again');
    expect(lines[1]).toMatch(/^info: .* again$/);
  });

  it('does no harm without a collector, and pushes once more at the end', async () => {
    await collector.stop();
    const push = startPush();
    await waitFor(() => lines.length > 0, 'warning');
    await push.close();
    expect(lines).toEqual([expect.stringMatching(/^warning: .*ECONNREFUSED/)]);
    await collector.start();
  });
});
