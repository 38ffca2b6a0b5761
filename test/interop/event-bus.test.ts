import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Subscriber } from 'zeromq';
import { RunFold } from '../../src/app/fold/run-fold.ts';
import { SnapshotTap } from '../../src/app/fold/snapshot-tap.ts';
import { SERIES } from '../../src/core/metric-catalogue.ts';
import { SILENT_LOG } from '../../src/core/log.ts';
import { encodeBatchFrame } from '../../src/events/columnar-codec.ts';
import { EventRecordCodec } from '../../src/events/record-codec.ts';
import { parseSnapshotJson, toJson } from '../../src/metrics/snapshot-json.ts';
import type { MetricSnapshot, MetricsSnapshot } from '../../src/metrics/snapshot.ts';
import { readFrames } from '../../src/runlog/read.ts';
import { FrameKind, sealFrame } from '../../src/transport/frame.ts';
import { WENT_THROUGH, Workbench } from '../process/program.ts';
import { type MlcommonsMessage, readMlcommonsMessage } from './mlcommons-wire.ts';

const ROWS = 40;

let bench: Workbench;
let endpoint: string;
beforeEach(async () => {
  bench = new Workbench();
  endpoint = await bench.mock(
    '--port',
    '0',
    '--ttft',
    'fixed:5',
    '--inter-token',
    'fixed:1',
    '--fail',
    'status:503=0.2',
  );
});
afterEach(() => bench.end());

function startRun(...flags: string[]) {
  const dataset = bench.dataset(ROWS);
  const settings = ['--endpoint', endpoint, '--model', 'm', '--dataset', dataset, '--out', bench.file('run')];
  return bench.start(['run', ...settings, '--event-wire', 'mlcommons', ...flags]);
}

/** Everything a subscriber gets, up to the end of the session. */
async function capture(address: string): Promise<readonly MlcommonsMessage[]> {
  const subscriber = new Subscriber({ receiveHighWaterMark: 0, linger: 0 });
  subscriber.subscribe();
  subscriber.connect(address);
  const messages: MlcommonsMessage[] = [];
  while (messages.at(-1)?.topic !== 'session.ended') {
    const [message] = await subscriber.receive();
    messages.push(readMlcommonsMessage(message!));
  }
  subscriber.close();
  return messages;
}

const recordsOf = (messages: readonly MlcommonsMessage[]) => messages.flatMap(({ records }) => records);

