import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { STUDIES_FOLDER, type StudyFolder } from '../app/studies/study-folder.ts';
import type { StudyQuestion } from '../app/studies/study-question.ts';
import type { StudyOptions } from '../app/studies/study.ts';
import type { StudyEnd } from '../app/studies/run-study.ts';
import { programVersion } from '../app/run-folder/version.ts';
import { parseDurationMs } from '../config/units.ts';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { errorText, EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { entryModule } from '../core/program-files.ts';
import { visibleLine } from '../core/visible-text.ts';
import { studyCsv, studyText } from '../studies/study-text.ts';
import { createRunId } from '../core/ids.ts';
import { flagError, givenText } from './flag-values.ts';
import { canDraw } from './terminal.ts';

/** Flags of all commands that run a study. */
export interface StudyFlags {
  readonly out?: string;
  readonly quiet?: boolean;
  readonly csv?: string;
  readonly coolDown?: string;
  readonly between?: string;
}

export function addStudyFlags(command: Command): Command {
  return addStudyOutputFlags(
    command
      .option('--cool-down <time>', 'wait this long between two cells, e.g. 5s')
      .option(
        '--between <command>',
        'run this shell command between two cells, e.g. to restart the server; INFEROMETER_CELL and INFEROMETER_OVER_<NAME> tell it what comes next',
      )
      .option('--out <dir>', 'directory of the study (default studies/<UTC time>-<short id>)'),
  );
}

export function addStudyOutputFlags(command: Command): Command {
  return command
    .option('--csv <file>', 'write the table of cells as CSV')
    .option('--quiet', 'print only the result, warnings and errors');
}

/** What all questions have in common. Throws `INFEROMETER_CLI_FLAG` (input). */
export function commonQuestion({
  coolDown,
  between,
}: StudyFlags): Pick<
  StudyQuestion,
  'format' | 'version' | 'created_at' | 'directory' | 'cool_down' | 'between'
> {
  if (coolDown !== undefined && parseDurationMs(coolDown) === undefined)
    throw flagError('--cool-down', coolDown, 'a duration with its unit, such as 500ms or 5s');
  givenText('--between', between, 'a shell command');
  return {
    ...{
      format: 1,
      version: programVersion(),
      created_at: new Date().toISOString(),
      directory: process.cwd(),
    },
    ...(coolDown === undefined ? {} : { cool_down: coolDown }),
    ...(between === undefined ? {} : { between }),
  };
}

/** `studies/<UTC time>-<6 digits>`, unless another place was given. */
export function studyPathOf({ out }: StudyFlags): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return givenText('--out', out, 'a directory') ?? `${STUDIES_FOLDER}/${time}-${createRunId().slice(0, 6)}`;
}

export function studyOptionsOf({ quiet = false }: StudyFlags): StudyOptions {
  const { stderr } = process;
  return {
    program: fileURLToPath(entryModule('cli/main')),
    environment: process.env,
    isInteractive: !quiet && canDraw(stderr),
    log: createLog(
      (line, level) => stderr.write(`${level === 'info' ? line.replace(/^info: /, '') : line}\n`),
      quiet ? 'warning' : 'info',
    ),
    onText: (text) => stderr.write(text),
  };
}

/** Prints a study that was run and writes its table. Returns the exit code. */
export async function concludeStudy(
  { result, isComplete, folder }: StudyEnd & { readonly folder: StudyFolder },
  { csv }: StudyFlags,
): Promise<number> {
  if (csv !== undefined) await writeCsv(csv, studyCsv(result));
  process.stdout.write(
    `${studyText(result).map(visibleLine).join('\n')}\n\nstudy: ${folder.pagePathOf(result.kind)}\n`,
  );
  if (!isComplete) {
    process.stderr.write(`stopped; to continue: inferometer study resume ${folder.path}\n`);
    return EXIT_CODES.interrupted;
  }
  return result.cells.some(({ state }) => state === 'failed') ? EXIT_CODES.execution : EXIT_CODES.ok;
}

export async function writeCsv(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(givenText('--csv', path, 'a file'), text);
  } catch (error) {
    throw flagError('--csv', path, `a file I may write (${errorText(error)})`);
  }
}
