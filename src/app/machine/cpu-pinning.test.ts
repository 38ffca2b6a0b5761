import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { allowedCpus, checkCpus, pinThreads } from './cpu-pinning.ts';

it('knows the CPUs of this process as taskset does', () => {
  const [, list = ''] = /: (\S+)$/.exec(
    execFileSync('taskset', ['-c', '-p', String(process.pid)], { encoding: 'utf8' }).trim(),
  )!;
  const wanted = list.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map(Number);
    return last === undefined ? [first] : Array.from({ length: last - first! + 1 }, (_, i) => first! + i);
  });
  expect(allowedCpus()).toEqual(wanted);
});

it('refuses a CPU that is not there, or that nothing is known of', () => {
  expect(() => checkCpus([0, 2], [0, 2, 3])).not.toThrow();
  expect(() => checkCpus([0, 1], [0, 2, 3])).toThrow(
    '--cpus: this process may not use CPU 1; choose from 0, 2, 3',
  );
  expect(() => checkCpus([0], [])).toThrow('this system does not list its CPUs in /proc');
});

it('pins a process whose threads come and go', async () => {
  const program = `
    const { Worker } = require('node:worker_threads');
    const begin = () => new Worker('', { eval: true }).on('exit', begin);
    for (let i = 0; i < 4; i++) begin();
    process.stdin.on('end', () => process.exit()).resume();
    console.log('begun');`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const last = allowedCpus().at(-1)!;
  for (let round = 0; round < 200; round++) {
    await pinThreads(child.pid!, round % 2 === 0 ? [last] : allowedCpus());
  }
  child.stdin.end();
  await once(child, 'exit');
  await expect(pinThreads(child.pid!, [last])).rejects.toThrow('--cpus: threads could not be pinned: ');
});
