import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { removeTemporaryFilesIn, writeFileAtomic } from '../../core/atomic-file.ts';
import { readTextInside } from '../../core/careful-read.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import { identityOf, isRunning, type ProcessIdentity } from '../run-folder/process-identity.ts';
import { measuredPart, parseQuestion, type StudyQuestion } from './study-question.ts';

/** Far above what the program writes: a thousand cells make 2 MiB of study.json. */
const MOST_YAML_BYTES = 2 ** 20;
const MOST_JSON_BYTES = 2 ** 26;

/** Where studies go that are not given another place. */
export const STUDIES_FOLDER = 'studies';

/** The files of a study, by name. */
export class StudyFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder of a new study. Throws `InferometerError` (input) when it can't, or when something is there already. */
  static async create(path: string, question: StudyQuestion): Promise<StudyFolder> {
    if (existsSync(path)) {
      removeTemporaryFilesIn([path]);
      if (!lstatSync(path).isDirectory() || readdirSync(path).length > 0) {
        const isStudy = existsSync(join(path, STUDY_YAML));
        const advice = isStudy
          ? `to continue it: inferometer study resume ${path}`
          : 'choose a new directory';
        throw new InferometerError(
          'INFEROMETER_STUDY_EXISTS',
          'input',
          `--out ${path} already exists and is not empty; ${advice}`,
        );
      }
    }
    const folder = new StudyFolder(path);
    try {
      await makeDirectory(path);
      await writeFileAtomic(folder.questionPath, questionText(question));
      return folder;
    } catch (error) {
      throw new InferometerError(
        'INFEROMETER_OUT_UNWRITABLE',
        'input',
        `--out ${path} cannot be created (${errorText(error)}); choose a writable directory`,
        { cause: error },
      );
    }
  }

  /** Opens the folder of an earlier study. Throws `InferometerError` (input) when it holds none. */
  static open(path: string): StudyFolder {
    const folder = new StudyFolder(path);
    if (existsSync(folder.questionPath)) return folder;
    throw new InferometerError(
      'INFEROMETER_STUDY_MISSING',
      'input',
      `${path}: no study here (${STUDY_YAML} is missing); give the directory of a study`,
    );
  }

  /** Where the question of a study at `path` would be. */
  static questionPathIn(path: string): string {
    return join(path, STUDY_YAML);
  }

  /** Where what came of it would be. */
  static resultPathIn(path: string): string {
    return join(path, STUDY_JSON);
  }

  get name(): string {
    return basename(resolve(this.path));
  }
  get questionPath(): string {
    return join(this.path, STUDY_YAML);
  }
  get resultPath(): string {
    return StudyFolder.resultPathIn(this.path);
  }
  /** A quick look is a report to who asks for it. */
  pagePathOf(kind: StudyQuestion['kind']): string {
    return join(this.path, kind === 'quick' ? 'report.html' : 'study.html');
  }
  get cellsPath(): string {
    return join(this.path, CELLS);
  }
  cellPath(id: string): string {
    return join(this.cellsPath, id);
  }
  get #lockPath(): string {
    return join(this.path, 'study.lock');
  }

  /** Throws `InferometerError` (input) with the place of what is wrong. */
  async readQuestion(): Promise<StudyQuestion> {
    return parseQuestion(await this.#read(this.questionPath, MOST_YAML_BYTES), this.questionPath);
  }

  /** study.json as it was last written; undefined when it is missing or damaged: all but failures can be read from the cells. */
  async readResult(): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const found: unknown = JSON.parse(await this.#read(this.resultPath, MOST_JSON_BYTES));
      return typeof found === 'object' && found !== null ? { ...found } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Takes aside what a cell left that was cut short: it may still be looked at. */
  async setAside(id: string): Promise<void> {
    const path = this.cellPath(id);
    if (!existsSync(path)) return;
    for (let n = 1; ; n++) {
      const aside = `${path}.cut-short${n === 1 ? '' : `-${n}`}`;
      if (existsSync(aside)) continue;
      await rename(path, aside);
      return;
    }
  }

  /**
   * Keeps others from running the same study; returns what gives it free. What a killed process left is taken over. Throws
   * `INFEROMETER_STUDY_BUSY` (input).
   */
  async lock(): Promise<() => Promise<void>> {
    const own = `${JSON.stringify(identityOf(process.pid))}\n`;
    const file = await open(this.#lockPath, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (file === undefined) {
      const holder = await this.#lockHolder();
      if (holder !== undefined && isRunning(holder)) {
        throw new InferometerError(
          'INFEROMETER_STUDY_BUSY',
          'input',
          `${this.path}: process ${holder.pid} is running this study; wait for it or stop it first`,
        );
      }
      await writeFileAtomic(this.#lockPath, own);
    } else {
      await file.writeFile(own);
      await file.close();
    }
    return () => rm(this.#lockPath, { force: true });
  }

  async #lockHolder(): Promise<ProcessIdentity | undefined> {
    try {
      return JSON.parse(await this.#read(this.#lockPath, MOST_YAML_BYTES)) as ProcessIdentity;
    } catch {
      return undefined;
    }
  }

  async #read(path: string, mostBytes: number): Promise<string> {
    return readTextInside(this.path, path, mostBytes);
  }
}

const STUDY_YAML = 'study.yaml';
const STUDY_JSON = 'study.json';
const CELLS = 'cells';

/** Tells whether two questions measure the same. */
export function digestOf(question: StudyQuestion): string {
  return sha256(measuredPart(question));
}

/** Of the file of `--config`. Throws the system's error. */
export async function fileDigest(path: string): Promise<string> {
  return sha256(await readFile(path));
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function questionText(question: StudyQuestion): string {
  return `# What this study measures. To continue it: inferometer study resume DIR\n${stringify(question)}`;
}
