import { element, setText } from './dom.ts';

/** A table as texts: what each column holds, with its unit, and the rows. */
export interface TextTable {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Buttons that copy a table as Markdown or CSV, and the address of the page. */
export function copyBar(table: () => TextTable | Promise<TextTable>): HTMLElement {
  const status = element('span', { class: 'muted', role: 'status' });
  const button = (label: string, what: string, text: () => string | Promise<string>) => {
    const made = element('button', { type: 'button', class: 'button small', title: what }, label);
    made.addEventListener('click', () => void copy(text, status));
    return made;
  };
  return element(
    'div',
    { class: 'copy', role: 'group', 'aria-label': 'Copy' },
    element('span', { class: 'muted' }, 'Copy as'),
    button('Markdown', 'Copy the table as Markdown', async () => markdownText(await table())),
    button('CSV', 'Copy the table as CSV', async () => csvText(await table())),
    button('Link', 'Copy the address of this page', () => location.href),
    status,
  );
}

async function copy(text: () => string | Promise<string>, status: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(await text());
    setText(status, 'Copied.');
  } catch {
    setText(status, 'This browser lets a page copy on https or localhost only.');
  }
}

export function markdownText({ heads, rows }: TextTable): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line), ''].join('\n');
}

export function csvText({ heads, rows }: TextTable): string {
  const cellText = (cell: string) => {
    // A spreadsheet takes these for formulas.
    const safe = /^[=+@-]/.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : cell;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [heads, ...rows].map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('');
}
