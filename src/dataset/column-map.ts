import { COLUMN_GROUPS, columnGroup } from '../core/row-columns.ts';
import { InferometerError } from '../core/errors.ts';
import { isRowValues, type RawRow, type RowValues } from './row.ts';
import type { Source, SourceFile } from './source.ts';

/** Which column of a file stands for which name that the program knows: name to column. */
export type ColumnMap = Readonly<Record<string, string>>;

/** Names that a column can stand for, as an error shows them: the first of each meaning. */
const SHOWN_NAMES = COLUMN_GROUPS.filter(
  ({ role }) => role !== 'unsent' && role !== 'field' && role !== 'stream',
)
  .map(({ names: [name] }) => name)
  .join(', ');

const MAP_ALLOWED = 'name=column, with commas between several, e.g. prompt=question,system=instructions';
export const MAPPED_NAMES_ALLOWED = `${SHOWN_NAMES}, or another column that docs/datasets.md lists as sent`;

/** Reads `name=column,…`, each name once; or tells what is allowed. Which names mean something, {@link isMappedName} knows. */
export function parseColumnMap(
  text: string,
): { readonly value: Record<string, string> } | { readonly allowed: string } {
  const map = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, name, column] = /^\s*([^=\s]+)=(.*\S)\s*$/.exec(part) ?? [];
    if (name === undefined || column === undefined || map.has(name)) return { allowed: MAP_ALLOWED };
    map.set(name, column);
  }
  return { value: Object.fromEntries(map) };
}

/** Whether a column can be said to stand for a name: it means something, and is not left out. */
export function isMappedName(name: string): boolean {
  const role = columnGroup(name)?.role;
  return role !== undefined && role !== 'unsent' && role !== 'stream';
}

/** Files whose rows have the columns that a map gives them. Reading the first row throws {@link COLUMN_MISSING} (input) for a column that it lacks. */
export function mappedSource(source: Source, map: ColumnMap): Source {
  let isChecked = false;
  const mapped = (raw: RawRow): RawRow => ({
    ...raw,
    read: () => {
      const value = raw.read();
      const row = isRowValues(value) ? value : {};
      if (!isChecked) checkColumns(row, map, raw.place());
      isChecked = true;
      return isRowValues(value) ? mappedRow(row, map) : value;
    },
  });
  const mappedFile = (file: SourceFile): SourceFile => ({
    ...file,
    // Opened now, so that the faults of a file that is read as a whole are told at once.
    rows: () => each(file.rows(), mapped),
    rowsNamed: (columns) => each(file.rowsNamed(columns), mapped),
  });
  return { ...source, files: source.files.map(mappedFile) };
}

function* each(rows: Iterable<RawRow>, change: (row: RawRow) => RawRow): Generator<RawRow> {
  for (const row of rows) yield change(row);
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

/** The code of the error for a column that isn't there. */
export const COLUMN_MISSING = 'INFEROMETER_DATASET_COLUMN';

function checkColumns(row: RowValues, map: ColumnMap, place: string): void {
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
