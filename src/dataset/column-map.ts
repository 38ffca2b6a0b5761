import { COLUMN_GROUPS, columnGroup } from '../core/row-columns.ts';
import { InferometerError } from '../core/errors.ts';
import type { RowValues } from './row.ts';

/** Which column of a file stands for which name that the program knows: name to column. */
export type ColumnMap = Readonly<Record<string, string>>;

/** Names that a column can stand for, as an error shows them: the first of each meaning. */
const SHOWN_NAMES = COLUMN_GROUPS.filter(
  ({ role }) => role !== 'unsent' && role !== 'field' && role !== 'stream',
)
  .map(({ names: [name] }) => name)
  .join(', ');

export const MAPPED_NAMES_ALLOWED = `${SHOWN_NAMES}, or another column that docs/datasets.md lists as sent`;

/** Whether a column can be said to stand for a name: it means something, and is not left out. */
export function isMappedName(name: string): boolean {
  const role = columnGroup(name)?.role;
  return role !== undefined && role !== 'unsent' && role !== 'stream';
}

/**
 * A row whose columns have the names that a map gives them; a column of such a name gives way. A row without the column has no value there.
 */
export function mappedRow(row: RowValues, map: ColumnMap): RowValues {
  const taken = new Set([...Object.keys(map), ...Object.values(map)]);
  const others = Object.entries(row).filter(([name]) => !taken.has(name));
  const mapped = Object.entries(map).flatMap(([name, column]) =>
    Object.hasOwn(row, column) ? [[name, row[column]] as const] : [],
  );
  return Object.fromEntries([...mapped, ...others]);
}

/** The code of the error of {@link checkColumns}. */
export const COLUMN_MISSING = 'INFEROMETER_DATASET_COLUMN';

/** Throws {@link COLUMN_MISSING} (input) for a map with columns that a first row does not have. */
export function checkColumns(row: RowValues, map: ColumnMap, place: string): void {
  for (const [name, column] of Object.entries(map)) {
    if (Object.hasOwn(row, column)) continue;
    const names = Object.keys(row).map((one) => `"${one}"`);
    throw new InferometerError(
      COLUMN_MISSING,
      'input',
      `${place}: has no column "${column}" (--map ${name}=${column}); it has ${names.join(', ') || 'none'}`,
    );
  }
}
