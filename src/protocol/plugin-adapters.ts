import { InferometerError } from '../core/errors.ts';
import type { ApiAdapter } from './adapter.ts';

/** An API of a plugin, as `--api` has it. */
export const PLUGIN_PREFIX = 'plugin:';
export type PluginApi = `${typeof PLUGIN_PREFIX}${string}`;

/** Those of the plugins that were loaded in this thread, by name. */
const REGISTERED = new Map<string, ApiAdapter>();

export function registerAdapters(adapters: readonly ApiAdapter[]): void {
  for (const adapter of adapters) REGISTERED.set(adapter.name, adapter);
}

/** Throws `INFEROMETER_PLUGIN_API` (input) for one that no plugin has. */
export function pluginAdapter(api: PluginApi): ApiAdapter {
  const adapter = REGISTERED.get(api.slice(PLUGIN_PREFIX.length));
  if (adapter !== undefined) return adapter;
  const names = [...REGISTERED.keys()];
  const known = names.length === 0 ? 'none has one' : `they have ${names.join(', ')}`;
  throw new InferometerError(
    'INFEROMETER_PLUGIN_API',
    'input',
    `--api ${api}: must name an API of a file that --plugin names (${known})`,
  );
}
