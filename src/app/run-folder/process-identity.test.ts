import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { cpuTimeMs, identityOf, isRunning } from './process-identity.ts';

it('knows a process until it ends, and no other by its number', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const identity = identityOf(child.pid!);
  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, start_ticks: identity.start_ticks! - 1 })).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(identity)).toBe(false);
});

it('takes no process group for a process', () => {
  expect(isRunning({ pid: 0, start_ticks: null })).toBe(false);
});

it('tells the CPU time of a process, and none of one that is not there', () => {
  const own = process.cpuUsage();
  const ownMs = (own.user + own.system) / 1000;
  expect(cpuTimeMs(process.pid)).toBeGreaterThan(ownMs / 2);
  expect(cpuTimeMs(2 ** 30)).toBe(0);
});
