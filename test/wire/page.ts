import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The page a reader in another language is written from. */
export const PAGE_PATH = fileURLToPath(new URL('../../docs/wire-format.md', import.meta.url));
export const PAGE = readFileSync(PAGE_PATH, 'utf8');

/** The text of the one code block whose fence says `info`. */
export function codeBlock(info: string): string {
  const blocks = [...PAGE.matchAll(/^```(.+)\n([^]*?)^```$/gm)].filter(([, found]) => found === info);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) throw new Error(`${blocks.length} code blocks ${info}`);
  return block[2]!;
}

/** The bytes of a block of hex digits, each line's note from `;` on left out. */
export function bytesOf(block: string): Uint8Array {
  return new Uint8Array(Buffer.from(block.replace(/;.*/g, '').replace(/\s+/g, ''), 'hex'));
}

/** The tables between a heading and the next one: their rows without the head, cells without backticks. */
export function tablesUnder(heading: string): string[][][] {
  const sections = PAGE.split(/^#+ /m).filter((section) => section.startsWith(`${heading}\n`));
  const [section] = sections;
  if (section === undefined || sections.length > 1) throw new Error(`${sections.length} sections ${heading}`);
  return section
    .split(/\n{2,}/)
    .filter((block) => block.startsWith('|'))
    .map((block) => block.trim().split('\n').slice(2).map(cells));
}

function cells(line: string): string[] {
  return line
    .replaceAll('`', '')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