/** The metrics of a snapshot by name, as a file has them; those of connections aside, which no event tells of. */
function metricsOf(snapshot: MetricsSnapshot): ReadonlyMap<string, MetricSnapshot> {
  const { metrics } = parseSnapshotJson(
    JSON.stringify(toJson(snapshot), (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  );
  const isTold = ({ name }: MetricSnapshot) =>
    !SERIES.some((one) => one.connectionsOnly && one.name === name);
  return new Map(metrics.filter(isTold).map((metric) => [metric.name, metric]));
}

/** Folds what was captured as what a foreign publisher sent: only whether answers are streamed comes from the run. */
async function fold(messages: readonly MlcommonsMessage[], logPath: string): Promise<MetricsSnapshot> {
  let last: MetricsSnapshot | undefined;
  const runFold = new RunFold({
    ...{ publisher: new SnapshotTap((snapshot) => (last = snapshot)), finalPath: undefined },
    ...{ publishIntervalMs: 0, drainTimeoutMs: 0, spillDirectory: bench.path, log: SILENT_LOG },
    tokenizerOf: () => null,
    eventStream: () => ({}),
  });
  for await (const frame of readFrames(logPath)) {
    await runFold.handle(frame);
    break;
  }
  const codec = new EventRecordCodec();
  for (const [i, { payloads }] of messages.entries()) {
    const bytes = encodeBatchFrame(codec.decodeBatch(payloads));
    await runFold.handle(sealFrame(bytes, FrameKind.events, i + 1));
  }
  await runFold.finished();
  return last!;
}

it('a subscriber of MLCommons gets every event of a run in its format, whenever it comes', async () => {
  const run = startRun('--rate', '60', '--duration', '2s');
  const [, address] = await run.waitForOutput(/subscribe at (\S+);/);
  await run.waitForOutput(/measuring/);
  await sleep(500);
  const messages = await capture(address!);
  expect(WENT_THROUGH).toContain((await run.finished).code);
  expect(bench.json<{ addresses: object }>('run/run.json').addresses).toMatchObject({
    event_bus: address,
    event_wire: 'mlcommons',
  });

  const records = recordsOf(messages);
  expect(records.slice(0, 2).map(({ event_type }) => event_type)).toEqual([
    'session.started',
    'session.start_performance_tracking',
  ]);
  expect(records.slice(-2).map(({ event_type }) => event_type)).toEqual([
    'session.stop_performance_tracking',
    'session.ended',
  ]);
  const samples = Map.groupBy(
    records.filter(({ sample_uuid }) => sample_uuid !== ''),
    ({ sample_uuid }) => sample_uuid,
  );
  const summary = bench.json<{ n_samples_issued: number; n_samples_failed: number }>(
    'run/performance/result_summary.json',
  );
  expect(samples.size).toBe(summary.n_samples_issued);
  expect(samples.size).toBeGreaterThan(80);
  let failed = 0;
  for (const [uuid, events] of samples) {
    expect(uuid).toMatch(/^[0-9a-f]{32}$/);
    const order = events.map(({ event_type }) => event_type.replace(/^(sample|error)\./, '')).join(' ');
    expect(order).toMatch(/^issued( recv_first( recv_non_first)*)?( client| generic)? complete$/);
    expect(
      events.every(({ timestamp_ns }, i) => i === 0 || timestamp_ns >= events[i - 1]!.timestamp_ns),
    ).toBe(true);
    expect(events[0]!.data!.slice(0, 2)).toEqual([
      'PromptData',
      expect.stringMatching(/^#\d+ tell me a story$/),
    ]);
    const complete = events.at(-1)!;
    const error = events.at(-2)!;
    if (error.event_type.startsWith('error.')) {
      failed += 1;
      expect(error.data![0]).toBe('ErrorData');
    } else {
      expect(complete.data?.[0]).toBe('TextModelOutput');
      expect(complete.finish_reason).toMatch(/^(stop|length)$/);
    }
  }
  expect(failed).toBe(summary.n_samples_failed);
  expect(failed).toBeGreaterThan(0);

  const final = parseSnapshotJson(readFileSync(bench.file('run/metrics/final_snapshot.json'), 'utf8'));
  const folded = metricsOf(await fold(messages, bench.file('run/run.log')));
  expect(folded).toEqual(metricsOf(final));
});

it('a subscriber that was stopped does not slow the load, and misses nothing', async () => {
  const address = `ipc://${bench.file('events')}`;
  const script = `
    import { Subscriber } from 'zeromq';
    const subscriber = new Subscriber({ receiveHighWaterMark: 0 });
    subscriber.subscribe();
    subscriber.connect(${JSON.stringify(address)});
    for await (const [message] of subscriber) {
      const topic = message.subarray(0, 40).toString().replaceAll('\\0', '');
      console.log(topic);
      if (topic === 'session.ended') break;
    }`;
  const subscriber = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let heard = '';
  subscriber.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text));
  const run = startRun('--event-address', address, '--rate', '60', '--duration', '2s');
  await expect.poll(() => heard, { timeout: 20_000, interval: 10 }).toContain('session.started');
  // That it gets the last event, too, shows that nobody waited until it was given up.
  subscriber.kill('SIGSTOP');
  await run.waitForOutput(/finishing the metrics/);
  await run.waitForOutput(/report: /);
  subscriber.kill('SIGCONT');
  expect(WENT_THROUGH).toContain((await run.finished).code);
  await expect.poll(() => heard, { timeout: 5000 }).toContain('session.ended');
});

it('a run whose event address cannot be had does not begin', async () => {
  const run = startRun('--samples', '1', '--event-address', 'tcp://10.0.0.1:5602');
  const { code, stderr } = await run.finished;
  expect(code).toBe(2);
  expect(stderr).toContain('--event-address tcp://10.0.0.1:5602: events hold prompts and responses');
});

it('a run leaves its settings as a configuration of MLCommons, or says why there is none', async () => {
  const one = startRun('--samples', '1', '--max-output-tokens', '8', '--event-wire', 'ours');
  expect(WENT_THROUGH).toContain((await one.finished).code);
  expect(readFileSync(bench.file('run/config.mlcommons.yaml'), 'utf8')).toMatch(
    /^type: offline\n[^]*max_new_tokens: 8\n[^]*n_samples_to_issue: 1\n/,
  );
  const other = bench.start([
    ...[
      'run',
      '--config',
      bench.file('run/config.yaml'),
      '--out',
      bench.file('other'),
      '--api',
      'completions',
    ],
  ]);
  expect(WENT_THROUGH).toContain((await other.finished).code);
  expect(existsSync(bench.file('other/config.mlcommons.yaml'))).toBe(false);
  expect(readFileSync(bench.file('other/config.yaml'), 'utf8')).toMatch(
    /\n# There is no config.mlcommons.yaml: MLCommons endpoints has nothing for --api completions/,
  );
});
