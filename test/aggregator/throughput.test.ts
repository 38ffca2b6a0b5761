import { describe, expect, it } from 'vitest';
import { readThroughput, type Throughput } from '../../src/core/throughput.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import {
  complete,
  failed,
  issued,
  issuedDue,
  recvFirst,
  recvNonFirst,
  ScriptedRun,
  started,
  startTracking,
  stopTracking,
} from './scripted-run.ts';

const MS = 1e6;

function inOrder(records: readonly EventRecord[]): EventRecord[] {
  return records.toSorted((a, b) => a.timestampNs - b.timestampNs);
}

function throughputOf(run: ScriptedRun): Throughput | undefined {
  return readThroughput(run.aggregator.extras());
}

/** A sample each 10 ms for a second from `fromMs` on, answered after 40 ms. */
function aSecond(first: number, fromMs: number): EventRecord[] {
  return Array.from({ length: 100 }, (_, i) => {
    const atNs = (fromMs + 10 * i) * MS;
    return [issuedDue(first + i, atNs, atNs), complete(first + i, atNs + 40 * MS, { usage: [1, 8] })];
  }).flat();
}

describe('throughput of an aggregator', () => {
  it('has none before anything is measured, nor of a warm-up', () => {
    const run = new ScriptedRun();
    run.send(started(0), issued(1, 10 * MS), complete(1, 500 * MS));
    expect(throughputOf(run)).toBeUndefined();
  });

  it('adds up the windows of several phases, without the time between them', () => {
    const run = new ScriptedRun({ streaming: false });
    run.send(started(0), startTracking(0), ...inOrder(aSecond(0, 5)), stopTracking(2000 * MS));
    run.send(startTracking(60_000 * MS), ...inOrder(aSecond(100, 60_005)), stopTracking(62_000 * MS));
    const found = throughputOf(run)!;
    expect(found.parts).toHaveLength(2);
    expect(found.succeeded_per_second).toBeGreaterThan(95);
    expect(found.succeeded_per_second).toBeLessThan(105);
  });

  it('leaves a pause out', () => {
    const run = new ScriptedRun({ streaming: false });
    run.send(started(0), startTracking(0), ...inOrder(aSecond(0, 5)));
    run.aggregator.onMark({ at_ns: 1100 * MS, kind: 'pause', value: null, text: '' });
    run.aggregator.onMark({ at_ns: 9000 * MS, kind: 'resume', value: null, text: '' });
    run.send(...inOrder(aSecond(100, 9001)));
    const found = throughputOf(run)!;
    expect(found.parts).toHaveLength(2);
    expect(found.window_ns).toBeLessThan(2000 * MS);
    expect(found.output_tokens_per_second).toBeGreaterThan(760);
    expect(found.output_tokens_per_second).toBeLessThan(840);
  });

  it('tells failures apart, and counts in neither rate what the run cancelled', () => {
    const run = new ScriptedRun({ streaming: false });
    const records = aSecond(0, 5).flatMap((record) => {
      if (record.kind !== complete(0, 0).kind) return [record];
      const seq = record.sampleSeq as number;
      if (seq % 10 === 3) return [failed(seq, record.timestampNs, 'http_503'), record];
      return seq === 50 ? [failed(seq, record.timestampNs, 'cancelled'), record] : [record];
    });
    run.send(started(0), startTracking(0), ...inOrder(records));
    const found = throughputOf(run)!;
    expect(found.errored_per_second).toBeGreaterThan(9);
    expect(found.errored_per_second).toBeLessThan(11);
    expect(found.succeeded + found.errored + found.drain_ended).toBeLessThan(100);
  });

  it('counts tokens when they came, by our own count too, though it comes later', async () => {
    const run = new ScriptedRun();
    const text = Array.from({ length: 100 }, () => 'word').join(' ');
    const streamed = Array.from({ length: 20 }, (_, i) => {
      const atNs = 100 * i * MS;
      return [
        issuedDue(i, atNs, atNs),
        recvFirst(i, atNs + 50 * MS),
        recvNonFirst(i, atNs + 1050 * MS),
        complete(i, atNs + 5000 * MS, { answer: { output: text } }),
      ];
    }).flat();
    run.send(started(0), startTracking(0), ...inOrder(streamed));
    await run.queue!.drain();
    // Nothing completes before issuing ends: the window is that of a burst.
    const found = throughputOf(run)!;
    expect(found.ended_by).toBe('completions');
    const tokens = found.output_tokens_per_second * (found.window_ns / 1e9);
    expect(tokens).toBeGreaterThan(0);
    expect(tokens).toBeLessThanOrEqual(2000 + 1e-6);
    expect(found.output_tokens_per_second).toBeLessThan(1000);
  });

  it('has one hanging request outside of the window', () => {
    const run = new ScriptedRun({ streaming: false });
    run.send(
      ...[started(0), startTracking(0), issuedDue(1000, 7 * MS, 7 * MS)],
      ...inOrder(aSecond(0, 8)),
      ...[failed(1000, 30_000 * MS, 'timeout'), complete(1000, 30_000 * MS), stopTracking(30_001 * MS)],
    );
    const found = throughputOf(run)!;
    expect(found.succeeded_per_second).toBeGreaterThan(95);
    expect(found.drain_ns).toBeGreaterThan(28_000 * MS);
  });
});
