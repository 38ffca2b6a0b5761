import { InferometerError } from '../core/errors.ts';
import { type ColumnMap, mappedSource } from '../dataset/column-map.ts';
import { datasetError } from '../dataset/row.ts';
import type { Conversation } from './conversation.ts';
import { sampleOf, type WorkloadFormat } from './format.ts';
import { workloadFormats } from './formats.ts';
import { ROWS } from './formats/rows.ts';
import { type Note, Notes } from './notes.ts';
import { openSource, type Source } from '../dataset/source.ts';

/** A file or folder of conversations. */
export interface Workload {
  readonly path: string;
  readonly format: WorkloadFormat;
  /** Whether the format was found out by content. */
  readonly isDetected: boolean;
  /**
   * The conversations in the order of the file, read anew each time. Throws `INFEROMETER_DATASET_INVALID` (input), with the place, for what can't be sent and for a file
   * without a conversation.
   */
  conversations(): Iterable<Conversation>;
  /** What was odd so far in the latest reading; complete when all conversations were read. */
  readonly notes: readonly Note[];
}

/**
 * Opens a workload; its content says how it is written, unless `formatName` does. Takes the bytes of its files in memory.
 *
 * Throws `InferometerError` (input) for a file that can't be read and for a format that there is not.
 */
export async function openWorkload(path: string, formatName?: string): Promise<Workload> {
  return workloadOf(await openSource(path), formatName);
}

/** Opens files as rows whose columns have the names that a map gives them. Throws as {@link openWorkload} does. */
export async function openMappedRows(path: string, map: ColumnMap): Promise<Workload> {
  return workloadOf(mappedSource(await openSource(path), map), ROWS.name);
}

/** The same of files that are open. Throws `InferometerError` (input) for a format that there is not. */
export function workloadOf(source: Source, formatName?: string): Workload {
  const named = formatName === undefined ? undefined : formatNamed(formatName);
  const { path } = source;
  const sample = sampleOf(source);
  const format = named ?? workloadFormats().find(({ recognizes }) => recognizes?.(sample) === true)!;
  let notes = new Notes();
  function* conversations(): Generator<Conversation> {
    notes = new Notes();
    let count = 0;
    for (const conversation of format.read({ source, notes })) {
      count += 1;
      yield conversation;
    }
    if (count === 0) throw datasetError(path, 'has no rows');
  }
  return {
    path,
    format,
    isDetected: named === undefined,
    conversations,
    get notes() {
      return notes.all;
    },
  };
}

function formatNamed(name: string): WorkloadFormat {
  const format = workloadFormats().find((one) => one.name === name);
  if (format !== undefined) return format;
  throw new InferometerError(
    'INFEROMETER_DATASET_FORMAT',
    'input',
    `--format: must be one of ${workloadFormats()
      .map((one) => one.name)
      .join(', ')} (got "${name}")`,
  );
}
