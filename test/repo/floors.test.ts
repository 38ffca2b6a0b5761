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
    /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'|entryModule\(\s*'([^']+)'/g,
  );
  const imports = [...specifiers]
    .map(([, imported, started]) =>
      started === undefined ? resolveFrom(path, imported!) : resolve(sources, started),
    )
    .filter((to) => to !== undefined);
  return {
    path: relative(sources, path),
    folder: folderOf(path),
    imports,
  };
}

/** Undefined for a package. */
function resolveFrom(path: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? resolve(dirname(path), specifier) : undefined;
}

/** The deepest folder that has a floor, or the topmost. */
function folderOf(path: string): string {
  const [top, below] = relative(sources, path).split('/');
  return floors[`${top}/${below}`] === undefined ? top! : `${top}/${below}`;
}

const files = sourceFiles(sources);
const sourceTexts = () => files.map(({ path }) => readFileSync(join(sources, path), 'utf8'));

it('builds each module that a thread or a process starts with', () => {
  const started = sourceTexts().flatMap((text) => [...text.matchAll(/entryModule\(\s*'([^']+)'/g)]);
  const build = readFileSync(resolve(sources, '../scripts/build.mjs'), 'utf8');
  const built = [...build.matchAll(/^ {2}'([^']+)',$/gm)].map(([, entry]) => entry);
  expect(built.toSorted()).toEqual([...new Set(started.map(([, entry]) => entry))].sort());
});

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
