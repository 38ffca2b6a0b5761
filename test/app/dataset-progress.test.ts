import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { prepareRun } from '../../src/app/run/prepare.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { SILENT_LOG } from '../../src/core/log.ts';

const ROWS = 40_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-rows-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a dataset of many rows tells how far it has been read, some times a second', async () => {
  const dataset = join(folder, 'rows.jsonl');
  writeFileSync(dataset, Array.from({ length: ROWS }, (_, row) => `{"prompt":"#${row}"}\n`).join(''));
  const flags = [
    ['--endpoint', ['http://127.0.0.1:1']],
    ['--model', ['m']],
    ['--dataset', [dataset]],
  ] as const;
  const config = resolveConfig({ environment: {}, flags: new Map(flags) });
  const told: number[] = [];
  const startedMs = performance.now();
  let turns = 0;
  const others = setInterval(() => (turns += 1), 1);
  const prepared = await prepareRun(config, SILENT_LOG, { onProgress: (rows) => told.push(rows) });
  clearInterval(others);
  const seconds = (performance.now() - startedMs) / 1000;
  expect(prepared.parts[0]!.rowCount).toBe(ROWS);
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(20 * seconds + 1);
  expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  expect(told.at(-1)).toBeLessThanOrEqual(ROWS);
  // Signals and the screen get their turn.
  expect(turns).toBeGreaterThanOrEqual(told.length);
  const [arena] = prepared.arenas;
  for (const row of [0, 1, 37_777, ROWS - 1])
    expect(Buffer.from(arena!.requestBytes(row)).toString()).toContain(`"#${row}"`);
});
