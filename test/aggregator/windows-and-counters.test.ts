import { describe, expect, test } from 'vitest';
import { EventKind } from '../../src/core/event-types.ts';
import {
  complete,
  ended,
  event,
  failed,
  issued,
  recvFirst,
  recvNonFirst,
  ScriptedRun,
  started,
  startTracking,
  stopTracking,
} from './scripted-run.ts';

describe('errors', () => {
  const run = () => new ScriptedRun().send(started(0), startTracking(0));

  test('an error before the completion counts as a tracked failure', () => {
    const { count } = bound(run().send(issued(1, 100), failed(1, 400), complete(1, 401)));
    expect([count('total_samples_failed'), count('tracked_samples_failed')]).toEqual([1, 1]);
    expect([count('tracked_samples_errored'), count('tracked_samples_succeeded')]).toEqual([1, 0]);
  });

  test('an error behind the completion counts in the total only', () => {
    const { count } = bound(run().send(issued(1, 100), complete(1, 400), failed(1, 401)));
    expect([count('total_samples_failed'), count('tracked_samples_failed')]).toEqual([1, 0]);
    expect([count('tracked_samples_errored'), count('tracked_samples_succeeded')]).toEqual([0, 1]);
  });

  test('an error of an untracked sample counts in the total only', () => {
    const { count } = bound(new ScriptedRun().send(started(0), issued(1, 100), failed(1, 200)));
    expect([count('total_samples_failed'), count('tracked_samples_failed')]).toEqual([1, 0]);
  });

  test.each([EventKind.errorGeneric, EventKind.errorLoadgen, EventKind.errorSession, EventKind.errorClient])(
    'kind %i without a sample counts, and the batch goes on',
    (kind) => {
      const { count } = bound(run().send(event(kind, 10), issued(1, 20)));
      expect([count('total_samples_failed'), count('tracked_samples_issued')]).toEqual([1, 1]);
    },
  );

  test('each error of a sample counts, the sample itself once', () => {
    const { count } = bound(run().send(issued(1, 1), failed(1, 2), failed(1, 3), complete(1, 4)));
    expect([count('tracked_samples_failed'), count('tracked_samples_errored')]).toEqual([2, 1]);
  });

  test('a cancelled sample is cancelled, unless it had failed before', () => {
    const { count } = bound(
      run().send(
        issued(1, 1),
        failed(1, 2, 'cancelled'),
        complete(1, 3),
        issued(2, 4),
        failed(2, 5, 'timeout'),
        failed(2, 6, 'cancelled'),
        complete(2, 7),
      ),
    );
    expect([count('tracked_samples_cancelled'), count('tracked_samples_errored')]).toEqual([1, 1]);
    expect(count('tracked_samples_failed')).toBe(3);
  });

  test('a sample cancelled by plan is neither failed nor cancelled by the run, and has no latency', () => {
    const scripted = run().send(
      ...[issued(1, 1), recvFirst(1, 2), failed(1, 3, 'cancelled.planned'), complete(1, 4)],
      ...[issued(2, 5), failed(2, 6, 'timeout'), failed(2, 7, 'cancelled.planned'), complete(2, 8)],
    );
    const { count } = bound(scripted);
    expect(count('tracked_samples_cancelled_by_plan')).toBe(1);
    expect([count('tracked_samples_cancelled'), count('tracked_samples_errored')]).toEqual([0, 1]);
    expect(count('tracked_samples_failed')).toBe(1);
    expect(scripted.values('ttft_ns')).toEqual([1]);
    expect(scripted.values('sample_latency_ns')).toEqual([3]);
  });

  test('are told by type, most frequent first, with an example', () => {
    const scripted = new ScriptedRun().send(
      ...[started(0), issued(9, 0), startTracking(0), issued(1, 0), issued(2, 0), issued(3, 0)],
      failed(9, 1, 'http_503', 'of a warm-up, which is not measured'),
      failed(1, 1, 'timeout', 'after 5 s'),
      failed(2, 2, 'http_500', 'first'),
      failed(3, 3, 'http_500', 'second'),
      event(EventKind.errorSession, 4),
    );
    expect(scripted.aggregator.extras().errors_by_type).toEqual([
      { type: 'http_500', count: 2, example: 'first' },
      { type: 'timeout', count: 1, example: 'after 5 s' },
      { type: 'error.session', count: 1, example: '' },
    ]);
  });
});

