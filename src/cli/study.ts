import type { Command } from 'commander';
import { exactJson } from '../report/json.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { visibleLine } from '../core/visible-text.ts';
import { studyToJson } from '../studies/study-json.ts';
import { studyCsv, studyText } from '../studies/study-text.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { addRunFlags, givenRunFlags } from './run-flags.ts';
import {
  addStudyOutputFlags,
  concludeStudy,
  type StudyFlags,
  studyOptionsOf,
  writeCsv,
} from './study-flags.ts';

/** Flags whose values may be secrets, or hold some: they are not in study.yaml. */
const MAY_BE_SECRET: readonly string[] = [
  '--api-key',
  '--header',
  '--proxy',
  '--token',
  '--endpoint',
  '--extra',
  '--path',
];

interface ShowFlags {
  readonly json?: boolean;
  readonly csv?: string;
}

export function studyCommand(finish: (exitCode: number) => void): Command {
  const resume = createCommand(
    'resume',
    'Continues a study that was stopped or killed, at its first missing cell.',
    [
      'inferometer study resume studies/20261124T110000Z-1a2b3c',
      'INFEROMETER_API_KEY=… inferometer study resume studies/20261124T110000Z-1a2b3c --csv cells.csv',
    ],
  ).argument('<dir>', 'directory of the study');
  addStudyOutputFlags(resume);
  addRunFlags(resume, (flag) => MAY_BE_SECRET.includes(flag));
  resume.action(async (path: string, flags: StudyFlags, self: Command) => {
    const { resumeStudy } = await import('../app/studies/study.ts');
    finish(await concludeStudy(await resumeStudy(path, givenRunFlags(self), studyOptionsOf(flags)), flags));
  });
  const show = createCommand('show', 'Prints a study as far as it has come.', [
    'inferometer study show studies/20261124T110000Z-1a2b3c',
    'inferometer study show studies/20261124T110000Z-1a2b3c --json | jq .points',
  ])
    .argument('<dir>', 'directory of the study')
    .option('--json', 'print JSON, as study.json has it')
    .option('--csv <file>', 'write the table of cells as CSV')
    .action(async (path: string, flags: ShowFlags) => finish(await showStudy(path, flags)));
  const command = createCommand('study', COMMANDS.study, [
    'inferometer study resume studies/20261124T110000Z-1a2b3c',
    'inferometer study show studies/20261124T110000Z-1a2b3c --json',
  ]);
  for (const below of [resume, show])
    command.addCommand(below.showHelpAfterError(`(inferometer study ${below.name()} --help shows all)`));
  return command;
}

async function showStudy(path: string, { json = false, csv }: ShowFlags): Promise<number> {
  const { readStudy } = await import('../app/studies/study.ts');
  const result = await readStudy(path);
  if (csv !== undefined) await writeCsv(csv, studyCsv(result));
  const text = json ? exactJson(studyToJson(result), 2) : studyText(result).map(visibleLine).join('\n');
  process.stdout.write(`${text}\n`);
  return EXIT_CODES.ok;
}
