import { readFile } from 'node:fs/promises';
import { errorText } from '../core/errors.ts';
import type { FileContext } from './config-file.ts';
import type { ConfigFile } from './yaml-file.ts';

/** Reads a config file from disk. Throws `INFEROMETER_CONFIG_FILE` (input) with file, line and column. Only those who have a file load the parser. */
export async function readConfigFile(path: string, context: FileContext): Promise<ConfigFile> {
  const [{ parseConfigFile }, text] = await Promise.all([import('./config-file.ts'), textOf(path)]);
  return parseConfigFile(text, path, context);
}

/** A config file to be read with one profile after another. */
export interface ReadableConfig {
  /** None, and each of the file; or only the one that was asked for. */
  readonly profiles: readonly (string | undefined)[];
  /** Throws as {@link readConfigFile} does. */
  readonly read: (profile: string | undefined) => ConfigFile;
}

/** Opens a config file; what is wrong with its text is told when it is read. Throws `INFEROMETER_CONFIG_FILE` (input) for one that can't be opened. */
export async function openConfigFile(path: string, context: FileContext): Promise<ReadableConfig> {
  const [{ parseConfigFile, profilesIn }, text] = await Promise.all([
    import('./config-file.ts'),
    textOf(path),
  ]);
  return {
    profiles: context.profile === undefined ? [undefined, ...profilesIn(text)] : [context.profile],
    read: (profile) => parseConfigFile(text, path, { ...context, profile }),
  };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { configError } = await import('./config-file.ts');
    throw configError(path, `can't be read: ${errorText(error)}`);
  }
}
