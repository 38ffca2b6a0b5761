import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { waitFor } from '../process/program.ts';
import { ANSWER, startRawServer, withLength } from '../engine/raw-server.ts';
import { levels, MeasuredRun } from './measured-run.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('an engine worker whose event loop stands still is reported while it does, and in the verdict', async () => {
  const server = await startRawServer(
    ({ socket }) => void setTimeout(() => socket.write(withLength(ANSWER)), 5),
  );
  closing.push(() => server.close());
  const directory = mkdtempSync(join(tmpdir(), 'inferometer-stuck-'));
  closing.push(() => Promise.resolve(rmSync(directory, { recursive: true })));
  const stuckFile = join(directory, 'state');
  const run = new MeasuredRun({
    url: server.url,
    nodeFlags: ['--import', new URL('stuck-worker.preload.ts', import.meta.url).href],
    environment: { STUCK_FILE: stuckFile },
    flags: ['--streaming', 'off', '--rate', '50', '--duration', '6s'],
  });
  closing.push(() => run.end());
  await waitFor(() => server.requests.length >= 20, 'requests');
  writeFileSync(stuckFile, 'stuck');
  await waitFor(() => /engine worker 0 is stuck/.test(run.output), 'warning');
  writeFileSync(stuckFile, 'free');
  const summary = await run.summary();
  expect(run.output).toMatch(
    /engine worker 0 is stuck: its event loop has not turned for \d+\.\d s[^]*engine worker 0 runs again/,
  );
  expect(levels(summary)).toHaveProperty('worker_stuck');
  expect(summary.client.stuck_max_ms).toBeGreaterThanOrEqual(2000);
  expect(run.report()).toContain('an engine worker was stuck: its event loop stood still for');
  expect(readFileSync(run.logPath).includes('engine worker 0 is stuck')).toBe(true);
});
