import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RawValues } from './raw-values.ts';

const MANY = 300_000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'raw-values-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function fill(raw: RawValues, count: number): void {
  for (let i = 0; i < count; i++) raw.push(valueAt(i));
}

function valueAt(i: number): number {
  return i % 2 === 0 ? i + 0.5 : -i;
}

/** Compares without a matcher a value, which would take seconds. */
function expectValues(raw: RawValues, count: number): void {
  let next = 0;
  let wrong = 0;
  for (const chunk of raw.chunks()) {
    for (const value of chunk) if (value !== valueAt(next++)) wrong += 1;
  }
  expect(next).toBe(count);
  expect(wrong).toBe(0);
  expect(raw.count).toBe(count);
}

describe('RawValues', () => {
  it.each([0, 1, 1023, 1024, 1025, MANY])('keeps %d values in order', (count) => {
    const raw = new RawValues();
    fill(raw, count);
    expectValues(raw, count);
    expect(raw.spilledCount).toBe(0);
  });

  it('keeps them in order through a spill file, again and again, and goes on', () => {
    const raw = new RawValues({ budgetBytes: 100_000, spillDirectory: folder });
    fill(raw, MANY);
    expect(raw.spilledCount).toBeGreaterThan(MANY - 100_000 / 8 - 65_536);
    expectValues(raw, MANY);
    for (let i = MANY; i < 2 * MANY; i++) raw.push(valueAt(i));
    expectValues(raw, 2 * MANY);
    expectValues(raw, 2 * MANY);
    raw.close();
    raw.close();
  });

  it('spills nothing below the budget', () => {
    const raw = new RawValues({ budgetBytes: 8 * MANY, spillDirectory: folder });
    fill(raw, MANY);
    expect(raw.spilledCount).toBe(0);
    expectValues(raw, MANY);
  });

  it('leaves no file behind, even while it is open', () => {
    const raw = new RawValues({ budgetBytes: 0, spillDirectory: folder });
    fill(raw, MANY);
    expect(raw.spilledCount).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
    raw.close();
  });

  it('keeps everything in memory when it cannot write, and tells once', () => {
    const errors: Error[] = [];
    const raw = new RawValues({
      budgetBytes: 0,
      spillDirectory: join(folder, 'missing'),
      onSpillError: (error) => errors.push(error),
    });
    fill(raw, MANY);
    expect(errors.map((error) => error.message)).toEqual([expect.stringContaining('ENOENT')]);
    expectValues(raw, MANY);
  });
});
