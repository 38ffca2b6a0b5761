import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportedNames, MetricsExport } from '../../src/web/exported-metrics.ts';
import type { SloVerdict } from '../../src/rules/slo-verdict.ts';
import { prometheusText } from '../../src/web/prometheus.ts';
import { madeUpSnapshot, RUNNING, type MadeUp } from './snapshots.ts';

const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
const DASHBOARD = resolve(import.meta.dirname, '../../docs/grafana-dashboard.json');

const NO_INTERVAL = { low: null, high: null };
const SLOS = [
  { slo: 'ttft p99 < 500 ms', unit: 'ns', value: 432e6, holds: true },
  { slo: 'errors < 1 %', unit: 'share', value: 0.02, holds: false },
].map((slo) => ({
  ...{ outcome: 'undecided', interval: NO_INTERVAL, withClient: NO_INTERVAL, reason: null },
  ...slo,
})) as readonly SloVerdict[];

function textOf(...snapshots: readonly MadeUp[]): Promise<string> {
  const metrics = new MetricsExport();
  for (const madeUp of snapshots) {
    metrics.update(madeUpSnapshot(madeUp), { level: 'degraded', findings: [], slos: SLOS });
  }
  return prometheusText(metrics.families('1.2.3'));
}

/** `name{labels}` → value. */
function valuesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('metrics for Prometheus', () => {
  it('are in base units, with the run as a label', async () => {
    const values = valuesOf(await textOf(RUNNING));
    const run = '{run_id="run-1"}';
    expect(values.get(`inferometer_samples_issued_total${run}`)).toBe(130);
    expect(values.get(`inferometer_samples_in_flight${run}`)).toBe(10);
    expect(values.get(`inferometer_measured_samples_errored_total${run}`)).toBe(3);
    expect(values.get(`inferometer_output_tokens_total${run}`)).toBe(300);
    expect(values.get(`inferometer_requested_samples_per_second${run}`)).toBe(50);
    expect(values.get(`inferometer_run_duration_seconds${run}`)).toBe(75);
    expect(values.get(`inferometer_client_event_loop_delay_max_seconds${run}`)).toBe(0.0125);
    expect(values.get('inferometer_errors_total{run_id="run-1",type="http_503"}')).toBe(3);
    expect(values.get(`inferometer_conversations_begun_total${run}`)).toBe(9);
    expect(values.get(`inferometer_conversations_failed_total${run}`)).toBe(1);
    expect(values.get(`inferometer_good_samples_total${run}`)).toBe(81);
    expect(values.get(`inferometer_goodput_samples_per_second${run}`)).toBe(40.5);
    const group = '{run_id="run-1",dimension="endpoint",group="http://a:1"}';
    expect(values.get(`inferometer_group_good_samples_total${group}`)).toBe(49);
    expect(values.get('inferometer_slo_value{run_id="run-1",slo="ttft p99 < 500 ms"}')).toBe(0.432);
    expect(values.get('inferometer_slo_kept{run_id="run-1",slo="ttft p99 < 500 ms"}')).toBe(1);
    expect(values.get('inferometer_slo_kept{run_id="run-1",slo="errors < 1 %"}')).toBe(0);
    expect(values.get('inferometer_verdict{run_id="run-1",level="degraded"}')).toBe(1);
    expect(values.get('inferometer_verdict{run_id="run-1",level="valid"}')).toBe(0);
    expect(values.get('inferometer_run_state{run_id="run-1",state="live"}')).toBe(1);
  });

  it('have histograms whose counts, sum and buckets belong together', async () => {
    // The second snapshot has more values and no distributions: the histogram stays that of the first.
    const more: MadeUp = { ...RUNNING, series: { ttft_ns: [1, 2, 3, 4, 5] }, withDistributions: false };
    const values = valuesOf(await textOf(RUNNING, more));
    const bucket = (le: string) => values.get(`inferometer_ttft_seconds_bucket{run_id="run-1",le="${le}"}`);
    expect(bucket('0.0177828')).toBe(0);
    expect(bucket('0.0316228')).toBe(1);
    expect(bucket('0.0562341')).toBe(2);
    expect(bucket('0.1')).toBe(3);
    expect(bucket('+Inf')).toBe(3);
    expect(values.get('inferometer_ttft_seconds_count{run_id="run-1"}')).toBe(3);
    expect(values.get('inferometer_ttft_seconds_sum{run_id="run-1"}')).toBeCloseTo(0.12, 12);
    expect(values.get('inferometer_issue_delay_seconds_bucket{run_id="run-1",le="0.000001"}')).toBe(1);
  });

  it('tell each endpoint apart', async () => {
    const values = valuesOf(await textOf(RUNNING));
    const of = (name: string, group: string, more = '') =>
      values.get(`inferometer_group_${name}{run_id="run-1",dimension="endpoint",group="${group}"${more}}`);
    expect(of('samples_issued_total', 'http://a:1')).toBe(60);
    expect(of('samples_ended_total', 'http://b:2', ',outcome="succeeded"')).toBe(33);
    expect(of('output_tokens_total', 'http://b:2')).toBe(400);
    expect(of('latency_seconds', 'http://a:1', ',percentile="99"')).toBe(1.5);
    expect(of('latency_seconds', 'http://b:2', ',percentile="99"')).toBeUndefined();
  });

  it('forget the run before', async () => {
    const text = await textOf(RUNNING, { runId: 'run-2', withDistributions: false });
    expect(text).not.toContain('run-1');
    expect(text).not.toContain('inferometer_ttft_seconds');
  });

  it('keep types of errors few', async () => {
    const errors = Array.from({ length: 50 }, (_, i) => ({ type: `type_${i}`, count: 1, example: '' }));
    const text = await textOf({ ...RUNNING, extras: { ...RUNNING.extras, errors_by_type: errors } });
    const found = [...valuesOf(text)].filter(([name]) => name.startsWith('inferometer_errors_total'));
    expect(found).toHaveLength(21);
    expect(found.at(-1)).toEqual(['inferometer_errors_total{run_id="run-1",type="other"}', 30]);
  });

  it('are there before the first run, too', async () => {
    expect(await prometheusText(new MetricsExport().families('1'))).toContain(
      'inferometer_build_info{version="1"} 1',
    );
  });

  it.skipIf(!HAS_PROMTOOL)(
    'pass promtool without a warning (skipped where promtool is not installed)',
    async () => {
      const text = await textOf(RUNNING);
      for (const name of exportedNames()) expect(text).toContain(`# TYPE ${name} `);
      const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      expect(checked.stdout + checked.stderr).toBe('');
      expect(checked.status).toBe(0);
    },
  );
});

describe('the Grafana dashboard', () => {
  it('asks for nothing that is not exported, and for every distribution', async () => {
    const dashboard = readFileSync(DASHBOARD, 'utf8');
    const { panels } = JSON.parse(dashboard) as {
      readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
    };
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const asked = new Set(queries.flatMap((query) => query.match(/inferometer_\w+/g) ?? []));
    const text = await textOf(RUNNING);
    const exported = new Set([...valuesOf(text).keys()].map((name) => name.replace(/\{.*/, '')));
    const distributions = [...exported].filter((name) => name.endsWith('_bucket'));
    expect(distributions.filter((name) => !asked.has(name))).toEqual([]);
    expect([...asked].filter((name) => !exported.has(name))).toEqual([]);
  });
});
