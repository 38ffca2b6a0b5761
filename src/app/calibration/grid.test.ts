import { describe, expect, it } from 'vitest';
import { parseDistribution } from '../../testing/latency-model.ts';
import {
  cellTiming,
  chunksPerAnswer,
  FULL_GRID,
  nominalLoad,
  parseGrid,
  QUICK_GRID,
  serverFlags,
} from './grid.ts';

describe('a grid', () => {
  it('is read as cells of rate, streams and interval', () => {
    expect(parseGrid('125x250x10, 0.5x3x12.5')).toEqual([
      { requestsPerSecond: 125, streams: 250, intervalMs: 10 },
      { requestsPerSecond: 0.5, streams: 3, intervalMs: 12.5 },
    ]);
  });

  it.each(['', '10x10', '10x10x10x10', '0x10x10', 'axbxc', '10x10x10,', '-1x2x3'])('refuses %j', (text) => {
    expect(() => parseGrid(text)).toThrow(/--grid must be .* such as 125x250x10/);
  });

  it.each(['1e400x1x1', '1e300x1x1', '1x1e300x1', '1x1x1e300', '1x100x10', '1e-300x1x1'])(
    'refuses %s, which would not end',
    (text) => {
      expect(() => parseGrid(text)).toThrow(`--grid must be numbers up to 100000`);
    },
  );

  it.each([...FULL_GRID, ...QUICK_GRID])('of ours has just the streams it names: %j', (cell) => {
    const { requestsPerSecond, streams, chunksPerSecond } = nominalLoad(cell);
    expect(requestsPerSecond).toBe(cell.requestsPerSecond);
    expect(streams).toBeCloseTo(cell.streams, 9);
    expect(chunksPerSecond).toBeCloseTo((cell.streams * 1000) / cell.intervalMs, 9);
  });

  it('has at least one chunk an answer, however short', () => {
    expect(chunksPerAnswer({ requestsPerSecond: 100, streams: 1, intervalMs: 50 })).toBe(1);
  });
});

describe('a cell', () => {
  const cell = { requestsPerSecond: 125, streams: 250, intervalMs: 10 };

  it('is compared only once its streams are as many as they will be', () => {
    expect(cellTiming(cell, 5000)).toEqual({ rampNs: 3e9, measuredNs: 5e9 });
    expect(cellTiming({ ...cell, streams: 5 }, 3000)).toEqual({ rampNs: 0.5e9, measuredNs: 3e9 });
  });

  it('tells the mock server in flags it understands', () => {
    const flags = serverFlags(cell);
    const valueOf = (flag: string) => flags[flags.indexOf(flag) + 1]!;
    expect(parseDistribution('--inter-token', valueOf('--inter-token'))).toEqual({
      kind: 'normal',
      mean: 10,
      standardDeviation: 2,
    });
    expect(valueOf('--output-tokens')).toBe('fixed:200');
  });
});