describe('tracking windows', () => {
  test('a sample is tracked when it was issued between start and stop, and only then', () => {
    const run = new ScriptedRun().send(
      started(0),
      issued(1, 5),
      startTracking(10),
      issued(2, 20),
      complete(1, 30),
      stopTracking(40),
      issued(3, 50),
      complete(3, 60),
    );
    expect(run.aggregator.inFlightRows().map(({ seq }) => seq)).toEqual([2]);
    const { count } = bound(run);
    expect([count('total_samples_issued'), count('tracked_samples_issued')]).toEqual([3, 1]);
    expect([count('total_samples_completed'), count('tracked_samples_completed')]).toEqual([2, 0]);
  });

  test('a sample the run gives up does not lengthen what was tracked, one that fails does', () => {
    const run = new ScriptedRun().send(
      started(0),
      startTracking(0),
      ...[issued(1, 10), issued(2, 20), issued(3, 30)],
      complete(1, 100),
      failed(3, 900, 'cancelled'),
      complete(3, 900),
    );
    expect([run.aggregator.trackedDurationNs, run.aggregator.loadgenDurationNs]).toEqual([100, 90]);
    run.send(failed(2, 1000, 'timeout'), complete(2, 1000));
    expect([run.aggregator.trackedDurationNs, run.aggregator.loadgenDurationNs]).toEqual([1000, 990]);
  });

  test('the time of issuing is from the first tracked issue to the latest, ended or not', () => {
    const run = new ScriptedRun();
    const issuingNs = () => run.aggregator.extras().issuing_ns;
    run.send(started(0), issued(1, 5), startTracking(10), issued(2, 20));
    expect(issuingNs()).toBe(0);
    run.send(issued(3, 70), issued(4, 65), complete(3, 900), stopTracking(1000), issued(5, 2000));
    expect(issuingNs()).toBe(50);
  });

  test('a sample in flight at the stop is measured to its end', () => {
    const run = new ScriptedRun().send(
      started(0),
      startTracking(0),
      issued(1, 100),
      stopTracking(200),
      recvFirst(1, 300),
      complete(1, 500),
    );
    expect(run.values('ttft_ns')).toEqual([200]);
    expect(run.values('sample_latency_ns')).toEqual([400]);
    expect(run.aggregator.trackedDurationNs).toBe(500);
    expect(run.count('tracked_duration_ns')).toBe(0);
    run.aggregator.refreshDurations();
    expect(run.count('tracked_duration_ns')).toBe(500);
  });

  test('samples belong to the window they were issued in; durations add up', () => {
    const run = new ScriptedRun().send(
      started(0),
      startTracking(100),
      issued(1, 200),
      complete(1, 800),
      stopTracking(900),
      issued(2, 950),
      complete(2, 960),
      startTracking(1000),
      issued(3, 1100),
      complete(3, 1200),
      stopTracking(1300),
    );
    expect(run.aggregator.windows).toEqual([
      { startNs: 100, lastCompleteNs: 800, completedCount: 1 },
      { startNs: 1000, lastCompleteNs: 1200, completedCount: 1 },
    ]);
    expect(run.count('tracked_duration_ns')).toBe(900);
    expect(run.values('sample_latency_ns')).toEqual([600, 100]);
  });

  test('a window without a completion lasts 0', () => {
    const run = new ScriptedRun().send(startTracking(10), issued(1, 20), stopTracking(500));
    expect(run.count('tracked_duration_ns')).toBe(0);
    expect(run.count('legacy_loadgen_window_duration_ns')).toBe(0);
  });

  test('a second start opens none, a second stop closes none', () => {
    const run = new ScriptedRun().send(startTracking(10), startTracking(20));
    expect(run.aggregator.isTracking).toBe(true);
    run.send(stopTracking(30), stopTracking(40));
    expect(run.aggregator.isTracking).toBe(false);
    expect(run.aggregator.windows.map(({ startNs }) => startNs)).toEqual([10]);
  });

  test("LoadGen's ends with the sample issued last, not with the last completion", () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 100),
      issued(2, 200),
      complete(2, 600),
      complete(1, 900),
      stopTracking(1000),
    );
    expect(run.count('legacy_loadgen_window_duration_ns')).toBe(500);
  });

  test("of samples issued at once the first to complete ends LoadGen's; it is never negative", () => {
    const tie = new ScriptedRun().send(
      startTracking(0),
      issued(1, 100),
      issued(2, 100),
      complete(2, 150),
      complete(1, 190),
    );
    expect(tie.aggregator.loadgenDurationNs).toBe(50);
    const backwards = new ScriptedRun().send(startTracking(0), issued(1, 100), complete(1, 40));
    expect(backwards.aggregator.loadgenDurationNs).toBe(0);
  });

  test("LoadGen's counts before the origin of the times as behind it", () => {
    const run = new ScriptedRun().send(startTracking(-500), issued(1, -400), complete(1, -100));
    expect(run.aggregator.loadgenDurationNs).toBe(300);
  });
});

