import type { Tool, ToolFlag } from './tool.ts';
import { TOOLS } from './tools.ts';

const COLUMNS = ['their flag', 'value', 'default', 'here'] as const;
/** Stands in the place of what there is none of. */
const NONE = '—';

/** The tables of docs/migration.md, one for each tool: every flag, and what says the same here. */
export function migrationTables(): string {
  return TOOLS.map(toolSection).join('\n\n');
}

function toolSection({ title, name, flags }: Tool): string {
  return [`## ${title}`, `\`inferometer from ${name} -- …\``, tableText(flags.map(cellsOf))].join('\n\n');
}

function cellsOf({ names, takes, unit, default: otherwise, here, note }: ToolFlag): readonly string[] {
  const value = takes === 'nothing' ? NONE : (unit ?? 'text');
  return [
    names.map(code).join(', '),
    value,
    otherwise ?? NONE,
    [here === '' ? undefined : withCode(here), note].filter((part) => part !== undefined).join('. ') ||
      'see the report',
  ];
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Flags in a text as code, with the value that follows them. */
function withCode(text: string): string {
  return text.replace(/--[a-z-]+(?: "[^"]*"| \S*=\S*)?/g, code);
}

/** As Prettier writes it: columns as wide as their widest cell. */
function tableText(rows: readonly (readonly string[])[]): string {
  const cells = [COLUMNS, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  const widths = COLUMNS.map((_, at) => Math.max(...cells.map((row) => row[at]!.length)));
  const line = (row: readonly string[], fill: string) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!, fill)).join(' | ')} |`;
  const [head, ...others] = cells;
  return [
    line(head!, ' '),
    line(
      COLUMNS.map(() => ''),
      '-',
    ),
    ...others.map((row) => line(row, ' ')),
  ].join('\n');
}
