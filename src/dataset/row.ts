import { InferometerError } from '../core/errors.ts';

/** The named values of one row. */
export type RowValues = Readonly<Record<string, unknown>>;

/** A row as it stands in its file: where, and what. */
export interface LocatedRow {
  /** For messages, e.g. `prompts.jsonl:17`. */
  readonly place: string;
  readonly values: RowValues;
}

/** The error of a dataset that can't be used: where, what was found, what was wanted. */
export function datasetError(
  place: string,
  found: string,
  wanted: string,
  options?: { readonly cause?: unknown },
): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_INVALID',
    'input',
    `${place}: found ${found}, wanted ${wanted}`,
    options,
  );
}

export function isRowValues(value: unknown): value is RowValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SHOWN_CHARACTERS = 60;

/** A value on one line, cut short, for a message. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  const line = text.replace(/\s+/g, ' ');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
