import { expect, it, vi } from 'vitest';
import { HIT_COUNT, hitAt } from './kills.ts';

/** Before the first sample, in the middle, in the drain, and while the report is written. */
const MOMENTS_MS = [60, 900, 1700, 2300];

// Most of the time of each is waiting; more of them at once would be late for their moments.
vi.setConfig({ maxConcurrency: 2 });

it.concurrent.each(Array.from({ length: HIT_COUNT }, (_, index) => index))(
  'a process that is hit takes nothing with it: hit %i',
  async (index) => {
    const { failures, input } = await hitAt(index, MOMENTS_MS[index % MOMENTS_MS.length]!);
    expect(failures, JSON.stringify(input)).toEqual([]);
  },
  60_000,
);
