import { errorText, InferometerError } from '../core/errors.ts';

/** The named values of one row. */
export type RowValues = Readonly<Record<string, unknown>>;

/** A row as it stands in its file. */
export interface RawRow {
  /** Where, for messages, such as `prompts.jsonl:17`. */
  readonly place: () => string;
  /** What: read when asked. Throws `INFEROMETER_DATASET_INVALID` with the place for what cannot be read. */
  readonly read: () => unknown;
  /** All values are text, as in CSV, to be read by the kind of their column. */
  readonly isText?: boolean;
}

/** A row that was read: where it stands, and its values by column. */
export interface LocatedRow {
  readonly place: () => string;
  readonly values: RowValues;
  readonly isText?: boolean;
}

/** The error of a dataset that cannot be used: where, and what is wrong. */
export function datasetError(
  place: string,
  what: string,
  options?: { readonly cause?: unknown },
): InferometerError {
  return new InferometerError('INFEROMETER_DATASET_INVALID', 'input', `${place}: ${what}`, options);
}

export function isRowValues(value: unknown): value is RowValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Neither missing, nor null, nor text without a visible character. */
export function isPresent(value: unknown): boolean {
  return typeof value === 'string' ? value.trim() !== '' : value !== undefined && value !== null;
}

const SHOWN_CHARACTERS = 60;

/** A value on one line, cut short, for a message. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value.slice(0, 2 * SHOWN_CHARACTERS) : jsonText(value);
  const line = text.replace(/\s+/g, ' ');
  const short = line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
  return typeof value === 'string' ? `"${short}"` : short;
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'nothing';
  } catch (error) {
    return errorText(error);
  }
}
