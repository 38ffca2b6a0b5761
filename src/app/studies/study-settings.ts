import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { configError, parseConfigFile } from '../../config/config-file.ts';
import { secretsOf } from '../../config/redact.ts';
import { resolveConfig } from '../../config/resolve.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { ConfigFile } from '../../config/yaml-file.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { CONFIG_FLAG, type RunFlags, settingTextsOf } from './run-flags.ts';
import type { StudyPlan } from './study-plan.ts';

/** What the runs of a study have in common: their flags, and the file that these name. */
export interface StudySettings {
  readonly flags: RunFlags;
  /** Where their paths begin. */
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Checks the settings of every cell before any of them runs. Returns the secrets among them. Throws `InferometerError` (input) as a run with
 * them would, with the cell where only some are wrong.
 */
export async function checkCells(plan: StudyPlan, settings: StudySettings): Promise<readonly string[]> {
  const file = await readConfig(settings);
  const secrets = new Set<string>();
  const seen = new Set<string>();
  for (const cell of plan.cells(new Map())) {
    const key = JSON.stringify(cell.values);
    if (seen.has(key)) continue;
    seen.add(key);
    const config = checked(plan.flagsOf(cell), plan.textOf(cell), file, settings);
    for (const { text } of secretsOf(config)) secrets.add(text);
  }
  return [...secrets];
}

function checked(
  flags: RunFlags,
  cell: string,
  file: ConfigFile | undefined,
  settings: StudySettings,
): RunConfig {
  try {
    return resolveConfig({ file, environment: settings.environment, flags: settingTextsOf(flags) });
  } catch (error) {
    if (!(error instanceof InferometerError) || cell === '') throw error;
    throw new InferometerError('INFEROMETER_STUDY_CELL', 'input', `with ${cell}: ${error.message}`, {
      cause: error,
    });
  }
}

/** Where the file of `--config` is; undefined without one. */
export function configPathOf({
  flags,
  directory,
}: Pick<StudySettings, 'flags' | 'directory'>): string | undefined {
  const path = flags[CONFIG_FLAG]?.at(-1);
  return path === undefined ? undefined : resolve(directory, path);
}

async function readConfig(settings: StudySettings): Promise<ConfigFile | undefined> {
  const path = configPathOf(settings);
  if (path === undefined) return undefined;
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw configError(path, `can't be read: ${errorText(error)}`);
  }
  return parseConfigFile(text, path);
}
