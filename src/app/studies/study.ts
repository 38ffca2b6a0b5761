import { InferometerError } from '../../core/errors.ts';
import { parseDurationMs } from '../../config/units.ts';
import type { Log } from '../../core/log.ts';
import { fieldsOf } from '../../studies/figures.ts';
import type { StudyResult } from '../../studies/study-result.ts';
import { failedCell } from './cell-results.ts';
import { redactedFlagNames, redactedFlags, type RunFlags } from './run-flags.ts';
import { runStudy, type StudyEnd } from './run-study.ts';
import { digestOf, fileDigest, StudyFolder } from './study-folder.ts';
import type { StudyPlan } from './study-plan.ts';
import { type StudyQuestion, studyFileError } from './study-question.ts';
import { checkCells, configPathOf, type StudySettings } from './study-settings.ts';
import { readCells, studyResultOf } from './study-state.ts';
import { quickPlan } from './quick-plan.ts';
import { repeatPlan } from './repeat-plan.ts';
import { sweepPlan } from './sweep.ts';
import { capacityPlan } from './capacity-plan.ts';

export interface StudyOptions {
  /** The entry of the program. */
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly isInteractive: boolean;
  readonly log: Log;
  readonly onText: (text: string) => void;
}

/**
 * Begins a study in a new folder and runs it. `question`: with the flags as they were given; what is secret among them is not written. `prepare`: puts
 * further files into the folder. Throws
 * `InferometerError` for what is wrong with it, before anything is made or sent, and what `runStudy` throws.
 */
export async function beginStudy(
  path: string,
  question: StudyQuestion,
  options: StudyOptions,
  prepare?: (folder: StudyFolder) => Promise<void>,
): Promise<StudyEnd & { readonly folder: StudyFolder }> {
  const { run: flags, directory } = question;
  const plan = planOf(question, flags, (name, what) => flagFault(name, what));
  const settings = { flags, directory, environment: options.environment };
  const secrets = await checkCells(plan, settings);
  const config = configPathOf(settings);
  const written: StudyQuestion = {
    ...question,
    run: redactedFlags(flags, secrets),
    ...(config === undefined ? {} : { config_sha256: await fileDigest(config) }),
  };
  const folder = await StudyFolder.create(path, written);
  await prepare?.(folder);
  options.log.info(`study directory: ${path}`);
  return { ...(await runStudy(runOptions(folder, written, plan, options))), folder };
}

/**
 * Continues a study where it was stopped or killed. `given`: flags with secrets, which study.yaml does not have. Throws `InferometerError` (input)
 * for a study.yaml that is wrong or was changed, and what `runStudy` throws.
 */
export async function resumeStudy(
  path: string,
  given: RunFlags,
  options: StudyOptions,
): Promise<StudyEnd & { readonly folder: StudyFolder }> {
  const folder = StudyFolder.open(path);
  const question = await folder.readQuestion();
  await refuseChanged(folder, question);
  const flags = { ...question.run, ...given };
  const lacking = redactedFlagNames(flags).filter(
    (flag) => flag !== '--api-key' || !hasKey(options.environment),
  );
  if (lacking.length > 0)
    throw studyFileError(
      folder.questionPath,
      `a value of ${lacking.join(' and ')} was not saved because it may be a secret; give it again: inferometer study resume ${path} ${lacking[0]} …`,
    );
  const known = Object.fromEntries(
    Object.entries(flags).filter(([flag]) => flag !== '--api-key' || given[flag] !== undefined),
  );
  const plan = planOf(question, known, (name, what) =>
    studyFileError(folder.questionPath, `${name} ${what}`),
  );
  const settings: StudySettings = {
    flags: known,
    directory: question.directory,
    environment: options.environment,
  };
  await refuseChangedConfig(settings, question.config_sha256);
  await checkCells(plan, settings);
  return { ...(await runStudy(runOptions(folder, question, plan, options))), folder };
}

/** A study as it stands, without running anything. Throws `InferometerError` (input) when there is none. */
export async function readStudy(path: string): Promise<StudyResult> {
  const folder = StudyFolder.open(path);
  const question = await folder.readQuestion();
  const plan = planOf(question, question.run, (name, what) =>
    studyFileError(folder.questionPath, `${name} ${what}`),
  );
  const results = new Map(await readCells(folder, plan));
  const { cells } = (await folder.readResult()) ?? {};
  for (const told of Array.isArray(cells) ? (cells as readonly unknown[]) : []) {
    const { id, state, reason } = fieldsOf(told);
    const cell = plan.cells(results).find((one) => one.id === id);
    if (state === 'failed' && cell !== undefined && !results.has(cell.id))
      results.set(cell.id, failedCell(cell, typeof reason === 'string' ? reason : ''));
  }
  return studyResultOf(folder, question, plan, results);
}

type Refuse = (name: string, what: string) => Error;

function planOf(question: StudyQuestion, flags: RunFlags, refuse: Refuse): StudyPlan {
  switch (question.kind) {
    case 'sweep':
      return sweepPlan(question, flags, refuse);
    case 'quick':
      return quickPlan(question, flags);
    case 'repeat':
      return repeatPlan(question, flags);
    case 'capacity':
      return capacityPlan(question, flags, refuse);
  }
}

function runOptions(folder: StudyFolder, question: StudyQuestion, plan: StudyPlan, options: StudyOptions) {
  const { program, isInteractive, log, onText } = options;
  const coolDownMs = parseDurationMs(question.cool_down ?? '0') ?? 0;
  return { program, folder, question, plan, coolDownMs, isInteractive, log, onText };
}

function hasKey({ INFEROMETER_API_KEY: key }: NodeJS.ProcessEnv): boolean {
  return key !== undefined && key !== '';
}

/** As the flags of a command name what is wrong; study.yaml has the same names with underscores. */
function flagFault(name: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_STUDY_FLAG', 'input', `--${name.replaceAll('_', '-')} ${what}`);
}

/** The cells that are there were measured with other settings. */
async function refuseChanged(folder: StudyFolder, question: StudyQuestion): Promise<void> {
  const { digest } = (await folder.readResult()) ?? {};
  if (typeof digest !== 'string' || digest === digestOf(question)) return;
  throw studyFileError(
    folder.questionPath,
    'was changed since the study began; undo the change, or begin a new study (only cool_down, between and gpus may change)',
  );
}

async function refuseChangedConfig(settings: StudySettings, digest: string | undefined): Promise<void> {
  const path = configPathOf(settings);
  if (path === undefined || digest === undefined || (await fileDigest(path)) === digest) return;
  throw studyFileError(
    `--config ${path}`,
    'was changed since the study began; undo the change, or begin a new study',
  );
}
