import { isRowValues, type RawRow, type RowValues } from '../dataset/row.ts';
import type { Conversation } from './conversation.ts';
import type { Notes } from './notes.ts';
import type { Source } from '../dataset/source.ts';

/** The beginning of what was given, to tell its format by. */
export interface Sample {
  readonly source: Source;
  /** The first row that is JSON or a record; undefined when it can't be read. */
  readonly first: unknown;
  /** `first` when it is an object, else an object without fields. */
  readonly fields: RowValues;
  /** Of a table. */
  readonly columns: readonly string[];
}

/** What a reader is given. */
export interface Reading {
  readonly source: Source;
  readonly notes: Notes;
}

/** One way to write down a workload. A new format is one file with one of these, and a line in `formats.ts`. */
export interface WorkloadFormat {
  /** For `--format`. */
  readonly name: string;
  /** What it is, for help and messages: `Mooncake trace`. */
  readonly title: string;
  /** Whether a file is written so. Absent for a format that no content tells from another: it must be named. */
  readonly recognizes?: (sample: Sample) => boolean;
  /**
   * The conversations in the order of the file. Throws `INFEROMETER_DATASET_INVALID` (input) with the place for what can't be sent; odd but
   * usable things go to `notes`.
   */
  readonly read: (reading: Reading) => Iterable<Conversation>;
}

export function sampleOf(source: Source): Sample {
  const [file] = source.files;
  const first = file === undefined || file.layout === 'text' ? undefined : firstOf(file.rows());
  return { source, first, fields: isRowValues(first) ? first : {}, columns: file?.columns ?? [] };
}

/** A damaged file is reported by its reader, with the place. */
function firstOf(rows: Iterable<RawRow>): unknown {
  try {
    for (const row of rows) return row.read();
  } catch {
    return undefined;
  }
  return undefined;
}

/** The rows of all files, one after the other. */
export function* allRows({ files }: Source): Generator<RawRow> {
  for (const file of files) yield* file.rows();
}
