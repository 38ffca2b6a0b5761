import type { Command } from 'commander';
import type { ConfigFile } from '../config/yaml-file.ts';
import { openConfigFile, type ReadableConfig, readConfigFile } from '../config/read-config-file.ts';
import { flagError, givenText } from './flag-values.ts';

/** Flags that name a file of settings. */
export interface ConfigFlags {
  readonly config?: string;
  readonly profile?: string;
}

export function addConfigFlags(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      'YAML file with the same settings, such as config.yaml of an earlier run; flags and variables override it (docs/configuration.md)',
    )
    .option('--profile <name>', 'the profile of that file to use (INFEROMETER_PROFILE)');
}

/** The file that the flags name, read; undefined for none. Throws `InferometerError` (input). */
export async function configFileOf(
  flags: ConfigFlags,
  environment: NodeJS.ProcessEnv,
): Promise<ConfigFile | undefined> {
  const named = namedFile(flags, environment);
  return named && readConfigFile(named.path, { environment, profile: named.profile });
}

/** The same, to be read with each of its profiles. */
export async function configTextOf(
  flags: ConfigFlags,
  environment: NodeJS.ProcessEnv,
): Promise<ReadableConfig | undefined> {
  const named = namedFile(flags, environment);
  return named && openConfigFile(named.path, { environment, profile: named.profile });
}

function namedFile({ config, profile: flag }: ConfigFlags, environment: NodeJS.ProcessEnv) {
  const path = givenText('--config', config, 'a YAML file');
  const profile = profileOf(flag, environment);
  if (path !== undefined) return { path, profile };
  if (flag !== undefined) throw flagError('--profile', flag, 'given with --config, whose profile it names');
  return undefined;
}

function profileOf(flag: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  const profile = givenText('--profile', flag, 'a name') ?? environment.INFEROMETER_PROFILE;
  return profile === '' ? undefined : profile;
}
