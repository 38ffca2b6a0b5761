import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const sources = resolve(import.meta.dirname, '../../src');
const floors = JSON.parse(readFileSync(resolve(sources, '../floors.json'), 'utf8')) as Record<string, number>;

interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly imports: readonly string[];
}

function sourceFiles(directory: string): SourceFile[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name) ? [readSource(path)] : [];
  });
}

function readSource(path: string): SourceFile {
  const specifiers = readFileSync(path, 'utf8').matchAll(
    /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'|siblingModule\([^,]+,\s*'([^']+)'/g,
  );
  const imports = [...specifiers]
    .map((match) => match[1] ?? match[2]!)
    .filter((specifier) => specifier.startsWith('.'));
  return {
    path: relative(sources, path),
    folder: folderOf(path),
    imports: imports.map((to) => resolve(dirname(path), to)),
  };
}

/** The deepest folder that has a floor, or the topmost. */
function folderOf(path: string): string {
  const [top, below] = relative(sources, path).split('/');
  return floors[`${top}/${below}`] === undefined ? top! : `${top}/${below}`;
}

const files = sourceFiles(sources);

describe('floors', () => {
  it('sees the sources and their imports', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(100);
  });

  it('gives each folder a floor', () => {
    expect(
      [...new Set(files.map((file) => file.folder))].filter((folder) => floors[folder] === undefined),
    ).toEqual([]);
  });

  it('lets a file import its own folder or a lower floor only', () => {
    const upward = files.flatMap((file) =>
      file.imports
        .map(folderOf)
        .filter((target) => target !== file.folder && !(floors[target]! < floors[file.folder]!))
        .map((target) => `${file.path} → ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('is the table of src/README.md', () => {
    const readme = readFileSync(join(sources, 'README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| (\d+) +\| `([\w/-]+)\/`/gm)].map((match) => [
      match[2],
      Number(match[1]),
    ]);
    expect(Object.fromEntries(rows)).toEqual(floors);
  });
});
