import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { COLUMN_GROUPS } from '../../src/core/row-columns.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../docs/datasets.md'), 'utf8');

test('docs/datasets.md lists the columns that mean something as the program does', () => {
  const section = PAGE.split(/^## /m).find((text) => text.startsWith('Columns\n'));
  const lines = section!.split('\n').filter((line) => line.startsWith('- `'));
  const wanted = COLUMN_GROUPS.map(({ names, help }) => {
    const shown = names.filter((name) => name !== '').map((name) => `\`${name}\``);
    return `- ${shown.join(', ')}: ${help}`;
  });
  expect(lines).toEqual(wanted);
});

test('no column has two meanings', () => {
  const names = COLUMN_GROUPS.flatMap((group) => [...group.names]);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
