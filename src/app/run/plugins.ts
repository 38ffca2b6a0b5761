import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorText, InferometerError } from '../../core/errors.ts';
import { importPlugin, type PluginFiles } from '../../core/plugin-module.ts';
import { entryModule } from '../../core/program-files.ts';
import type { ApiAdapter } from '../../protocol/adapter.ts';
import { registerAdapters } from '../../protocol/plugin-adapters.ts';
import type { WorkloadFormat } from '../../workload/format.ts';
import { registerFormats } from '../../workload/formats.ts';

/** What a plugin file exports as its default. */
interface Plugin {
  readonly apis?: readonly ApiAdapter[];
  readonly formats?: readonly WorkloadFormat[];
}

/**
 * Loads the files of plugins and registers what they have in this thread. Returns them for the workers. Throws `INFEROMETER_PLUGIN` (input) for a file that can't be
 * loaded or is no plugin. Runs their code.
 */
export async function loadPlugins(paths: readonly string[]): Promise<PluginFiles> {
  const toolkit = entryModule('app/run/plugin-toolkit').href;
  const files: string[] = [];
  for (const path of paths) {
    const url = pathToFileURL(resolve(path)).href;
    const { apis = [], formats = [] } = await pluginOf(path, url, toolkit);
    registerAdapters(apis);
    registerFormats(formats);
    files.push(url);
  }
  return { files, toolkit };
}

async function pluginOf(path: string, url: string, toolkit: string): Promise<Plugin> {
  let found: unknown;
  try {
    await stat(path);
    found = await importPlugin(url, toolkit);
  } catch (error) {
    throw pluginError(path, `can't be loaded: ${errorText(error)}`, error);
  }
  if (!isPlugin(found))
    throw pluginError(path, 'must export { apis: […] } or { formats: […] } as its default, each with a name');
  return found;
}

function isPlugin(found: unknown): found is Plugin {
  if (typeof found !== 'object' || found === null) return false;
  const { apis, formats } = found as { readonly apis?: unknown; readonly formats?: unknown };
  return (apis !== undefined || formats !== undefined) && hasNames(apis ?? []) && hasNames(formats ?? []);
}

function hasNames(list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.every((one: unknown) => typeof (one as { readonly name?: unknown } | null)?.name === 'string')
  );
}

function pluginError(path: string, what: string, cause?: unknown): InferometerError {
  return new InferometerError('INFEROMETER_PLUGIN', 'input', `--plugin ${path}: ${what}`, { cause });
}
