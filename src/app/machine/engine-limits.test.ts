import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../config/resolve.ts';
import type { RunConfig } from '../../config/schema.ts';
import { replaySchedule } from '../../plan/arrivals/replay.ts';
import {
  engineLimits,
  type MachineLimits,
  machineLimits,
  pacingOf,
  warmedFor,
  watchIdleCores,
} from './engine-limits.ts';

const MACHINE: MachineLimits = { cores: 4, openFiles: 1024, localPorts: 28_000 };

function configOf(...flags: readonly (readonly [flag: string, text: string])[]): RunConfig {
  const given = [['--endpoint', 'http://127.0.0.1:1'], ['--model', 'm'], ['--dataset', 'd.jsonl'], ...flags];
  const texts = new Map(given.map(([flag, text]) => [flag, [text]]));
  return resolveConfig({ flags: texts, environment: {} });
}

describe('warmedFor', () => {
  const limits = { workers: 1, maxConnections: 1024, warmConnections: 1, shortage: undefined };
  const everyMs = (count: number) => replaySchedule(Float64Array.from({ length: count }, (_, i) => i));

  it('opens what the busiest second of a replay may need, up to a limit', () => {
    expect(warmedFor(limits, everyMs(30)).warmConnections).toBe(30);
    expect(warmedFor(limits, everyMs(3000)).warmConnections).toBe(256);
    expect(warmedFor({ ...limits, maxConnections: 4 }, everyMs(30)).warmConnections).toBe(4);
    expect(warmedFor(limits, undefined)).toBe(limits);
  });
});

describe('engineLimits', () => {
  it('leaves a core, files and ports to the rest', () => {
    expect(engineLimits(configOf(['--rate', '10']), MACHINE)).toEqual({
      workers: 3,
      maxConnections: 896,
      warmConnections: 10,
      shortage: undefined,
    });
    expect(engineLimits(configOf(), { cores: 1, openFiles: undefined, localPorts: undefined })).toEqual({
      workers: 1,
      maxConnections: 1024,
      warmConnections: 1024,
      shortage: undefined,
    });
    expect(engineLimits(configOf(), { ...MACHINE, localPorts: 100 }).maxConnections).toBe(100);
    const socket = configOf(['--endpoint', 'unix:/run/vllm.sock']);
    expect(engineLimits(socket, { ...MACHINE, localPorts: 100 }).maxConnections).toBe(896);
  });

  it('are not those of streams, which share connections', () => {
    const few = { ...MACHINE, openFiles: 256, localPorts: 100 };
    const http2 = [
      ['--http', '2'],
      ['--concurrency', '3000'],
    ] as const;
    expect(engineLimits(configOf(...http2), few)).toMatchObject({
      maxConnections: 3000,
      shortage: undefined,
    });
    expect(engineLimits(configOf(['--http', '2']), few).maxConnections).toBe(1024);
    expect(() => engineLimits(configOf(...http2, ['--connections', 'new']), few)).toThrow('is too much');
  });

  it('takes a thread for each CPU named, unless it is told how many', () => {
    expect(engineLimits(configOf(['--cpus', '0-1']), MACHINE).workers).toBe(2);
    expect(engineLimits(configOf(['--cpus', '0-1'], ['--workers', '1']), MACHINE).workers).toBe(1);
  });

  it('gives a closed loop the connections it needs', () => {
    const roomy = { ...MACHINE, openFiles: 20_000 };
    const limits = engineLimits(configOf(['--concurrency', '3000']), roomy);
    expect(limits).toMatchObject({ maxConnections: 3000, warmConnections: 3000 });
    expect(engineLimits(configOf(['--concurrency', '4']), roomy).maxConnections).toBe(1024);
  });

  it('has a connection for each request that may be in flight beside a rate, and no more', () => {
    const limits = engineLimits(configOf(['--rate', '500'], ['--max-in-flight', '12']), MACHINE);
    expect(limits).toMatchObject({ maxConnections: 12, warmConnections: 12 });
    expect(() => engineLimits(configOf(['--rate', '9'], ['--max-in-flight', '897']), MACHINE)).toThrow(
      /^--max-in-flight 897 is too much: .*or lower --max-in-flight$/,
    );
  });

  it('says when there are few, unless a number was asked for', () => {
    const small = { ...MACHINE, openFiles: 64 };
    expect(engineLimits(configOf(['--rate', '10']), small)).toMatchObject({
      maxConnections: 1,
      shortage:
        'this machine has an open-file limit of 64, which leaves 1 connection; raise it (ulimit -n 1152); requests wait when none is free',
    });
    expect(engineLimits(configOf(['--rate', '10'], ['--max-connections', '1']), small).shortage).toBe(
      undefined,
    );
  });

  it.each([
    [
      ['--max-connections', '897'],
      {},
      /--max-connections 897 is too much: .*open-file limit of 1,024.*896.*ulimit -n 1025/,
    ],
    [['--concurrency', '897'], {}, /--concurrency 897 is too much: .*open-file limit/],
    [['--max-connections', '50'], { localPorts: 49 }, /--max-connections 50 is too much: .*49 local ports/],
  ] as const)('refuses %j on a machine with %j', (flag, machine, message) => {
    expect(() => engineLimits(configOf(flag), { ...MACHINE, ...machine })).toThrow(message);
  });

  it('takes what just fits', () => {
    expect(engineLimits(configOf(['--max-connections', '896']), MACHINE).maxConnections).toBe(896);
  });
});

describe('pacingOf', () => {
  it.each([
    ['auto', 1, 2, 2, 'precise'],
    ['auto', 1, 1.2, 2, 'economy'],
    ['auto', 2, 2, 2, 'economy'],
    ['auto', 4, 2.9, 8, 'economy'],
    ['auto', 4, 3, 8, 'precise'],
    ['precise', 2, 0, 1, 'precise'],
    ['economy', 1, 8, 8, 'economy'],
  ] as const)(
    '%s with %d workers, %d idle of %d cores is %s',
    (wanted, workers, idleCores, cores, pacing) => {
      expect(pacingOf(wanted, workers, idleCores, { cores })).toBe(pacing);
    },
  );

  it('looks at the machine', () => {
    const { cores } = machineLimits();
    expect(cores).toBeGreaterThan(0);
    const idleCores = watchIdleCores(() => 0);
    const untilMs = performance.now() + 50;
    while (performance.now() < untilMs);
    expect(idleCores()).toBeGreaterThanOrEqual(0);
  });

  it('takes our own work for none of others, and no more cores for idle than there are', () => {
    let ownMs = 0;
    const idleCores = watchIdleCores(() => ownMs);
    const untilMs = performance.now() + 50;
    while (performance.now() < untilMs);
    ownMs = 1e6;
    expect(idleCores()).toBe(cpus().length);
  });
});
