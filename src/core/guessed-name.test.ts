import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openScratchFile, writeFileAtomic } from './atomic-file.ts';

// Chance gives a name that somebody has guessed.
vi.mock('node:crypto', () => ({ randomBytes: (size: number) => Buffer.alloc(size, 7) }));

let folder: string;
let target: string;
let guessed: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-guessed-'));
  target = join(folder, 'profile');
  writeFileSync(target, 'precious');
  guessed = join(folder, `.inferometer-${'07'.repeat(16)}.tmp`);
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a link under the name of the temporary file is not written through', async () => {
  symlinkSync(target, guessed);
  await expect(writeFileAtomic(join(folder, 'report.txt'), 'new')).rejects.toThrow('EEXIST');
  expect(() => openScratchFile(folder)).toThrow('EEXIST');
  expect(readFileSync(target, 'utf8')).toBe('precious');
  expect(lstatSync(guessed).isSymbolicLink()).toBe(true);
});

it('nor is a file that is there already', async () => {
  writeFileSync(guessed, 'mine');
  await expect(writeFileAtomic(join(folder, 'report.txt'), 'new')).rejects.toThrow('EEXIST');
  expect(readFileSync(guessed, 'utf8')).toBe('mine');
});
