import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { StudyList } from './study-list.ts';

const folder = mkdtempSync(join(tmpdir(), 'study-list-'));
afterAll(() => rmSync(folder, { recursive: true }));

function writeStudy(name: string, createdAt: string, result: object): void {
  mkdirSync(join(folder, name), { recursive: true });
  const question = [
    'format: 1',
    'version: 0.1.0',
    `created_at: ${createdAt}`,
    'directory: /tmp',
    'kind: repeat',
  ];
  writeFileSync(join(folder, name, 'study.yaml'), [...question, 'run: {}', 'repeat: 2', ''].join('\n'));
  writeFileSync(join(folder, name, 'study.json'), JSON.stringify(result));
}

it('reads a study again only when its files have changed', async () => {
  writeStudy('older', '2026-11-29T00:00:00.000Z', { cells: [{ state: 'done' }], conclusions: ['Faster.'] });
  writeStudy('newer', '2026-11-30T00:00:00.000Z', { cells: [] });
  mkdirSync(join(folder, 'no-study'));
  const list = new StudyList(folder);
  const [newer, older, ...none] = await list.entries();
  expect(none).toEqual([]);
  expect(newer).toMatchObject({ name: 'newer', cellsDone: 0 });
  expect(older).toMatchObject({ name: 'older', cellsDone: 1, conclusions: ['Faster.'] });

  writeStudy('newer', '2026-11-30T00:00:00.000Z', { cells: [{ state: 'done' }, { state: 'failed' }] });
  const again = await list.entries();
  expect(again[0]).toMatchObject({ name: 'newer', cells: 2, cellsDone: 1 });
  expect(again[1]).toBe(older);

  rmSync(join(folder, 'older'), { recursive: true });
  expect(await list.entries()).toEqual([again[0]]);
});
