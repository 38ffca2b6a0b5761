import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'inferometer-test-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

test('makes what is missing, and leaves what is there', async () => {
  const path = join(place, 'a', 'b', 'c');
  await makeDirectory(path);
  writeFileSync(join(path, 'kept'), '');
  await makeDirectory(path);
  await makeDirectory(`${path}/`);
  expect(statSync(path).isDirectory()).toBe(true);
  expect(existsSync(join(path, 'kept'))).toBe(true);
});

test.each(['file', 'file/below', 'file/below/that'])(
  'refuses %s, where a file is in the way',
  async (name) => {
    writeFileSync(join(place, 'file'), '');
    await expect(makeDirectory(join(place, name))).rejects.toThrow(/EEXIST|ENOTDIR/);
  },
);

test.skipIf(!existsSync('/proc/self'))(
  'comes back where the system denies that there is anything',
  async () => {
    await expect(makeDirectory('/proc/nothing-here/below')).rejects.toThrow('ENOENT');
  },
);
