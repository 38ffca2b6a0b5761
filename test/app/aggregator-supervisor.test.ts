import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AggregatorProcess } from '../../src/app/fold/aggregator-process.ts';
import { AggregatorSupervisor } from '../../src/app/fold/aggregator-supervisor.ts';
import { createLog } from '../../src/core/log.ts';
import { createSocketDirectory, type SocketDirectory } from '../../src/transport/zmq/address.ts';
import { RecordedRun } from './recorded-run.ts';

let run: RecordedRun;
let sockets: SocketDirectory;
let waiting: AggregatorProcess;
let pids: number[];
let lines: string[];

beforeEach(async () => {
  run = new RecordedRun();
  run.writeHeader();
  sockets = await createSocketDirectory();
  waiting = AggregatorProcess.start();
  pids = [];
  lines = [];
});
afterEach(async () => {
  await waiting.discard();
  await sockets.remove();
  await run.remove();
});

const launch = (readyTimeoutMs = 15_000) =>
  AggregatorSupervisor.launch({
    process: waiting,
    aggregator: {
      ...{ logPath: run.logPath, finalPath: run.finalPath, publishIntervalMs: 0, drainTimeoutMs: 0 },
      eventsAddress: sockets.freshAddress('ev_pub'),
      snapshotsAddress: sockets.freshAddress('metrics_pub'),
      socketDirectory: sockets.path,
    },
    readyAddress: sockets.freshAddress('svc_ready'),
    readyTimeoutMs,
    // That a start takes long on a busy machine is said, too, as no warning.
    log: createLog((line) => lines.push(line), 'warning'),
    onStarted: (pid) => pids.push(pid),
  });

it('tells a waiting process what to do and waits for its last word', async () => {
  const supervisor = await launch();
  await supervisor.ready;
  expect(pids).toEqual([waiting.pid]);
  run.start();
  run.end();
  expect(await supervisor.waitForEnd(Infinity)).toBe(true);
  expect(existsSync(run.finalPath)).toBe(true);
  expect([supervisor.restarts, lines]).toEqual([0, []]);
});

it('starts another one when the waiting one died before it was told anything', async () => {
  await waiting.discard();
  run.start();
  run.end();
  const supervisor = await launch();
  expect(await supervisor.waitForEnd(Infinity)).toBe(true);
  expect(supervisor.restarts).toBe(1);
  expect(new Set(pids).size).toBe(2);
  expect(lines.join('\n')).toContain('aggregator died (SIGKILL); restart 1 of 5');
  await supervisor.stop();
  await supervisor.ready;
});

it('hears from the one that came in the place of one that died at its start', async () => {
  await waiting.discard();
  const supervisor = await launch();
  await supervisor.ready;
  expect(lines.join('\n')).not.toContain('not ready');
  expect(supervisor.restarts).toBe(1);
  run.start();
  run.end();
  expect(await supervisor.waitForEnd(Infinity)).toBe(true);
});

it('gives up one that hangs at its start, and is not waited for at the end', async () => {
  waiting.kill('SIGSTOP');
  const supervisor = await launch(200);
  await supervisor.ready;
  expect(await supervisor.waitForEnd(Infinity)).toBe(false);
  expect(waiting.hasEnded).toBe(true);
  expect(supervisor.restarts).toBe(0);
  expect(lines).toEqual([
    'warning: aggregator is not ready (0/1 services ready within 0.2 s); going on without a live view',
  ]);
});

it('gives up one that was restarted and then hangs, soon after the end of the run', async () => {
  await waiting.discard();
  const supervisor = await launch();
  await supervisor.ready;
  run.start();
  process.kill(supervisor.pid!, 'SIGSTOP');
  supervisor.endAt(100);
  const startedMs = performance.now();
  expect(await supervisor.waitForEnd(Infinity)).toBe(false);
  await supervisor.stop();
  expect(performance.now() - startedMs).toBeGreaterThan(5000);
  expect(supervisor.restarts).toBe(1);
  expect(lines.at(-1)).toBe(
    'warning: the aggregator gave no sign of life for 10 s; the report will come from the run log',
  );
}, 60_000);

it('waits for one that is only slow', async () => {
  const supervisor = await launch();
  await supervisor.ready;
  run.start();
  run.end();
  process.kill(supervisor.pid!, 'SIGSTOP');
  supervisor.endAt(3);
  setTimeout(() => process.kill(supervisor.pid!, 'SIGCONT'), 1500);
  expect(await supervisor.waitForEnd(Infinity)).toBe(true);
  expect(lines).toEqual([]);
}, 60_000);

it('ends one that does not get so far, without a word', async () => {
  const supervisor = await launch();
  await supervisor.stop();
  await supervisor.ready;
  await supervisor.waitForEnd(Infinity);
  expect(waiting.hasEnded).toBe(true);
  expect(lines).toEqual([]);
});
