import { expect, it } from 'vitest';
import { energyIn, PowerHistory } from './power-history.ts';

const SECOND = 1e9;

function sample(seconds: number, watts: number, source = 'a', device = '') {
  return { at_ns: seconds * SECOND, source, readings: [[device, watts] as const], failure: null };
}

it('adds up what devices draw, source by source', () => {
  const power = new PowerHistory();
  power.fold(sample(0, 100));
  power.fold(sample(0, 50, 'b', 'x'));
  expect(power.fold(sample(2, 300))).toBe(350);
  expect(power.fold(sample(2, 50, 'b', 'y'))).toBe(400);
  expect(power.fold({ ...sample(3, 0), readings: null, failure: 'gone' })).toBeUndefined();
  const [a, b] = power.facts();
  expect(a).toMatchObject({ source: 'a', devices: 1, readings: 2, failures: 1, last_failure: 'gone' });
  expect(energyIn(a!.energy, 0, 2 * SECOND)).toEqual({ joules: 400, knownNs: 2 * SECOND });
  expect(energyIn(a!.energy, -SECOND, SECOND)).toEqual({ joules: 200, knownNs: SECOND });
  expect(b).toMatchObject({ devices: 2 });
});

it('does not guess what was drawn in a long gap', () => {
  const power = new PowerHistory();
  for (const seconds of [0, 1, 61, 62]) power.fold(sample(seconds, 100));
  const { joules, knownNs } = energyIn(power.facts()[0]!.energy, 0, 62 * SECOND);
  expect([joules, knownNs]).toEqual([200, 2 * SECOND]);
});

it('stays exact and small however long a run is', () => {
  const power = new PowerHistory();
  const watts = (seconds: number) => 100 + 50 * Math.sin(seconds / 40);
  const hours = 5;
  for (let s = 0; s <= hours * 3600; s++) power.fold(sample(s, watts(s)));
  const { energy } = power.facts()[0]!;
  expect(energy.length).toBeLessThan(520);
  const distances = energy.slice(1).map(([ns], i) => ns - energy[i]![0]);
  expect(Math.max(...distances)).toBeLessThan((hours * 3600 * SECOND) / 250);
  const [from, to] = [3600, 7200];
  const truth = (b: number) => 100 * b - 2000 * Math.cos(b / 40);
  const { joules } = energyIn(energy, from * SECOND, to * SECOND);
  expect(Math.abs(joules / (truth(to) - truth(from)) - 1)).toBeLessThan(0.01);
});

it('counts no device that an exporter no longer lists, nor one that a program no longer names', () => {
  const power = new PowerHistory();
  const listed = (seconds: number, ...names: readonly string[]) =>
    power.fold({
      ...{ at_ns: seconds * SECOND, source: 'url', failure: null, complete: true },
      readings: names.map((name) => [name, 100] as const),
    });
  expect(listed(0, 'a', 'b')).toBe(200);
  expect(listed(1, 'b')).toBe(100);
  expect(listed(2, 'c')).toBe(100);
  expect(power.facts()[0]).toMatchObject({ devices: 2 });
  expect(energyIn(power.facts()[0]!.energy, 1 * SECOND, 2 * SECOND).joules).toBe(100);

  const program = new PowerHistory();
  program.fold(sample(0, 100, 'command', 'x'));
  let watts: number | undefined;
  for (let seconds = 0; seconds <= 10; seconds++) watts = program.fold(sample(seconds, 50, 'command', 'y'));
  expect(watts).toBe(150);
  expect(program.fold(sample(11, 50, 'command', 'y'))).toBe(50);
});

it('counts no source that has told nothing for long', () => {
  const power = new PowerHistory();
  power.fold(sample(0, 100, 'gone'));
  expect(power.fold(sample(10, 50, 'there'))).toBe(150);
  expect(power.fold(sample(11, 50, 'there'))).toBe(50);
});
