import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { allowedCpus, checkCpus } from './cpu-pinning.ts';

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
    '--cpus: found CPU 1, which this process may not use, wanted some of 0, 2, 3',
  );
  expect(() => checkCpus([0], [])).toThrow('wanted a system that tells its CPUs');
});
