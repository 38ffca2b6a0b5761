import { expect, it } from 'vitest';
import { createRunClock } from '../../core/time.ts';
import { MOST_DEVICES, type PowerSample } from '../../server-metrics/power-sample.ts';
import { ReadingSieve } from './reading-sieve.ts';
import { watchProgram } from './watch-program.ts';

async function toldBy(command: string, isEnough: (samples: readonly PowerSample[]) => boolean) {
  const samples: PowerSample[] = [];
  const notes: string[] = [];
  const stop = watchProgram(
    command,
    createRunClock(process.hrtime.bigint()),
    (sample) => samples.push(sample),
    (source, text) => notes.push(`${source}: ${text}`),
  );
  try {
    await expect.poll(() => isEnough(samples), { timeout: 10_000 }).toBe(true);
  } finally {
    stop();
  }
  return { samples, notes };
}

it('keeps all readings that come in one burst with their times', async () => {
  const sinceMs = Date.now() - 5000;
  const lines = [0, 1, 2, 3].map((i) => JSON.stringify({ t: sinceMs + i * 1000, watts: 100 + i }));
  // The second reading of these two is too near.
  const near = [20, 60].map((ms) => JSON.stringify({ t: sinceMs + 4000 + ms - 20, watts: 200 + ms }));
  const tooNear = JSON.stringify({ t: sinceMs + 4010, watts: 1 });
  const text = [...lines, near[0], tooNear, near[1]].join('\\n');
  const { samples, notes } = await toldBy(`printf '${text}\\n'; sleep 10`, (all) => all.length >= 5);
  expect(samples.map(({ readings }) => readings![0]![1])).toEqual([100, 101, 102, 103, 220]);
  for (const [i, { at_ns: atNs }] of samples.slice(1, 4).entries())
    expect((atNs - samples[i]!.at_ns) / 1e9).toBeCloseTo(1, 1);
  expect(notes).toEqual([]);
});

it('says once that output without times comes in bursts', async () => {
  const burst = `printf '{"watts":1}\\n{"watts":2}\\n{"watts":3}\\n{"watts":4}\\n'`;
  const { samples, notes } = await toldBy(
    `for i in 1 2 3; do ${burst}; sleep 0.6; done`,
    (all) => all.length >= 3,
  );
  expect(samples.map(({ readings }) => readings![0]![1])).toEqual([1, 1, 1]);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain('several lines without "t" came at once for one device');
});

it('takes a program that prints fast for no burst', () => {
  const notes: string[] = [];
  const sieve = new ReadingSieve((text) => notes.push(text));
  const kept = Array.from({ length: 100 }, (_, i) =>
    sieve.keeps({ device: '', atMs: undefined }, 1e12 + i * 10),
  );
  expect(kept.filter(Boolean)).toHaveLength(20);
  expect(notes).toEqual([]);
});

it('goes on with the devices it knows when there are too many, and says so once', () => {
  const notes: string[] = [];
  const sieve = new ReadingSieve((text) => notes.push(text));
  const keptAt = (ms: number) =>
    Array.from({ length: MOST_DEVICES + 5 }, (_, i) =>
      sieve.keeps({ device: String(i), atMs: undefined }, 1e12 + ms),
    ).filter(Boolean);
  expect(keptAt(0)).toHaveLength(MOST_DEVICES);
  expect(keptAt(1000)).toHaveLength(MOST_DEVICES);
  expect(notes).toEqual(['it names more than 1024 devices; those that came later are left out']);
});
