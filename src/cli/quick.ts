import type { Command } from 'commander';
import { defaultCalibrationPath } from '../app/machine/calibration-file.ts';
import { settingTextsOf } from '../app/studies/run-flags.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { visibleLine, visibleText } from '../core/visible-text.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { addRunFlags, givenRunFlags } from './run-flags.ts';
import { commonQuestion, type StudyFlags, studyOptionsOf, studyPathOf } from './study-flags.ts';

/** Flags of `run` about how a server is reached; all else a quick look decides itself. */
const CONNECTION_FLAGS: readonly string[] = [
  ...['--model', '--api', '--api-key', '--header', '--tls-verify', '--insecure', '--ca', '--cert', '--key'],
  ...['--server-name', '--proxy', '--resolve', '--http', '--request-timeout'],
];
const PROBE_TIMEOUT_MS = 30_000;

export function quickCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('quick', COMMANDS.quick, [
    'inferometer quick http://localhost:8000',
    'INFEROMETER_API_KEY=… inferometer quick https://host/v1 --model my-model',
  ])
    .argument('<url>', 'base URL or full URL of the server, or its Unix socket')
    .option('--out <dir>', 'directory of the study (default studies/<UTC time>-<short id>)')
    .option('--quiet', 'print only the result, warnings and errors');
  addRunFlags(command, (flag) => CONNECTION_FLAGS.includes(flag));
  return command.action(async (url: string, flags: StudyFlags, self: Command) =>
    finish(await quick(url, flags, self)),
  );
}

async function quick(url: string, flags: StudyFlags, command: Command): Promise<number> {
  const given = givenRunFlags(command);
  const options = studyOptionsOf(flags);
  const [{ probeUrl }, { probeText }, { beginStudy }, { quickQuestion, writeQuickDataset }] =
    await Promise.all([
      import('../app/run/probe-url.ts'),
      import('../app/probe/probe-text.ts'),
      import('../app/studies/study.ts'),
      import('../app/studies/quick-question.ts'),
    ]);
  options.log.info(`probing ${url}`);
  const { result: probe, masked } = await probeUrl(url, {
    ...{ flags: settingTextsOf(given), environment: process.env, timeoutMs: PROBE_TIMEOUT_MS, repeated: [] },
  });
  if (!probe.isUsable) {
    process.stdout.write(`${masked(visibleText(probeText(probe)))}\n`);
    return EXIT_CODES.execution;
  }
  const path = studyPathOf(flags);
  const question = quickQuestion({
    ...{ url, path, flags: given, probe, common: commonQuestion({}) },
    calibrationPath: defaultCalibrationPath(process.env),
  });
  const end = await beginStudy(path, question, options, writeQuickDataset);
  process.stdout.write(
    `${end.result.conclusions.map(visibleLine).join('\n')}\n\nreport: ${end.folder.path}/report.html\n`,
  );
  if (end.isComplete) return EXIT_CODES.ok;
  process.stderr.write(`stopped; to continue: inferometer study resume ${end.folder.path}\n`);
  return EXIT_CODES.interrupted;
}
