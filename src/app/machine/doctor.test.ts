import { expect, it } from 'vitest';
import { examineMachine } from './doctor.ts';

const GOOD: Readonly<Record<string, string>> = {
  '/sys/fs/cgroup/cpu.max': 'max 100000',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc',
  '/proc/self/timerslack_ns': '50000',
};
const examine = (files: Readonly<Record<string, string>>) => {
  const read = (path: string) => (path.endsWith('scaling_governor') ? files.governor : files[path]);
  return new Map(examineMachine(read).map((finding) => [finding.name, finding]));
};

it('finds nothing to change where all is well', () => {
  const found = examine({ ...GOOD, governor: 'performance' });
  for (const name of ['Node', 'clock source', 'timer slack', 'CPU governor'])
    expect(found.get(name)).toMatchObject({ state: 'ok', advice: null });
  expect(found.get('timer slack')!.found).toBe('50 µs');
});

it.each<[string, Record<string, string>, string, string]>([
  ['cores', { '/sys/fs/cgroup/cpu.max': '50000 100000' }, 'but a quota of 0.5', '--cpuset-cpus'],
  [
    'clock source',
    {
      '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet',
      '/sys/devices/system/clocksource/clocksource0/available_clocksource': 'tsc hpet',
    },
    'hpet',
    'echo tsc > /sys',
  ],
  ['timer slack', { '/proc/self/timerslack_ns': '10000000' }, '10000 µs', '--pacing precise'],
  ['CPU governor', { governor: 'powersave' }, 'powersave', 'cpupower frequency-set -g performance'],
])('says what to do about %s', (name, files, found, advice) => {
  const finding = examine({ ...GOOD, ...files }).get(name)!;
  expect(finding.state).toBe('improve');
  expect(finding.found).toContain(found);
  expect(finding.advice).toContain(advice);
});

it('says so where the system does not tell', () => {
  const found = examine({});
  expect(found.get('clock source')).toMatchObject({ state: 'unknown', found: 'this system does not tell' });
});