describe('rows', () => {
  test('start without stamps, keep what comes, and end with the completion', () => {
    const run = new ScriptedRun().send(startTracking(0), issued(7, 100));
    const row = { seq: 7, issuedNs: 100, dueNs: undefined, windowIndex: 0 };
    expect(run.aggregator.inFlightRows()).toEqual([
      { ...row, recvFirstNs: undefined, lastRecvNs: undefined },
    ]);
    run.send(recvFirst(7, 150), recvNonFirst(7, 160));
    expect(run.aggregator.inFlightRows()).toEqual([{ ...row, recvFirstNs: 150, lastRecvNs: 160 }]);
    run.send(complete(7, 200));
    expect(run.aggregator.inFlightRows()).toEqual([]);
  });

  test('a sample issued again keeps its row and moves to the latest window', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 10),
      stopTracking(20),
      startTracking(30),
      issued(1, 40),
    );
    expect(run.aggregator.inFlightRows()).toMatchObject([{ issuedNs: 40, windowIndex: 1 }]);
    expect(run.count('tracked_samples_issued')).toBe(2);
    expect(run.logLines.join()).toContain('issued again');
  });

  test('samples that all come twice are told a few times', () => {
    const twice = Array.from({ length: 40 }, (_, index) => issued(1 + (index >> 1), 10 + index));
    const run = new ScriptedRun().send(startTracking(0), ...twice);
    expect(run.logLines.filter((line) => line.includes('issued again'))).toHaveLength(6);
  });

  test('nothing happens to a sample that has none', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      recvFirst(9, 10),
      recvNonFirst(9, 20),
      complete(9, 30),
    );
    expect(run.aggregator.inFlightRows()).toEqual([]);
    expect(run.values('ttft_ns')).toEqual([]);
    expect(run.values('sample_latency_ns')).toEqual([]);
    expect([run.count('total_samples_completed'), run.count('tracked_samples_completed')]).toEqual([1, 0]);
  });

  test('events of no sample are ignored, not even counted', () => {
    const run = new ScriptedRun().send(startTracking(0), issued(undefined, 10), complete(undefined, 20));
    expect([run.count('total_samples_issued'), run.count('total_samples_completed')]).toEqual([0, 0]);
  });

  test('a number used again after its completion is a new sample', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 10),
      recvFirst(1, 12),
      complete(1, 20),
      issued(1, 100),
      complete(1, 130),
    );
    expect(run.values('sample_latency_ns')).toEqual([10, 30]);
    expect(run.values('ttft_ns')).toEqual([2]);
  });

  test('issued = succeeded + errored + cancelled + in flight', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      ...[1, 2, 3, 4, 5].map((sample) => issued(sample, sample)),
      complete(1, 10),
      failed(2, 11),
      complete(2, 12),
      failed(3, 13, 'cancelled'),
      complete(3, 14),
    );
    const { count } = bound(run);
    const endedCount =
      count('tracked_samples_succeeded') +
      count('tracked_samples_errored') +
      count('tracked_samples_cancelled');
    expect(endedCount).toBe(3);
    expect(run.aggregator.extras().in_flight).toBe(2);
  });
});

describe('the session', () => {
  test('is live from its start and draining from its end, each told once', () => {
    const run = new ScriptedRun();
    expect(run.aggregator.state).toBe('initialize');
    run.send(started(100));
    expect([run.aggregator.state, run.startCount]).toEqual(['live', 1]);
    run.send(ended(500), ended(600));
    run.send(ended(700));
    expect([run.aggregator.state, run.endCount]).toEqual(['draining', 1]);
    expect(run.count('total_duration_ns')).toBe(400);
  });

  test('a second start is an error that names both times; the first stays', () => {
    const run = new ScriptedRun().send(started(1000), started(5000), ended(8000));
    expect(run.logLines.filter((line) => line.startsWith('error'))).toEqual([
      expect.stringMatching(/1000.*5000/),
    ]);
    expect(run.count('total_duration_ns')).toBe(7000);
    expect(run.startCount).toBe(1);
  });

  test('without a start has no total duration', () => {
    expect(new ScriptedRun().send(issued(1, 50), ended(800)).count('total_duration_ns')).toBe(0);
  });

  test('what comes behind its end is dropped, in the same batch and later', () => {
    const run = new ScriptedRun().send(startTracking(0), issued(1, 100), ended(200), complete(1, 300));
    run.send(complete(1, 400));
    expect(run.count('total_samples_completed')).toBe(0);
  });

  test('the state survives from batch to batch', () => {
    const run = new ScriptedRun();
    for (const record of [started(0), startTracking(1), issued(1, 10), recvFirst(1, 15), complete(1, 20)]) {
      run.send(record);
    }
    expect(run.values('sample_latency_ns')).toEqual([10]);
  });

  test('the end of load generation changes nothing', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      event(EventKind.sessionStopLoadgen, 5),
      issued(1, 10),
    );
    expect(run.count('tracked_samples_issued')).toBe(1);
  });
});

test('finish reasons count for tracked samples: known ones by name, others together, none nowhere', () => {
  const reasons = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call', 'eos', '', 'STOP'];
  const run = new ScriptedRun().send(
    issued(99, 0),
    startTracking(0),
    ...reasons.flatMap((finishReason, i) => [issued(i, i), complete(i, i + 1, { finishReason })]),
    issued(50, 50),
    complete(50, 51),
    complete(99, 60, { finishReason: 'stop' }),
  );
  const { count } = bound(run);
  expect([
    count('tracked_finish_reason_stop'),
    count('tracked_finish_reason_length'),
    count('tracked_finish_reason_tool_calls'),
    count('tracked_finish_reason_content_filter'),
    count('tracked_finish_reason_function_call'),
    count('tracked_finish_reason_other'),
  ]).toEqual([1, 1, 1, 1, 1, 3]);
});

function bound(run: ScriptedRun) {
  return { count: run.count.bind(run) };
}
