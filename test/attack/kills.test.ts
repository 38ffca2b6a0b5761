import { expect, it } from 'vitest';
import { HIT_COUNT, hitAt } from './kills.ts';

/** Before the first sample, in the middle, in the drain, and while the report is written. */
const MOMENTS_MS = [60, 900, 1700, 2300];

it.each(Array.from({ length: HIT_COUNT }, (_, index) => index))(
  'a process that is hit takes nothing with it: hit %i',
  async (index) => {
    const { failures, input } = await hitAt(index, MOMENTS_MS[index % MOMENTS_MS.length]!);
    expect(failures, JSON.stringify(input)).toEqual([]);
  },
  60_000,
);
