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

it('takes one that has ended for ended, also while its parent has not asked how', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60']);
  const [pid] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  const identity = identityOf(Number(pid));
  expect(isRunning(identity)).toBe(true);
  while (isRunning(identity)) await new Promise((again) => setTimeout(again, 10));
  // Its number is still taken.
  expect(() => process.kill(identity.pid, 0)).not.toThrow();
  parent.kill('SIGKILL');
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
