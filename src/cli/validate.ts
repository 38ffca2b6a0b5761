import type { Command } from 'commander';
import { SETTINGS } from '../config/flags.ts';
import type { ValidatedProfile } from '../config/validate-file.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { countedText } from '../core/quantity-text.ts';
import { visibleText } from '../core/visible-text.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { type ConfigFlags, configTextOf } from './config-flags.ts';
import { addHelpFlag, addSettingFlags } from './setting-flags.ts';
import { settingTexts } from './setting-texts.ts';

interface Flags extends ConfigFlags {
  readonly json?: boolean;
}

export function validateCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('validate', COMMANDS.validate, [
    'inferometer validate --config load.yaml',
    'inferometer validate --config load.yaml --profile smoke --rate 50',
    'inferometer validate --config load.yaml --json | jq .problems',
  ]);
  addSettingFlags(command);
  command.option('--json', 'print JSON');
  addHelpFlag(command);
  command.addHelpText(
    'after',
    '\nWithout --profile every profile of the file is checked, too. Exit codes: 0 valid, 2 not valid.\nDatasets and other files are not opened; inferometer info reads them.',
  );
  return command.action(async ({ json, ...given }: Flags, self: Command) => {
    const [file, { validateProfiles }] = await Promise.all([
      configTextOf(given, process.env),
      import('../config/validate-file.ts'),
    ]);
    const checked = validateProfiles({
      environment: process.env,
      flags: settingTexts(self, SETTINGS),
      read: file?.read,
      profiles: file?.profiles ?? [undefined],
    });
    const problems = checked.flatMap(problemsOf);
    if (json === true) process.stdout.write(`${JSON.stringify(jsonOf(checked), null, 2)}\n`);
    else if (problems.length === 0) process.stdout.write(`${visibleText(validText(checked))}\n`);
    else for (const problem of problems) process.stderr.write(`error: ${visibleText(problem)}\n`);
    finish(problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.input);
  });
}

function problemsOf({ profile, problems }: ValidatedProfile): readonly string[] {
  return problems.map((problem) => (profile === undefined ? problem : `profile ${profile}: ${problem}`));
}

function validText(checked: readonly ValidatedProfile[]): string {
  const names = checked.flatMap(({ profile }) => profile ?? []);
  if (names.length === 0) return 'the settings are valid';
  return `the settings are valid, with ${countedText(names.length, 'profile')}: ${names.join(', ')}`;
}

function jsonOf(checked: readonly ValidatedProfile[]) {
  return {
    valid: checked.every(({ problems }) => problems.length === 0),
    problems: checked.flatMap(({ profile = null, problems }) =>
      problems.map((message) => ({ profile, message })),
    ),
  };
}
