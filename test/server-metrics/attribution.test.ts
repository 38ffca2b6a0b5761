import { describe, expect, it } from 'vitest';
import { type RunHistory, SERVER_QUANTITIES, type ServerHistoryBins } from '../../src/core/run-history.ts';
import { type SlowCause, slowPeriods } from '../../src/report/slow-periods.ts';
import { ServerHistory } from '../../src/server-metrics/server-history.ts';
import { readServerFigures } from '../../src/server-metrics/server-sample.ts';
import { type ExporterName, EXPORTERS, newServer } from './exporters.ts';

const SECOND = 1e9;
const LENGTH = 40;
const SLOW = { from: 20, to: 28 };

/** A run of 40 s against a server with 100 ms to the first token, 5 requests a second; from 20 s to 28 s something makes that 400 ms. */
function runWith(exporter: ExporterName, cause: Exclude<SlowCause, 'unknown'> | undefined): RunHistory {
  const state = newServer();
  const servers = new ServerHistory();
  const bins = Object.fromEntries(SERVER_QUANTITIES.map((name) => [name, [] as (number | null)[]]));
  const ttft: number[] = [];
  const lateMs: number[] = [];
  for (let second = 0; second < LENGTH; second++) {
    const isSlow = cause !== undefined && second >= SLOW.from && second < SLOW.to;
    const [queueS, computeS] = [
      isSlow && cause === 'server_queue' ? 0.305 : 0.005,
      (isSlow && cause === 'server_compute' ? 0.395 : 0.095) * (1 + 0.02 * (second % 3)),
    ];
    state.waiting = isSlow && cause === 'server_queue' ? 9 : 0;
    state.requests += 5;
    state.promptTokens += 500;
    state.queueSeconds += 5 * queueS;
    state.computeSeconds += 5 * computeS;
    const figures = readServerFigures(EXPORTERS[exporter](state))!;
    expect(figures.server).toBe(exporter);
    const at = { at_ns: second * SECOND, took_ms: 1, url: 'http://s/metrics', failure: null };
    const moment = servers.fold({ ...at, figures })!;
    for (const name of SERVER_QUANTITIES) bins[name]!.push(name === 'power_watts' ? null : moment[name]);
    ttft.push((isSlow ? 0.4 : 0.1) * SECOND);
    lateMs.push(isSlow && cause === 'client' ? 290 : 0.2);
  }
  const zeros = new Array<number>(LENGTH).fill(0);
  return {
    format: 1,
    ...{ start_ns: 0, bin_ns: SECOND, end_ns: LENGTH * SECOND, marks: [], in_flight_max: zeros },
    counts: {} as RunHistory['counts'],
    series: { ttft_ns: { count: zeros, p50: ttft, p90: ttft, p99: ttft, max: ttft } },
    client: {
      event_loop_delay_max_ms: lateMs,
      late_p99_ms: lateMs,
      gc_ms: zeros,
      cpu_share: zeros,
      cpu_wait_share: zeros,
    },
    server: bins as unknown as ServerHistoryBins,
  };
}

const ALL = Object.keys(EXPORTERS) as ExporterName[];
const CAUSES = ['client', 'network', 'server_queue', 'server_compute'] as const;

describe.each(ALL)('slow periods with the metrics of %s', (exporter) => {
  it.each(CAUSES)('are told to be due to: %s', (cause) => {
    const periods = slowPeriods(runWith(exporter, cause));
    expect(periods).toEqual([
      {
        ...{ fromNs: SLOW.from * SECOND, toNs: SLOW.to * SECOND, cause },
        ...{ ttftNs: 0.4 * SECOND, usualNs: 0.1 * SECOND, evidence: expect.any(String) as string },
      },
    ]);
  });

  it('are none in a run that is never slow, nor without metrics', () => {
    expect(slowPeriods(runWith(exporter, undefined))).toEqual([]);
    const { server: _, ...without } = runWith(exporter, 'network');
    expect(slowPeriods(without)).toEqual([]);
  });
});

it('says what speaks for a cause', () => {
  const [queue] = slowPeriods(runWith('vLLM', 'server_queue'));
  expect(queue!.evidence).toBe('305 ms (usually 5.00 ms) in its queue, 9 waiting there');
  const [deferred] = slowPeriods(runWith('llama.cpp', 'server_queue'));
  expect(deferred!.evidence).toBe('9 requests waiting there, usually 0');
});
