import { describe, expect, it } from 'vitest';
import { ClientHealth, clientMomentOf, type HealthReport } from './client-health.ts';

const REPORT: HealthReport = {
  worker: 0,
  measured: true,
  events: 100,
  at_ns: 2_000_000_000,
  elapsed_ms: 1000,
  event_loop_delay_p99_ms: 1,
  event_loop_delay_max_ms: 2,
  late_ms_beyond: [0, 0, 0, 0],
  gc_pause_max_ms: 3,
  gc_total_ms: 10,
  cpu_share: 0.5,
  spin_share: 0.2,
  cpu_wait_share: 0.1,
  clock_step_ms: 0,
  send_delay_counts: [],
  pacing: 'precise',
  connections_opened: 4,
  connect_failures: 0,
  connect_back_off_ms: 0,
  resent: 0,
  stray_messages: 0,
  single_use_endpoints: 0,
};

function summaryOf(...changes: readonly Partial<HealthReport>[]): Record<string, unknown> {
  const health = new ClientHealth();
  for (const change of changes) health.fold({ ...REPORT, ...change });
  return health.summary() as Record<string, unknown>;
}

describe('clientMomentOf', () => {
  it('is about the time that ended when the report was made', () => {
    expect(clientMomentOf({ ...REPORT, at_ns: 5e9, elapsed_ms: 2000 }, 9e9)).toEqual({
      fromNs: 3e9,
      toNs: 5e9,
      event_loop_delay_max_ms: 2,
      late_p99_ms: null,
      gc_ms: 3,
      cpu_share: 0.5,
      cpu_wait_share: 0.1,
    });
  });

  it('takes a report of an earlier version for the second before the latest moment', () => {
    const { at_ns: _at, elapsed_ms: _elapsed, cpu_wait_share: _wait, ...early } = REPORT;
    expect(clientMomentOf(early, 9e9)).toMatchObject({ fromNs: 8e9, toNs: 9e9, cpu_wait_share: null });
  });

  it('says nothing of the CPU over a short time', () => {
    expect(clientMomentOf({ ...REPORT, elapsed_ms: 100 }, 0)).toMatchObject({
      cpu_share: null,
      cpu_wait_share: null,
      event_loop_delay_max_ms: 2,
    });
  });
});

describe('ClientHealth', () => {
  it('is unknown before the first report', () => {
    expect(new ClientHealth().summary()).toBeNull();
  });

  it('takes the worst of all workers and the sum of their connections', () => {
    expect(
      summaryOf(
        { gc_total_ms: 100 },
        {
          worker: 1,
          gc_pause_max_ms: 7,
          cpu_share: 0.7,
          clock_step_ms: -200,
          resent: 2,
          stray_messages: 3,
          single_use_endpoints: 1,
        },
      ),
    ).toMatchObject({
      workers: 2,
      pacing: 'precise',
      connections_opened: 8,
      resent: 2,
      stray_messages: 3,
      single_use_endpoints: 1,
      gc_pause_max_ms: 7,
      gc_share: 0.1,
      worker_cpu_max: 0.7,
      worker_cpu_wait_max: 0.1,
      busy_share: 0,
      clock_step_ms: 200,
      send_delay_p99_ns: null,
    });
  });

  it('does not hold a warm-up against the run', () => {
    const bad = { measured: false, cpu_share: 1, event_loop_delay_max_ms: 500, connections_opened: 9 };
    expect(summaryOf(bad)).toMatchObject({ worker_cpu_max: null, connections_opened: 9, busy_share: 0 });
    expect(summaryOf(bad, {})).toMatchObject({ worker_cpu_max: 0.5, event_loop_delay_max_ms: 2 });
  });

  it('counts a second as busy when a worker worked or waited for a core throughout', () => {
    const busy = { cpu_share: 0.7, cpu_wait_share: 0.25 };
    expect(summaryOf(busy, {}, {}, {})).toMatchObject({ busy_share: 0.25 });
    expect(summaryOf({ ...busy, elapsed_ms: 100 }, {})).toMatchObject({ busy_share: 0 });
    expect(summaryOf({ cpu_share: 0.96, cpu_wait_share: null })).toMatchObject({ busy_share: 1 });
    expect(summaryOf({ cpu_share: null, cpu_wait_share: null })).toMatchObject({ worker_cpu_max: null });
  });

  it('leaves a second in which nothing happened out of the shares, unless something would have been late', () => {
    const bad = { cpu_share: 1, gc_total_ms: 200, late_ms_beyond: [900, 800, 700, 0] };
    const shares = { busy_share: 1, gc_share: 0.2, late_p99_ms: summaryOf(bad).late_p99_ms };
    const idle = { events: 0, cpu_share: 0, gc_total_ms: 0 };
    expect(summaryOf(bad, ...Array<object>(99).fill(idle))).toMatchObject(shares);
    expect(summaryOf(bad, { ...idle, event_loop_delay_max_ms: 6 })).toMatchObject({ busy_share: 0.5 });
    expect(summaryOf(bad, { ...idle, clock_step_ms: 700 })).toMatchObject({ ...shares, clock_step_ms: 700 });
  });

  it('finds by how much a worker was late in 1 % of the time', () => {
    // One stall of 40 ms in a second: for 10 ms of it an event would have been more than 30 ms late.
    const stall = { late_ms_beyond: [1, 2, 4, 8, 16, 32].map((ms) => 40 - ms).concat(0, 0) };
    const late = summaryOf(stall).late_p99_ms as number;
    expect(late).toBeGreaterThan(16);
    expect(late).toBeLessThanOrEqual(32);
    expect(summaryOf(stall, ...Array<object>(9).fill({})).late_p99_ms).toBe(0);
    expect(summaryOf({}, { ...stall, worker: 1 }).late_p99_ms).toBe(late);
  });

  it('knows the 99th percentile of lateness to within its bucket', () => {
    expect(summaryOf({ send_delay_counts: [98, 0, 0, 2] }).send_delay_p99_ns).toBeGreaterThanOrEqual(4000);
    expect(summaryOf({ send_delay_counts: [99, 0, 0, 1] }).send_delay_p99_ns).toBeLessThanOrEqual(1000);
    expect(
      summaryOf({ send_delay_counts: [1] }, { send_delay_counts: [0, 0, 5] }).send_delay_p99_ns,
    ).toBeLessThan(4000);
  });

  it('reads a log of an early version, which had less', () => {
    const health = new ClientHealth();
    const { worker, event_loop_delay_p99_ms, event_loop_delay_max_ms, gc_pause_max_ms } = REPORT;
    const early = { worker, event_loop_delay_p99_ms, event_loop_delay_max_ms, gc_pause_max_ms };
    health.fold({ ...early, cpu_share: 0.99, connections_opened: 3, connect_failures: 1 });
    expect(health.summary()).toMatchObject({
      workers: 1,
      pacing: null,
      event_loop_delay_max_ms: 2,
      busy_share: 0,
      late_p99_ms: 0,
      connections_opened: 3,
      resent: 0,
      stray_messages: 0,
      single_use_endpoints: 0,
    });
  });
});
