import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceSnapshot } from '../../src/app/reports/report-source.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { createLog, SILENT_LOG } from '../../src/core/log.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { snapshotJsonText } from '../../src/metrics/snapshot-json.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../../src/metrics/snapshot-subscriber.ts';
import type { SessionState } from '../../src/metrics/snapshot.ts';
import { bindMemoryPublisher, connectMemorySubscriber, MemoryBus } from '../../src/transport/memory.ts';
import { RecordedRun } from './recorded-run.ts';

let run: RecordedRun;
let directory: RunDirectory;
let lines: string[];
const log = createLog((line) => lines.push(line), 'warning');
beforeEach(() => {
  run = new RecordedRun();
  directory = RunDirectory.open(run.path);
  mkdirSync(directory.metricsPath);
  lines = [];
});
afterEach(() => run.remove());

function snapshotOf(state: SessionState) {
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  registry.registerCounter('tracked_samples_issued').set(state === 'live' ? 1 : 2);
  return registry.buildSnapshot({ timestampNs: 1, state, pendingTaskCount: 0 });
}

/** A subscriber that has received snapshots of these states. */
async function subscriberThatSaw(...states: SessionState[]): Promise<SnapshotSubscriber> {
  const bus = new MemoryBus();
  const publisher = bindMemoryPublisher(bus, new SnapshotCodec(), 'snapshots');
  const subscriber = new SnapshotSubscriber({
    subscriber: await connectMemorySubscriber(bus, new SnapshotCodec(), 'snapshots'),
  });
  for (const state of states) (await publisher).publish(snapshotOf(state));
  while (states.length > 0 && subscriber.latest?.state !== states.at(-1))
    await new Promise((resolve) => setImmediate(resolve));
  return subscriber;
}

const source = (subscriber: SnapshotSubscriber | undefined, sessionEnded = true, unrecordedFrames = 0) =>
  sourceSnapshot({
    directory,
    subscriber,
    sessionEnded,
    aggregatorRestarts: 2,
    frames: 0,
    tokenizerPath: undefined,
    unrecordedFrames,
    log,
  });

const recordAll = () => {
  run.writeHeader();
  run.start();
  for (let seq = 0; seq < 3; seq++) run.sample(seq);
  run.end();
};

describe('sourceSnapshot', () => {
  it('takes the file first', async () => {
    recordAll();
    writeFileSync(directory.finalSnapshotPath, snapshotJsonText(snapshotOf('complete')));
    const sourced = await source(await subscriberThatSaw('live', 'complete'));
    expect(sourced?.source).toBe('final snapshot file');
    expect(sourced?.snapshot).toMatchObject({ state: 'complete', metrics: [{ value: 2 }] });
    expect(lines).toEqual([]);
  });

  it('takes the terminal frame when the file is missing', async () => {
    const sourced = await source(await subscriberThatSaw('live', 'complete'));
    expect(sourced?.source).toBe('final snapshot frame');
    expect(lines).toEqual([]);
  });

  it('warns of a malformed file and goes on to the frame', async () => {
    writeFileSync(directory.finalSnapshotPath, '{"counter": 1, "state"');
    const sourced = await source(await subscriberThatSaw('complete'));
    expect(sourced?.source).toBe('final snapshot frame');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(directory.finalSnapshotPath);
  });

  it('replays the log when there is neither', async () => {
    recordAll();
    const sourced = await source(await subscriberThatSaw('live'));
    expect(sourced?.source).toBe('replay of the run log');
    expect(sourced?.snapshot.state).toBe('complete');
    const issued = sourced?.snapshot.metrics.find(({ name }) => name === 'tracked_samples_issued');
    expect(issued).toMatchObject({ value: 3 });
  });

  it('falls back to the latest live snapshot when the log is broken', async () => {
    recordAll();
    await run.writer.close();
    const { readFileSync } = await import('node:fs');
    const bytes = readFileSync(run.logPath);
    bytes[200]! ^= 0xff;
    writeFileSync(run.logPath, bytes);
    const sourced = await source(await subscriberThatSaw('live'));
    expect(sourced?.source).toBe('latest live snapshot');
    expect(sourced?.snapshot.state).toBe('live');
    expect(lines.join()).toContain('corrupt');
  });

  it('gives an interrupted snapshot of a log without an end, torn or not', async () => {
    run.writeHeader();
    run.start();
    run.sample(0);
    appendFileSync(run.logPath, 'INFR torn');
    const sourced = await source(undefined);
    expect(sourced?.snapshot.state).toBe('interrupted');
    expect(sourced?.snapshot.extras).toMatchObject({ event_stream: { torn_bytes: 9 } });
  });

  it('replays the log when the snapshot was interrupted and the session went on to its end', async () => {
    recordAll();
    writeFileSync(directory.finalSnapshotPath, snapshotJsonText(snapshotOf('interrupted')));
    const sourced = await source(undefined);
    expect(sourced?.source).toBe('replay of the run log');
    expect(sourced?.snapshot).toMatchObject({
      state: 'complete',
      extras: { event_stream: { aggregator_restarts: 2 } },
    });
    expect((await source(undefined, false))?.source).toBe('final snapshot file');
  });

  it('counts frames that could not be recorded as lost', async () => {
    run.writeHeader();
    run.start();
    const sourced = await source(undefined, false, 7);
    expect(sourced?.snapshot.extras).toMatchObject({ event_stream: { frames: 2, lost_frames: 7 } });
  });

  it('has nothing when there is nothing', async () => {
    expect(await source(undefined)).toBeUndefined();
  });
});
