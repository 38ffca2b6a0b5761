import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldsOf } from '../../studies/figures.ts';
import { StudyFolder } from './study-folder.ts';

/** A study as a list tells of it. */
export interface StudyEntry {
  readonly name: string;
  readonly path: string;
  readonly kind: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly cells: number;
  readonly cellsDone: number;
  readonly isComplete: boolean;
  readonly conclusions: readonly string[];
  /** Where its runs are. */
  readonly cellsPath: string;
}

/** The studies in a folder, newest first; none for one that is missing. What is damaged is left out. */
export async function listStudies(path: string): Promise<readonly StudyEntry[]> {
  return new StudyList(path).entries();
}

/** The studies in a folder, for who asks again and again: what was read of one is kept until its files change. */
export class StudyList {
  readonly #path: string;
  #read: ReadonlyMap<string, SeenStudy> = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /** As {@link listStudies}. */
  async entries(): Promise<readonly StudyEntry[]> {
    const names = await readdir(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const seen = await Promise.all(names.map(async (name) => [name, await this.#see(name)] as const));
    this.#read = new Map(seen);
    return seen
      .flatMap(([, { entry }]) => entry ?? [])
      .toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  async #see(name: string): Promise<SeenStudy> {
    const path = join(this.#path, name);
    const files = [StudyFolder.questionPathIn(path), StudyFolder.resultPathIn(path)];
    const stamp = (await Promise.all(files.map(stampOf))).join();
    const known = this.#read.get(name);
    return known?.stamp === stamp ? known : { stamp, entry: await readEntry(path, name) };
  }
}

interface SeenStudy {
  readonly stamp: string;
  /** Undefined where there is no study, or a damaged one. */
  readonly entry: StudyEntry | undefined;
}

/** Changes with a file: each version of it is a file of its own. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await lstat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return 'missing';
  }
}

async function readEntry(path: string, name: string): Promise<StudyEntry | undefined> {
  try {
    const folder = StudyFolder.open(path);
    const { kind, created_at: createdAt } = await folder.readQuestion();
    const result = (await folder.readResult()) ?? {};
    const cells = Array.isArray(result.cells) ? result.cells.map(fieldsOf) : [];
    const conclusions = Array.isArray(result.conclusions) ? result.conclusions.map(String) : [];
    const cellsDone = cells.filter(({ state }) => state === 'done').length;
    const isComplete = result.is_complete === true;
    return {
      ...{ name, path, kind, createdAt, cells: cells.length, cellsDone, isComplete, conclusions },
      cellsPath: folder.cellsPath,
    };
  } catch {
    return undefined;
  }
}
