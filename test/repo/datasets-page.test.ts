import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { COLUMN_GROUPS } from '../../src/core/row-columns.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/datasets.md'), 'utf8');

/** The cells of a row of a Markdown table. */
function cellsOf(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

test('docs/datasets.md lists the columns that mean something as the program does', () => {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith('Columns\n'));
  const rows = section!
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map(cellsOf);
  const wanted = COLUMN_GROUPS.map(({ names, help }) => [
    names
      .filter((name) => name !== '')
      .map((name) => `\`${name}\``)
      .join(', '),
    help,
  ]);
  expect(rows).toEqual(wanted);
});

test('no column has two meanings', () => {
  const names = COLUMN_GROUPS.flatMap((group) => [...group.names]);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
