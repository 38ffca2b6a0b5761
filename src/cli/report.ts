import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { rebuildReport } from '../app/reports/rebuild-report.ts';
import { checkSloFiles, sloExitCode, writeSloFiles } from '../app/reports/slo-files.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { PRICE_PER_HOUR } from '../core/load-ranges.ts';
import { createLog } from '../core/log.ts';
import { resultSummaryText } from '../report/json.ts';
import { terminalSummary } from '../report/terminal-summary.ts';
import { reportText } from '../report/text.ts';
import { parseGoodRule } from '../rules/good-rule.ts';
import { parseSteadyChoice } from '../rules/steady-choice.ts';
import { parseSlo } from '../rules/slo.ts';
import { addNatsFlags, type NatsFlags, natsOptionsOf } from './cluster-flags.ts';
import { addRepeatable, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText, numberWithinOf } from './flag-values.ts';
import { summaryOptions } from './terminal.ts';
import { addSloFlags, type SloFlags, sloOptionsOf } from './slo-flags.ts';

interface Flags extends SloFlags, NatsFlags {
  readonly slo?: readonly string[];
  readonly good?: string;
  readonly steadyState?: string;
  readonly earlyStopping?: true;
  readonly pricePerHour?: string;
  readonly json?: boolean;
  readonly full?: boolean;
  readonly write?: boolean;
  readonly tokenizer?: string;
}

export function reportCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('report', COMMANDS.report, [
    'inferometer report runs/20261124T110000Z-1a2b3c',
    'inferometer report runs/20261124T110000Z-1a2b3c --full | less',
    'inferometer report runs/20261124T110000Z-1a2b3c --json | jq .ttft.quantiles',
    "inferometer report runs/20261124T110000Z-1a2b3c --slo 'ttft p99 < 500ms' --junit slo.xml",
    'inferometer report reports/theirs                  # of MLCommons endpoints',
    'inferometer report 4f1c2a90b7d3e865 --nats nats://host:4222   # whose coordinator died',
  ])
    .argument(
      '<run>',
      'run directory, or a report directory of MLCommons endpoints; with --nats the id of a run',
    )
    .option('--full', 'everything that report.txt has, instead of the summary that a run ends with')
    .option('--summary', 'the summary that a run ends with (the default)')
    .option('--json', 'the content of result_summary.json')
    .option(
      '--write',
      'replace report.txt, report.html and result_summary.json (missing ones are always written, report.html unless the run had --report-html off)',
    )
    .option(
      '--tokenizer <path>',
      'count tokens the server did not report; without it, no tokenizer file is opened',
    )
    .addHelpText(
      'after',
      '\nExit codes: 0, 7 an SLO is missed (with --strict: or undecided), 2 wrong input.',
    );
  addRepeatable(
    command,
    '--slo <limit>',
    "judge the run by this limit, e.g. 'ttft p99 < 500ms', and not by those it was started with; may be repeated",
  );
  command.option(
    '--good <rule>',
    "count the samples that keep this rule, e.g. 'ttft < 500ms and tpot < 50ms', and not the one it was started with",
  );
  command.option(
    '--early-stopping',
    "tail latencies with MLPerf's early-stopping estimates: percentiles that hold with 99 % confidence",
  );
  command.option(
    '--steady-state <which>',
    "also report the steady part of the run: auto (detect), a range such as '30s..5m' or '25%..100%', or off; default: as the run was started",
  );
  command.option(
    '--price-per-hour <price>',
    'total price of the servers per hour, for the cost per million tokens; default: as the run was started',
  );
  addNatsFlags(command);
  return addSloFlags(command).action(async (run: string, flags: Flags) =>
    finish(await report(await folderOf(run, flags), flags)),
  );
}

/** Of a run at NATS, one that is made of its stream. */
async function folderOf(run: string, flags: Flags): Promise<string> {
  if (flags.nats === undefined) return run;
  const { runFromStream } = await import('../app/cluster/run-from-stream.ts');
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  const folder = await runFromStream(natsOptionsOf(flags), run, log);
  process.stderr.write(`the run is in ${folder}\n`);
  return folder;
}

async function report(path: string, flags: Flags): Promise<number> {
  const slos = flags.slo?.map((text) => ruleGiven('--slo', text, parseSlo));
  const good = flags.good === undefined ? undefined : ruleGiven('--good', flags.good, parseGoodRule);
  const steady =
    flags.steadyState === undefined
      ? undefined
      : ruleGiven('--steady-state', flags.steadyState, parseSteadyChoice);
  const pricePerHour =
    flags.pricePerHour === undefined
      ? undefined
      : numberWithinOf('--price-per-hour', flags.pricePerHour, PRICE_PER_HOUR);
  const options = sloOptionsOf(flags);
  await checkSloFiles(options);
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
    hasPage,
  } = await rebuildReport(path, log, {
    calibrationPath: defaultCalibrationPath(process.env),
    tokenizerPath,
    slos,
    good,
    steady,
    earlyStopping: flags.earlyStopping,
    pricePerHour,
  });
  if (flags.json === true) process.stdout.write(resultSummaryText(rebuilt));
  else if (flags.full === true) process.stdout.write(reportText(rebuilt));
  else process.stdout.write(`${terminalSummary(rebuilt, summaryOptions(process.stdout)).join('\n')}\n`);
  if (isRunning) log.warning(`${path}: still running; this is the report up to now, nothing is written`);
  else if (flags.write === true) await writeInto(path, () => write(true));
  else if (!existsSync(directory.reportPath))
    await writeInto(path, () => write(hasPage)).catch((error: unknown) => log.warning(errorText(error)));
  else if (hasPage && !existsSync(directory.pagePath)) await writePage();
  await writeSloFiles(rebuilt, options);
  return sloExitCode(rebuilt, options.isStrict);
}

function ruleGiven<T extends object>(flag: string, text: string, parse: (text: string) => T | string): T {
  const rule = parse(text);
  if (typeof rule !== 'string') return rule;
  throw new InferometerError('INFEROMETER_CLI_FLAG', 'input', `${flag}: '${text}': ${rule}`);
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
