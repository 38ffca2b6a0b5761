import { type Command, Option } from 'commander';
import { SETTINGS, type SettingGroup } from '../config/flags.ts';
import { addConfigFlags } from './config-flags.ts';
import { addRepeatable } from './command-line.ts';

/** In the order of help: required flags first. */
export const HEADINGS: Readonly<Record<SettingGroup, string>> = {
  requests: 'Server and requests (required: --endpoint, --model, --dataset):',
  load: 'Load:',
  client: 'Client:',
  output: 'Progress, results and settings:',
};

/** Adds every setting of a run, and the flags of the file that may hold them. */
export function addSettingFlags(command: Command): Command {
  for (const [group, heading] of Object.entries(HEADINGS)) {
    command.optionsGroup(heading);
    for (const setting of SETTINGS.filter((one) => one.group === group)) {
      const { flag, argument, help, environment, prefersEnvironment } = setting;
      const text = prefersEnvironment ? `${help} (${environment})` : help;
      if (argument === '') command.addOption(new Option(flag, text));
      else addRepeatable(command, `${flag} ${argument}`, text);
    }
  }
  return addConfigFlags(command);
}

/** Puts the flag of help under the last heading. */
export function addHelpFlag(command: Command): Command {
  return command.addHelpOption(
    new Option('-h, --help', 'display help for command').helpGroup(HEADINGS.output),
  );
}
