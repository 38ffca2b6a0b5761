import { jsonFault } from '../core/json-fault.ts';
import { datasetError } from './row.ts';

/**
 * A text as the JSON value it is. `lineBefore` lines of the file come before it. Throws `INFEROMETER_DATASET_INVALID` with file,
 * line and column of the first fault.
 */
export function parseJson(text: string, path: string, lineBefore: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = jsonFault(text);
    if (fault === undefined) throw datasetError(`${path}:${lineBefore + 1}`, 'is not JSON', { cause });
    const { line, column } = positionOf(text, fault.offset);
    const place = `${path}:${lineBefore + line}:${column}`;
    throw datasetError(
      place,
      `invalid JSON: expected ${fault.expected} (got ${gotText(text, fault.offset)})`,
      {
        cause,
      },
    );
  }
}

/** Line and column, from 1, of a place in a text whose lines end in LF, CRLF or CR. */
function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (const { index, 0: lineBreak } of text.slice(0, offset).matchAll(/\r\n|\n|\r/g)) {
    line += 1;
    lineStart = index + lineBreak.length;
  }
  return { line, column: offset - lineStart + 1 };
}

const SHOWN_CHARACTERS = 20;

function gotText(text: string, offset: number): string {
  const rest = text.slice(offset, offset + SHOWN_CHARACTERS + 1).trimEnd();
  if (rest === '') return offset >= text.length ? 'the end' : 'a line break';
  const [line] = rest.split(/[\r\n]/, 1);
  return `"${line!.slice(0, SHOWN_CHARACTERS)}${rest.length > SHOWN_CHARACTERS ? '…' : ''}"`;
}

/** The line, from 1, on which each item of a JSON array begins in its (valid) text. */
export function itemLines(text: string): readonly number[] {
  const lines: number[] = [];
  let line = 1;
  let depth = 0;
  let expectsItem = false;
  for (let offset = 0; offset < text.length; offset++) {
    const character = text[offset]!;
    if (character === '\n' || (character === '\r' && text[offset + 1] !== '\n')) line += 1;
    if (depth === 1 && expectsItem && !/[\s\]]/.test(character)) {
      lines.push(line);
      expectsItem = false;
    }
    if (character === '"') offset = closingQuote(text, offset);
    else if (character === '[' || character === '{') {
      depth += 1;
      if (depth === 1) expectsItem = true;
    } else if (character === ']' || character === '}') depth -= 1;
    else if (character === ',' && depth === 1) expectsItem = true;
  }
  return lines;
}

function closingQuote(text: string, start: number): number {
  let offset = start + 1;
  while (offset < text.length && text[offset] !== '"') offset += text[offset] === '\\' ? 2 : 1;
  return offset;
}
