import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { rebuildReport } from '../app/reports/rebuild-report.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { resultSummaryText } from '../report/json.ts';
import { terminalSummary } from '../report/terminal-summary.ts';
import { reportText } from '../report/text.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText } from './flag-values.ts';

interface Flags {
  readonly json?: boolean;
  readonly summary?: boolean;
  readonly write?: boolean;
  readonly tokenizer?: string;
}

export function reportCommand(finish: (exitCode: number) => void): Command {
  return createCommand('report', COMMANDS.report, [
    'inferometer report runs/20261124T110000Z-1a2b3c',
    'inferometer report runs/20261124T110000Z-1a2b3c --summary',
    'inferometer report runs/20261124T110000Z-1a2b3c --json | jq .ttft.quantiles',
    'inferometer report reports/theirs                  # of MLCommons endpoints',
  ])
    .argument('<run>', 'run directory, or a report directory of MLCommons endpoints')
    .option('--summary', 'only the table a run ends with')
    .option('--json', 'the content of result_summary.json')
    .option(
      '--write',
      'replace report.txt, report.html and result_summary.json (missing ones are always written)',
    )
    .option(
      '--tokenizer <path>',
      'count tokens the server did not report; without it, no tokenizer file is opened',
    )
    .action(async (path: string, flags: Flags) => finish(await report(path, flags)));
}

async function report(path: string, flags: Flags): Promise<number> {
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  const tokenizerPath = givenText('--tokenizer', flags.tokenizer, 'a tokenizer.json or its folder');
  if (tokenizerPath !== undefined)
    await (await import('../app/run/prepare.ts')).checkTokenizer(tokenizerPath);
  const {
    report: rebuilt,
    directory,
    isRunning,
    write,
    writePage,
  } = await rebuildReport(path, log, {
    calibrationPath: defaultCalibrationPath(process.env),
    tokenizerPath,
  });
  if (flags.json === true) process.stdout.write(resultSummaryText(rebuilt));
  else if (flags.summary === true) process.stdout.write(`${terminalSummary(rebuilt).join('\n')}\n`);
  else process.stdout.write(reportText(rebuilt));
  if (isRunning) log.warning(`${path}: still running; this is the report up to now, nothing is written`);
  else if (flags.write === true) await writeInto(path, write);
  else if (!existsSync(directory.reportPath))
    await writeInto(path, write).catch((error: unknown) => log.warning(errorText(error)));
  else if (!existsSync(directory.pagePath)) await writePage();
  return 0;
}

/** Writes, and says where it could not. */
async function writeInto(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_REPORT_UNWRITABLE',
      'input',
      `${path}: the report cannot be written (${errorText(error)}); make the directory writable`,
      { cause: error },
    );
  }
}
