/** Between two columns. */
const GAP = '  ';

/**
 * Rows of cells as lines of aligned columns: the first column is set left, the others right, unless `isLeft` says otherwise. No line ends in blanks.
 * Widths are counted in code points, so cells may hold `µ` but no wide characters.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  isLeft: (column: number) => boolean = (column) => column === 0,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column]!, isLeft(column)))
      .join(GAP)
      .trimEnd(),
  );
}

function pad(cell: string, columnWidth: number, left: boolean): string {
  const blanks = ' '.repeat(columnWidth - width(cell));
  return left ? cell + blanks : blanks + cell;
}

function width(text: string): number {
  return [...text].length;
}
