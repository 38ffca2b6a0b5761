import { describe, expect, it } from 'vitest';
import { limitingCauseText, type ServerLoad } from './limiting-cause.ts';
import type { CellResult } from './study-result.ts';

const MS = 1e6;
const SLO = 'ttft p99 < 500 ms';

interface Known extends Partial<Omit<CellResult, 'server' | 'figures'>> {
  readonly ttftMs?: number;
  readonly tpotMs?: number;
  readonly rate?: number;
  readonly errors?: number;
  readonly server?: Partial<ServerLoad>;
  readonly missed?: readonly string[];
}

function run(load: number, known: Known = {}): CellResult {
  const { ttftMs = 20, tpotMs = 5, rate = load, errors = 0, server, missed = [], ...more } = known;
  const figure = (value: number) => ({ value, low: null, high: null });
  const slos = missed.length === 0 ? [SLO] : missed;
  return {
    ...{ cell: { id: String(load), values: [String(load)], repeat: 1 }, state: 'done', startedAt: null },
    ...{ verdict: 'valid', backlogGrows: null, reason: null },
    slos: slos.map((slo) => ({
      ...{ slo, outcome: missed.length === 0 ? 'met' : 'missed', holds: missed.length === 0 },
    })),
    figures: {
      ...{ ttft_p50_ns: figure(ttftMs * MS), ttft_p90_ns: figure(2 * ttftMs * MS) },
      ...{ tpot_p90_ns: figure(tpotMs * MS), error_share: figure(errors) },
      requests_per_second: figure(rate),
    },
    server:
      server === undefined ? null : { queueMs: null, computeMs: null, waiting: null, kvUse: null, ...server },
    ...more,
  };
}

const text = (...results: CellResult[]) => limitingCauseText(results, (load) => `${load} requests/s`);

describe('what limits a load, by the metrics of the server', () => {
  const easy = run(10, { server: { queueMs: 1, computeMs: 15, waiting: 0 } });

  it('is its queue when that explains most of the added latency', () => {
    const hard = run(60, {
      ttftMs: 900,
      missed: [SLO],
      server: { queueMs: 850, computeMs: 18, waiting: 40 },
    });
    expect(text(hard, easy)).toBe(
      'What limits it is queueing in the server: at 60 requests/s, requests waited 850 ms in its queue (1.00 ms at 10 requests/s).',
    );
  });

  it('is its KV cache when requests queue because that is full', () => {
    const server = { queueMs: 850, computeMs: 18, waiting: 40, kvUse: 0.99 };
    expect(text(easy, run(60, { ttftMs: 900, missed: [SLO], server }))).toBe(
      'What limits it is the KV cache of the server: at 60 requests/s, requests waited 850 ms in its queue, with its cache 99.0 % full (1.00 ms at 10 requests/s).',
    );
  });

  it('is its computing when that grew more', () => {
    const server = { queueMs: 300, computeMs: 600, waiting: 4 };
    expect(text(easy, run(60, { ttftMs: 900, missed: [SLO], server }))).toBe(
      'What limits it is the computing of the server: at 60 requests/s, it took 600 ms to compute a response (15.0 ms at 10 requests/s).',
    );
  });

  it('is its queue where only the requests in it are told', () => {
    const [before, now] = [{ waiting: 2 }, { waiting: 31 }];
    expect(text(run(10, { server: before }), run(60, { ttftMs: 900, missed: [SLO], server: now }))).toBe(
      'What limits it is queueing in the server: at 60 requests/s, 31.0 requests waited there (2.00 at 10 requests/s).',
    );
  });

  it('is what is seen from outside when the server explains nothing', () => {
    const server = { queueMs: 2, computeMs: 16, waiting: 0 };
    expect(text(easy, run(60, { ttftMs: 900, missed: [SLO], server }))).toBe(
      'What limits it is the wait for the first token: at 60 requests/s, TTFT p90 was 1.80 s (40.0 ms at the lowest load).',
    );
  });
});

describe('what limits a load, without metrics of the server', () => {
  const hint = ' To see whether it is the queue or the computing, add --server-metrics.';

  it.each([
    [
      run(60, { missed: [SLO], backlogGrows: true, rate: 41.3 }),
      'What limits it is how fast the server answers: at 60 requests/s, requests came in faster than responses went out (41.3/s), so that more and more were in flight.',
    ],
    [
      run(60, { missed: ['errors < 1 %'], errors: 0.25 }),
      'What limits it is that requests fail: at 60 requests/s, 25.0 % did.',
    ],
    [
      run(60, { missed: ['tpot p90 < 20 ms'], tpotMs: 45, ttftMs: 60 }),
      'What limits it is the speed of the output: at 60 requests/s, TPOT p90 was 45.0 ms (5.00 ms at the lowest load).',
    ],
    [
      run(60, { missed: ['latency p50 < 9 ms'] }),
      'What limits it is latency p50 < 9 ms, which was missed at 60 requests/s.',
    ],
  ])('is told by what was seen: %#', (hard, expected) => {
    expect(text(run(10), hard)).toBe(expected + hint);
  });

  it('is the lightest load that missed, and never one at which the client was held up', () => {
    const held = run(40, { missed: [SLO], verdict: 'invalid', ttftMs: 700 });
    const hard = run(50, { missed: [SLO], ttftMs: 600 });
    expect(text(run(10), held, hard, run(60, { missed: [SLO], ttftMs: 900 }))).toContain('at 50 requests/s');
    expect(text(run(10), held)).toBe(
      'What limits it is the client: every run that missed the SLOs has the verdict invalid.',
    );
  });

  it('is not known while nothing was missed', () => {
    expect(text(run(10), run(20))).toBeUndefined();
    expect(text()).toBeUndefined();
  });
});
