import { readdir, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { hubSnapshot } from '../core/hub-cache.ts';
import { datasetError } from './row.ts';

/** `owner/name`, `owner/name:train`, `owner/name:data/some.jsonl`. */
const REFERENCE = /^([^:]+\/[^:/]+)(?::(.+))?$/;
/** Of the names of files with a split, as hubs have them: `train-00000-of-00002`, `data/test`. */
const SPLIT_IN_NAME = /(?:^|[-_/.])(train|test|validation|valid|val|dev)(?=$|[-_/.])/;
/** Describe a dataset and are no part of it. */
const DESCRIPTIONS: ReadonlySet<string> = new Set(['dataset_infos.json', 'dataset_info.json', 'state.json']);
const DEFAULT_SPLIT = 'train';

/** A dataset on this machine, by its name on a hub. */
export interface HubDataset {
  readonly path: string;
  readonly files: readonly string[];
}

/** The name in such a reference; undefined for what is none. */
export function hubNameOf(reference: string): string | undefined {
  return REFERENCE.exec(reference)?.[1];
}

/**
 * The files that a name such as `owner/name` stands for, or with `:` behind it one of its splits or files; `isData`: by its extension. Undefined for what
 * is no name, or is not in a cache.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input) for a split or file that the dataset does not have, and where one must be chosen.
 */
export async function hubDataset(
  reference: string,
  isData: (path: string) => boolean,
): Promise<HubDataset | undefined> {
  const [, name, wanted] = REFERENCE.exec(reference) ?? [];
  if (name === undefined) return undefined;
  const folder = await hubSnapshot('datasets', name);
  if (folder === undefined) return undefined;
  const all = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const relative = all
    .map((path) => path.split(sep).join('/'))
    .filter((path) => isData(path) && !DESCRIPTIONS.has(basename(path)) && !isHidden(path))
    .sort();
  return { path: reference, files: chosen(reference, relative, wanted).map((path) => join(folder, path)) };
}

function chosen(reference: string, files: readonly string[], wanted: string | undefined): readonly string[] {
  if (wanted !== undefined && files.includes(wanted)) return [wanted];
  const bySplit = Map.groupBy(files, splitOf);
  const splits = [...bySplit.keys()].filter((split) => split !== '');
  const found = wanted === undefined ? (bySplit.get(DEFAULT_SPLIT) ?? bySplit.get('')) : bySplit.get(wanted);
  if (found !== undefined) return found;
  if (wanted === undefined && splits.length === 1) return bySplit.get(splits[0]!)!;
  const has = splits.length > 0 ? `splits: ${splits.join(', ')}` : `files: ${files.slice(0, 5).join(', ')}`;
  throw datasetError(
    reference,
    files.length === 0
      ? 'has no file that can be read on this machine'
      : `${wanted === undefined ? 'choose a split or a file' : `has no split or file "${wanted}"`}; it has ${has}`,
  );
}

function splitOf(path: string): string {
  const split = SPLIT_IN_NAME.exec(path.toLowerCase())?.[1] ?? '';
  return split === 'valid' || split === 'val' || split === 'dev' ? 'validation' : split;
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.'));
}

/** Whether a path leads to something. */
export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
