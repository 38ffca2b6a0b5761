import { type CellKind, columnGroup } from '../core/row-columns.ts';
import { datasetError, shown } from './row.ts';

/** JSON's own way to write a number. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NOT_A_NUMBER = /^[-+]?(?:nan|inf|infinity)$/i;
/** A cell that can only be meant as JSON; `auto` is not. */
const JSON_LIKE = /^\s*(?:[[{]|(?:true|false|-?\d+)\s*$)/;

/**
 * The text of a column as the value it stands for: by the kind of the column, and in a column that is only passed on by what the text
 * says unmistakably (a number, true or false, a JSON list or object). Undefined for text that stands for no value.
 *
 * Throws `INFEROMETER_DATASET_INVALID` with place and column for text that its column cannot hold.
 */
export function cellValue(name: string, text: string, place: () => string): unknown {
  const group = columnGroup(name);
  if (group?.role === 'unsent') return text;
  if (group === undefined) return guessed(name, text, place);
  return valueOfKind(name, group.kind, text, place);
}

/** The text as a value of the kind. */
export function valueOfKind(name: string, kind: CellKind, text: string, place: () => string): unknown {
  const trimmed = text.trim();
  if (kind !== 'text' && trimmed === '') return undefined;
  switch (kind) {
    case 'text':
      return text;
    case 'number': {
      const number = Number(trimmed);
      if (Number.isFinite(number)) return number;
      throw datasetError(`${place()}: ${name}`, `must be a number (got ${shown(text)})`);
    }
    case 'boolean': {
      const lower = trimmed.toLowerCase();
      if (lower === 'true' || lower === 'false') return lower === 'true';
      throw datasetError(`${place()}: ${name}`, `must be true or false (got ${shown(text)})`);
    }
    case 'list': {
      const value = trimmed.startsWith('[') ? jsonOf(trimmed) : undefined;
      return Array.isArray(value) ? value : text;
    }
    case 'json': {
      if (!JSON_LIKE.test(trimmed)) return text;
      const value = jsonOf(trimmed);
      if (value !== undefined) return value;
      throw datasetError(`${place()}: ${name}`, `must be JSON (got ${shown(text)})`);
    }
  }
}

/** What a cell says unmistakably; otherwise it is text: `007`, `1e999` and `[a-z]+` are. */
function guessed(name: string, text: string, place: () => string): unknown {
  const trimmed = text.trim();
  if (NOT_A_NUMBER.test(trimmed)) {
    throw datasetError(
      `${place()}: ${name}`,
      `must be a value that JSON can hold, or blank (got ${shown(text)})`,
    );
  }
  if (/^(?:true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true';
  if (NUMBER.test(trimmed)) {
    const number = Number(trimmed);
    const isExact = Number.isSafeInteger(number) || (Number.isFinite(number) && !/^-?\d+$/.test(trimmed));
    return isExact ? number : text;
  }
  if (trimmed.startsWith('{') || trimmed.startsWith('[')) return jsonOf(trimmed) ?? text;
  return text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
