import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, type Log } from '../../core/log.ts';
import type { CalibratedCell } from '../../report/error-bound.ts';
import { programVersion } from '../run-folder/version.ts';
import {
  defaultCalibrationPath,
  loadCalibration,
  machineClass,
  saveCalibration,
  type MachineClass,
} from './calibration-file.ts';

const MACHINE: MachineClass = { cpu: 'Some CPU', cores: 2, nodeMajor: 24, version: '1.2.3' };

function cellAt(requestsPerSecond: number, p50Ns: number): CalibratedCell {
  return {
    load: { requestsPerSecond, streams: 10, chunksPerSecond: 500 },
    workers: 1,
    calibratedAt: '2026-11-24T12:00:00.000Z',
    ttft: { count: 3, biasNs: p50Ns, p50Ns, p99Ns: 9, maxNs: 10 },
    chunkGap: null,
    latency: { count: 3, biasNs: -1, p50Ns: 1, p99Ns: 2, maxNs: 3 },
  };
}

let place: string;
let path: string;
let warnings: string[];
let log: Log;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'inferometer-test-'));
  path = join(place, 'state', 'calibration.json');
  warnings = [];
  log = createLog((line) => warnings.push(line));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

describe('a calibration file', () => {
  it('gives back what was put in, a cell for each load, the latest', async () => {
    await saveCalibration(path, MACHINE, [cellAt(10, 1), cellAt(20, 2)]);
    await saveCalibration(path, MACHINE, [cellAt(20, 5)]);
    expect(await loadCalibration(path, MACHINE, log)).toEqual([cellAt(10, 1), cellAt(20, 5)]);
    expect(warnings).toEqual([]);
  });

  it.each([{ cpu: 'Another CPU' }, { cores: 4 }, { nodeMajor: 26 }, { version: '1.2.4' }])(
    'keeps machine classes apart: %j',
    async (change) => {
      const other = { ...MACHINE, ...change };
      await saveCalibration(path, MACHINE, [cellAt(10, 1)]);
      expect(await loadCalibration(path, other, log)).toEqual([]);
      await saveCalibration(path, other, [cellAt(10, 2)]);
      expect(await loadCalibration(path, MACHINE, log)).toEqual([cellAt(10, 1)]);
      expect(await loadCalibration(path, other, log)).toEqual([cellAt(10, 2)]);
    },
  );

  it('that is not there holds nothing, without a word', async () => {
    expect(await loadCalibration(path, MACHINE, log)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it.each(['{"format": 1, "machi', '[]', '{"format": 2, "machines": []}', '{"format":1,"machines":[{}]}'])(
    'that reads %j is a warning and no failure for a report, and is not overwritten',
    async (content) => {
      const file = join(place, 'calibration.json');
      writeFileSync(file, content);
      expect(await loadCalibration(file, MACHINE, log)).toEqual([]);
      expect(warnings).toEqual([
        `warning: ${file}: is no calibration of this program; move it away, and inferometer calibrate writes a new one`,
      ]);
      await expect(saveCalibration(file, MACHINE, [cellAt(10, 1)])).rejects.toThrow(
        `${file}: is no calibration of this program, and was left as it is; give`,
      );
      expect(readFileSync(file, 'utf8')).toBe(content);
    },
  );

  it('that is empty holds nothing, and is written', async () => {
    const file = join(place, 'calibration.json');
    writeFileSync(file, '');
    expect(await loadCalibration(file, MACHINE, log)).toEqual([]);
    expect(warnings).toEqual([]);
    await saveCalibration(file, MACHINE, [cellAt(10, 1)]);
    expect(await loadCalibration(file, MACHINE, log)).toEqual([cellAt(10, 1)]);
  });

  it('that cannot be written says so', async () => {
    writeFileSync(join(place, 'state'), 'a file where a directory is wanted');
    await expect(saveCalibration(path, MACHINE, [cellAt(10, 1)])).rejects.toThrow(/can't be written/);
    expect(readFileSync(join(place, 'state'), 'utf8')).toContain('a file');
  });
});

describe('defaultCalibrationPath', () => {
  it('is below the state directory, unless it is set', () => {
    expect(defaultCalibrationPath({ INFEROMETER_CALIBRATION: '/a/b.json', XDG_STATE_HOME: '/s' })).toBe(
      '/a/b.json',
    );
    expect(defaultCalibrationPath({ XDG_STATE_HOME: '/s' })).toBe('/s/inferometer/calibration.json');
    expect(defaultCalibrationPath({})).toMatch(/\/\.local\/state\/inferometer\/calibration\.json$/);
  });
});

describe('machineClass', () => {
  it('is that of the machine, or of the one a manifest tells of', () => {
    const { nodeMajor, version } = machineClass();
    expect(nodeMajor).toBe(Number(process.versions.node.split('.')[0]));
    expect(version).toBe(programVersion());
    const machine = { cpu: 'Some CPU', cores: 2, node: 'v24.3.1' };
    expect(machineClass({ machine, version: '1.2.3' })).toEqual(MACHINE);
  });
});
