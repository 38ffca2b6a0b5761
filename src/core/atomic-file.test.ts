import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openScratchFile, overwriteFile, replaceFile, writeFileAtomic } from './atomic-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-atomic-'));
  path = join(folder, 'report.txt');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a file that is replaced', () => {
  it('has the new content, the mode of any new file, and nothing beside it', async () => {
    writeFileSync(path, 'old', { mode: 0o600 });
    await writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o666 & ~process.umask());
    expect(readdirSync(folder)).toEqual(['report.txt']);
  });

  it('is for its owner alone, and under a name of its own, while it is written', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 2; i++) {
      await replaceFile(path, async (file) => {
        const [name] = readdirSync(folder).filter((found) => found !== 'report.txt');
        seen.push(name!);
        expect((await file.stat()).mode & 0o777).toBe(0o600);
        await file.writeFile('x');
      });
    }
    expect(new Set(seen).size).toBe(2);
  });

  it('leaves what a link in its place leads to alone', async () => {
    const target = join(folder, 'profile');
    writeFileSync(target, 'precious');
    symlinkSync(target, path);
    symlinkSync(target, `${path}.tmp`);
    await writeFileAtomic(path, 'new');
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
  });

  it('stays as it was when writing fails', async () => {
    writeFileSync(path, 'old');
    const failing = replaceFile(path, async (file) => {
      await file.writeFile('half');
      throw new Error('full');
    });
    await expect(failing).rejects.toThrow('full');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['report.txt']);
  });

  it('leaves nothing behind when the process exits meanwhile', () => {
    const script = `
      import { replaceFile } from ${JSON.stringify(new URL('./atomic-file.ts', import.meta.url).href)};
      import { readdirSync } from 'node:fs';
      await replaceFile(process.argv[1], async (file) => {
        await file.writeFile('half');
        process.stdout.write(String(readdirSync(process.argv[2]).length));
        process.exit();
      });`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, path, folder];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('1');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is on the disk before it has its name, and its name before the call returns', () => {
    writeFileSync(path, 'old');
    // What a power cut leaves is decided by these calls and their order, whoever makes them.
    const script = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const calls = [];
      const told = (name) => (name === process.argv[1] ? 'file' : name === process.argv[2] ? 'folder' : 'temporary file');
      const { open, rename } = fs.promises;
      fs.promises.rename = async (from, to) => {
        await rename(from, to);
        calls.push(\`\${told(from)} becomes \${told(to)}\`);
      };
      fs.promises.open = async (name, ...rest) => {
        const file = await open(name, ...rest);
        for (const method of ['writeFile', 'sync', 'datasync', 'close']) {
          const original = file[method].bind(file);
          file[method] = async (...args) => {
            await original(...args);
            calls.push(\`\${method} \${told(name)}\`);
          };
        }
        return file;
      };
      syncBuiltinESMExports();
      const { writeFileAtomic } = await import(${JSON.stringify(new URL('./atomic-file.ts', import.meta.url).href)});
      await writeFileAtomic(process.argv[1], 'new');
      process.stdout.write(calls.join('\\n'));`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, path, folder];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n')).toEqual([
      'writeFile temporary file',
      'sync temporary file',
      'close temporary file',
      'temporary file becomes file',
      'sync folder',
      'close folder',
    ]);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('is refused where something else than a file is', async () => {
    mkdirSync(path);
    await expect(writeFileAtomic(path, '')).rejects.toThrow('is no regular file');
    const link = join(folder, 'null');
    symlinkSync('/dev/null', link);
    await expect(writeFileAtomic(link, '')).rejects.toThrow('is no regular file');
  });
});

describe('a file that is written over', () => {
  it('has the new content alone, and is no link', async () => {
    writeFileSync(path, 'a longer content');
    await overwriteFile(path, 'short');
    expect(readFileSync(path, 'utf8')).toBe('short');
    const link = join(folder, 'link');
    symlinkSync(path, link);
    await expect(overwriteFile(link, 'x')).rejects.toThrow('ELOOP');
    expect(readFileSync(path, 'utf8')).toBe('short');
  });
});

describe('a scratch file', () => {
  it('has no name', () => {
    const file = openScratchFile(folder);
    writeSync(file, 'x');
    expect(readdirSync(folder)).toEqual([]);
    closeSync(file);
  });
});
