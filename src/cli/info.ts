import type { Command } from 'commander';
import { SETTINGS } from '../config/flags.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { visibleText } from '../core/visible-text.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { configFileOf, type ConfigFlags } from './config-flags.ts';
import { addHelpFlag, addSettingFlags } from './setting-flags.ts';
import { settingTexts } from './setting-texts.ts';

interface Flags extends ConfigFlags {
  readonly json?: boolean;
}

export function infoCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('info', COMMANDS.info, [
    'inferometer info --config load.yaml',
    'inferometer info --endpoint http://localhost:8000 --model m --dataset prompts.jsonl --rate 50 --duration 10m',
  ]);
  addSettingFlags(command);
  command.option('--json', 'print JSON');
  addHelpFlag(command);
  return command.action(async ({ json, ...given }: Flags, self: Command) => {
    const [file, { resolveConfig }, { runOutlook }, { outlookJson, outlookText }] = await Promise.all([
      configFileOf(given, process.env),
      import('../config/resolve.ts'),
      import('../app/run/run-outlook.ts'),
      import('../app/run/outlook-text.ts'),
    ]);
    const config = resolveConfig({ file, environment: process.env, flags: settingTexts(self, SETTINGS) });
    const found = await runOutlook(config, { folder: process.cwd(), samplesOf: file?.samplesOf });
    const outlook = { ...found, notes: [...(file?.notes ?? []), ...found.notes] };
    const text =
      json === true ? JSON.stringify(outlookJson(outlook), null, 2) : visibleText(outlookText(outlook));
    process.stdout.write(`${text}\n`);
    finish(EXIT_CODES.ok);
  });
}
