import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readFrames } from '../../src/runlog/read.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { ANSWER, type RawServer, startRawServer, withLength } from '../engine/raw-server.ts';
import { levels, MeasuredRun, type RunOptions, sleep } from './measured-run.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startServer(): Promise<RawServer> {
  const server = await startRawServer(({ socket }) => void socket.write(withLength(ANSWER)));
  closing.push(() => server.close());
  return server;
}

function startRun(options: RunOptions): MeasuredRun {
  const run = new MeasuredRun({ ...options, flags: ['--streaming', 'off', ...options.flags] });
  closing.push(() => run.end());
  return run;
}

/** Turns bits of the newest event frame in the log that has others behind it. */
async function breakEventFrame(logPath: string): Promise<void> {
  let at = 0;
  const places: number[] = [];
  for await (const { kind, bytes } of readFrames(logPath)) {
    if (kind === FrameKind.events) places.push(at);
    at += bytes.length;
  }
  const file = openSync(logPath, 'r+');
  writeSync(file, Buffer.from('damaged'), 0, 7, places.at(-2)! + 30);
  closeSync(file);
}

function aggregatorPid(run: MeasuredRun): number {
  const manifest = readFileSync(join(run.path, 'run/run.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly pids: { readonly aggregator: number } }).pids.aggregator;
}

it('a frame of the run log that breaks in mid-run is lost to a new aggregator, told, and holds nothing up', async () => {
  const { url, requests } = await startServer();
  const load = ['--rate', '200', '--pattern', 'constant', '--samples', '600'];
  const run = startRun({ url, flags: [...load, '--events-jsonl', 'off'] });
  while (requests.length < 200) await sleep(5);
  await breakEventFrame(run.logPath);
  process.kill(aggregatorPid(run), 'SIGKILL');
  const summary = await run.summary();
  expect(summary.event_stream).toMatchObject({ lost_frames: 1, aggregator_restarts: 1 });
  expect(levels(summary)).toMatchObject({ frames_lost: 'invalid' });
  expect(levels(summary)).not.toHaveProperty('run_interrupted');
  expect(summary.samples.issued).toBeGreaterThan(500);
  expect(summary.samples.issued).toBeLessThan(600);
  expect(run.report()).toMatch(/1\s+frame\s+LOST/);
  expect(await run.exitCode()).toBe(5);
});

it('frames that the disk does not take are lost, told, and end the run', async () => {
  const { url } = await startServer();
  // No file may grow beyond 256 KiB: to the writer a disk that is full.
  const wrapper = ['sh', '-c', 'ulimit -f 512 && exec "$@"', '-'];
  const run = startRun({ url, wrapper, flags: ['--concurrency', '8', '--duration', '60s'] });
  const summary = await run.summary();
  expect(summary.event_stream.lost_frames).toBeGreaterThan(0);
  expect(levels(summary)).toMatchObject({ frames_lost: 'invalid', run_interrupted: 'degraded' });
  expect(run.output).toContain('cannot write the run log');
  expect(await run.exitCode()).toBe(4);
});
