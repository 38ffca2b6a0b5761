import type { Command } from 'commander';
import { compareHalves, compareRunDirectories } from '../app/reports/compare-runs.ts';
import { compareStudies, isStudy } from '../app/studies/compare-studies.ts';
import {
  studyComparisonJson,
  studyComparisonText,
  type StudyComparison,
} from '../compare/study-comparison.ts';
import { comparisonPageOf } from '../app/reports/comparison-page-file.ts';
import { refuseRunLog } from '../app/run-folder/run-directory.ts';
import { comparisonJson } from '../compare/json.ts';
import { comparisonText } from '../compare/text.ts';
import type { CompareOptions } from '../compare/simultaneous-intervals.ts';
import type { ComparisonReport } from '../compare/comparison-report.ts';
import { parseShare } from '../config/units.ts';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { assertNever, errorText, EXIT_CODES, InferometerError } from '../core/errors.ts';
import { createLog, type Log } from '../core/log.ts';
import { choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { flagError, givenText } from './flag-values.ts';

const FORMATS = ['text', 'json', 'html'] as const;
type Format = (typeof FORMATS)[number];
/** Of a difference: more is no margin. */
const MAX_MARGIN = 10;

interface Flags {
  readonly margin: string;
  readonly confidence: string;
  readonly format: Format;
  readonly out?: string;
  readonly halves?: boolean;
  readonly strict?: boolean;
}

export function compareCommand(finish: (exitCode: number) => void): Command {
  return createCommand('compare', COMMANDS.compare, [
    'inferometer compare runs/before runs/after',
    'inferometer compare runs/main runs/branch --margin 5% || echo slower     # exit 6: worse beyond the margin',
    'inferometer compare runs/a runs/b runs/c --format json | jq .comparisons[].judgement',
    'inferometer compare runs/before runs/after --format html --out comparison.html',
    'inferometer compare studies/before studies/after     # cell by cell, with the spread between runs',
    'inferometer compare runs/a --halves     # was the run steady?',
  ])
    .argument(
      '<runs...>',
      'run directories, or report directories of MLCommons endpoints, or sweeps and repeats; the first is the baseline',
    )
    .option('--margin <share>', 'ignore differences up to this', '3%')
    .option('--confidence <share>', 'simultaneous confidence level of all intervals in a table', '95%')
    .addOption(choiceOption('--format <format>', 'output format', FORMATS, 'text'))
    .option('--out <file>', 'write there instead of printing')
    .option('--halves', 'compare the second half of one run with its first')
    .option('--strict', 'also exit 6 when a regression beyond the margin cannot be ruled out')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing is surely worse beyond the margin, 6 something is (with --strict: or may be), 2 wrong input.',
    )
    .action(async (paths: string[], flags: Flags) => finish(await compare(paths, flags)));
}

async function compare(paths: readonly string[], flags: Flags): Promise<number> {
  const options = {
    margin: shareOf(
      '--margin',
      flags.margin,
      (share) => share >= 0 && share <= MAX_MARGIN,
      'a share from 0% to 1000%, such as 3%',
    ),
    confidence: shareOf(
      '--confidence',
      flags.confidence,
      (share) => share >= 0.5 && share <= 0.999,
      'a share from 50% to 99.9%',
    ),
  };
  const outPath = givenText('--out', flags.out, 'a file');
  if (outPath !== undefined) refuseRunLog(outPath);
  checkCount(paths, flags.halves === true);
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  if (paths.some(isStudy)) return compareOfStudies(paths, options, flags, outPath);
  const report = await (flags.halves === true
    ? compareHalves(paths[0]!, options, log)
    : compareRunDirectories(paths, options, log));
  const text = await textOf(report, flags.format, flags.halves === true ? [] : paths, log);
  if (outPath === undefined) process.stdout.write(text);
  else await writeOut(outPath, text);
  return exitCodeOf(report, flags.strict === true);
}

async function compareOfStudies(
  paths: readonly string[],
  options: CompareOptions,
  { format, halves, strict }: Flags,
  outPath: string | undefined,
): Promise<number> {
  if (halves === true) throw flagError('--halves', paths[0]!, 'used with a run; this is a study');
  if (format === 'html') throw flagError('--format', format, 'text or json when comparing studies');
  const comparison = await compareStudies(paths, options);
  const text = format === 'json' ? studyComparisonJson(comparison) : studyComparisonText(comparison);
  if (outPath === undefined) process.stdout.write(text);
  else await writeOut(outPath, text);
  return exitCodeOfStudies(comparison, strict === true);
}

/** The report in a format; a page has the charts of the runs at `chartPaths`. */
async function textOf(
  report: ComparisonReport,
  format: Format,
  chartPaths: readonly string[],
  log: Log,
): Promise<string> {
  switch (format) {
    case 'text':
      return comparisonText(report);
    case 'json':
      return comparisonJson(report);
    case 'html':
      return comparisonPageOf(report, chartPaths, log);
    default:
      return assertNever(format);
  }
}

async function writeOut(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(path, text);
  } catch (error) {
    throw flagError('--out', path, `a file I may write (${errorText(error)})`);
  }
}

/** Surely worse beyond the margin; when strict, unless every metric is surely not. */
function exitCodeOf({ pairs, margin }: ComparisonReport, isStrict: boolean): number {
  const isWorse = pairs.some(({ comparison }) => comparison.judgement === 'worse');
  const mayBeWorse = pairs.some(({ comparison }) =>
    comparison.differences.some(({ atWorst, judgement }) => judgement !== 'as_asked' && atWorst > margin),
  );
  return isWorse || (isStrict && mayBeWorse) ? EXIT_CODES.worse : EXIT_CODES.ok;
}

function exitCodeOfStudies({ pairs, margin }: StudyComparison, isStrict: boolean): number {
  const differences = pairs.flatMap(({ cells }) => cells.flatMap((cell) => cell.differences));
  const isWorse = differences.some(({ judgement }) => judgement === 'worse');
  const mayBeWorse = differences.some(
    ({ atWorst, judgement }) => judgement !== 'as_asked' && atWorst > margin,
  );
  return isWorse || (isStrict && mayBeWorse) ? EXIT_CODES.worse : EXIT_CODES.ok;
}

function checkCount(paths: readonly string[], isHalves: boolean): void {
  if (isHalves ? paths.length === 1 : paths.length >= 2) return;
  const needed = isHalves ? 'exactly one run' : 'two or more runs (or --halves)';
  throw new InferometerError(
    'INFEROMETER_COMPARE_RUNS',
    'input',
    `compare${isHalves ? ' --halves' : ''} needs ${needed} (got ${paths.length})`,
  );
}

function shareOf(flag: string, text: string, isFine: (share: number) => boolean, allowed: string): number {
  const share = parseShare(text);
  if (share !== undefined && isFine(share)) return share;
  throw flagError(flag, text, allowed);
}
