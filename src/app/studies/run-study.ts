import { setTimeout as sleep } from 'node:timers/promises';
import { resolve } from 'node:path';
import { errorText, EXIT_CODES, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import type { Cell } from '../../studies/designs.ts';
import { FIGURES, type FigureKey, figureValueText } from '../../studies/figures.ts';
import type { CellResult, StudyResult } from '../../studies/study-result.ts';
import { readManifest, RunDirectory } from '../run-folder/run-directory.ts';
import { isRunning } from '../run-folder/process-identity.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import { CellProcess, type CellEnd } from './cell-process.ts';
import { failedCell, readCell, skippedCell } from './cell-results.ts';
import { runHook } from './hook.ts';
import type { RunFlags } from './run-flags.ts';
import { StopRequest } from './stop-request.ts';
import { writeStudyFiles, writeStudyPage } from './study-files.ts';
import { digestOf, type StudyFolder } from './study-folder.ts';
import type { StudyPlan } from './study-plan.ts';
import type { StudyQuestion } from './study-question.ts';
import { readCells, studyResultOf } from './study-state.ts';

export interface RunStudyOptions {
  /** The entry of the program. */
  readonly program: string;
  readonly folder: StudyFolder;
  readonly question: StudyQuestion;
  readonly plan: StudyPlan;
  readonly coolDownMs: number;
  /** Cells get the terminal while they run. */
  readonly isInteractive: boolean;
  readonly log: Log;
  /** What runs say that have no terminal, as it comes. */
  readonly onText: (text: string) => void;
}

/** How a study ended: with all its cells, or before. */
export interface StudyEnd {
  readonly result: StudyResult;
  readonly isComplete: boolean;
}

/** Exit codes of a run that say that no other one will do: what it was given is wrong, or nothing answers. */
const HOPELESS: readonly (number | null)[] = [EXIT_CODES.input, EXIT_CODES.setup];
/** Of a cell, for its line of progress. */
const TOLD: readonly FigureKey[] = [
  'requests_per_second',
  'output_tokens_per_second',
  'ttft_p50_ns',
  'ttft_p99_ns',
];

/**
 * Runs the cells of a study that have no result yet, one after another, and writes study.json behind each. Ctrl-C ends the cell that runs and
 * then the study, which can be resumed, as it can when it is killed.
 *
 * Throws `InferometerError`: what a run says of its settings or its server, `INFEROMETER_STUDY_HOOK` (execution), `INFEROMETER_STUDY_BUSY`.
 */
export async function runStudy(options: RunStudyOptions): Promise<StudyEnd> {
  const { folder } = options;
  const unlock = await folder.lock();
  const stop = new StopRequest();
  try {
    return await new StudyRun(options, stop).run();
  } finally {
    stop.close();
    await unlock();
  }
}

class StudyRun {
  readonly #options: RunStudyOptions;
  readonly #stop: StopRequest;
  #results = new Map<string, CellResult>();
  #ran = 0;
  #hasBegunEarlier = false;

  constructor(options: RunStudyOptions, stop: StopRequest) {
    this.#options = options;
    this.#stop = stop;
  }

  async run(): Promise<StudyEnd> {
    const { folder, plan, log } = this.#options;
    await makeDirectory(folder.cellsPath);
    this.#results = new Map(await readCells(folder, plan));
    this.#hasBegunEarlier = this.#results.size > 0;
    if (this.#hasBegunEarlier)
      log.info(
        `${countedText(this.#results.size, 'cell')} ${this.#results.size === 1 ? 'is' : 'are'} there already`,
      );
    await this.#write();
    try {
      await this.#measureAll();
    } finally {
      await this.#write();
      await writeStudyPage(folder, this.#result(), log);
    }
    const result = this.#result();
    return { result, isComplete: plan.next(this.#results) === undefined };
  }

  async #measureAll(): Promise<void> {
    const { plan } = this.#options;
    while (!this.#stop.isRequested) {
      const step = plan.next(this.#results);
      if (step === undefined) return;
      if (step.kind === 'skip') this.#results.set(step.cell.id, skippedCell(step.cell, step.reason));
      else if (!(await this.#measure(step.cell))) return;
    }
  }

  /** Whether the study goes on. */
  async #measure(cell: Cell): Promise<boolean> {
    const { folder, plan, log } = this.#options;
    refuseRunning(folder, cell);
    await folder.setAside(cell.id);
    if (!(await this.#waitBefore(cell))) return false;
    const count = plan.cells(this.#results).length;
    log.info(`cell ${this.#results.size + 1} of ${count}: ${plan.textOf(cell)} (${cell.id})`);
    this.#ran += 1;
    const end = await this.#runCell(cell, plan.flagsOf(cell));
    const found = await readCell(folder, cell);
    if (found.state === 'done') {
      log.info(`  ${summaryOf(found)}`);
      this.#results.set(cell.id, found);
    } else if (this.#stop.isRequested || end.exitCode === EXIT_CODES.interrupted) {
      this.#stop.request();
      return false;
    } else if (HOPELESS.includes(end.exitCode)) {
      throw new InferometerError(
        'INFEROMETER_STUDY_CELL',
        end.exitCode === EXIT_CODES.input ? 'input' : 'setup',
        `cell ${cell.id} cannot run, for the reason above${resumeAdvice(folder)}`,
      );
    } else {
      const reason = failureText(end);
      log.warning(`cell ${cell.id} failed: ${reason}`);
      this.#results.set(cell.id, failedCell(cell, reason));
    }
    await this.#write();
    return !this.#stop.isRequested;
  }

  /** The pause and the hook between two cells; before the first one of a study there is none. Whether the study goes on. */
  async #waitBefore(cell: Cell): Promise<boolean> {
    const { question, plan, folder, coolDownMs } = this.#options;
    if (this.#ran === 0 && !this.#hasBegunEarlier) return true;
    if (coolDownMs > 0 && this.#ran > 0) {
      await sleep(coolDownMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    if (this.#stop.isRequested) return false;
    if (question.between === undefined) return true;
    const failure = await runHook(question.between, {
      directory: question.directory,
      environment: {
        INFEROMETER_CELL: cell.id,
        ...Object.fromEntries(
          plan.factors(this.#results).map(({ name }, i) => [hookVariable(name), cell.values[i] ?? '']),
        ),
      },
      signal: this.#stop.signal,
    });
    if (this.#stop.isRequested) return false;
    if (failure === undefined) return true;
    throw new InferometerError(
      'INFEROMETER_STUDY_HOOK',
      'execution',
      `--between '${question.between}' failed before cell ${cell.id}: ${failure}${resumeAdvice(folder)}`,
    );
  }

  async #runCell(cell: Cell, flags: RunFlags): Promise<CellEnd> {
    const { program, folder, question, isInteractive, onText } = this.#options;
    const child = new CellProcess({
      ...{ program, flags, isInteractive, onText },
      outPath: resolve(folder.cellPath(cell.id)),
      directory: question.directory,
    });
    const forget = this.#stop.onSignal((signal) => child.signal(signal));
    try {
      return await child.ended;
    } finally {
      forget();
    }
  }

  async #write(): Promise<void> {
    const { folder, question, log } = this.#options;
    try {
      await writeStudyFiles(folder, this.#result(), digestOf(question));
    } catch (error) {
      log.warning(`${folder.path}: the study cannot be written: ${errorText(error)}`);
    }
  }

  #result(): StudyResult {
    const { folder, question, plan } = this.#options;
    return studyResultOf(folder, question, plan, this.#results);
  }
}

/** A cell that a killed study left running would disturb the next one. */
function refuseRunning(folder: StudyFolder, cell: Cell): void {
  const manifest = readManifest(RunDirectory.at(folder.cellPath(cell.id)));
  if (manifest?.outcome.state !== 'running' || !isRunning(manifest.main_process)) return;
  throw new InferometerError(
    'INFEROMETER_STUDY_BUSY',
    'input',
    `cell ${cell.id} is still running (process ${manifest.main_process.pid}); wait for it or stop it, then resume`,
  );
}

function resumeAdvice(folder: StudyFolder): string {
  return `; to continue: inferometer study resume ${folder.path}`;
}

function failureText({ exitCode, signal, lastLine }: CellEnd): string {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `ended by ${signal}`;
  return lastLine === '' ? how : `${how}: ${lastLine}`;
}

function summaryOf({ figures, verdict }: CellResult): string {
  const told = TOLD.flatMap((key) => {
    const estimate = figures[key];
    return estimate === undefined ? [] : [`${FIGURES[key].title} ${figureValueText(key, estimate.value)}`];
  });
  return [...told, `verdict ${verdict ?? 'none'}`].join(', ');
}

function hookVariable(name: string): string {
  return `INFEROMETER_OVER_${name.toUpperCase().replaceAll('-', '_')}`;
}
