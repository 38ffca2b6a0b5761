import { expect, test } from 'vitest';
import { areClocksAlike } from './clock-source.ts';

test.each([
  ['tsc', 'kvm-clock', true],
  ['tsc', 'hpet', false],
  ['acpi_pm', 'hpet', true],
  [null, 'hpet', true],
  ['tsc', '', true],
])('%s and %s: %s', (a, b, alike) => {
  expect(areClocksAlike(a, b)).toBe(alike);
  expect(areClocksAlike(b, a)).toBe(alike);
});
