import { InferometerError } from '../core/errors.ts';
import type { ConfigFile } from './yaml-file.ts';
import { checkConfig, type ConfigSources } from './resolve.ts';

/** What is wrong with the settings of a run, without a profile or with one of those in its file. */
export interface ValidatedProfile {
  readonly profile: string | undefined;
  readonly problems: readonly string[];
}

export interface ValidateOptions extends Omit<ConfigSources, 'file'> {
  /** Reads the file with a profile, or with none; undefined without a file. */
  readonly read: ((profile: string | undefined) => ConfigFile) | undefined;
  readonly profiles: readonly (string | undefined)[];
}

/** Checks the settings with each of the profiles, and tells each problem once. Never throws for what a user gave. */
export function validateProfiles({
  read,
  profiles,
  ...sources
}: ValidateOptions): readonly ValidatedProfile[] {
  const told = new Set<string>();
  return profiles.map((profile) => {
    const problems = problemsOf(() => read?.(profile), sources).filter((problem) => !told.has(problem));
    for (const problem of problems) told.add(problem);
    return { profile, problems };
  });
}

function problemsOf(
  read: () => ConfigFile | undefined,
  sources: Omit<ConfigSources, 'file'>,
): readonly string[] {
  try {
    const checked = checkConfig({ ...sources, file: read() });
    return 'config' in checked ? [] : checked.problems.map(({ message }) => message);
  } catch (error) {
    if (error instanceof InferometerError) return error.message.split('\n');
    throw error;
  }
}
