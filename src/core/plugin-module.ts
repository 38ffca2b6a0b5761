import module from 'node:module';

/** Files of plugins, and the module that they import as `inferometer/plugin`, by their URLs. Crosses threads by structured clone. */
export interface PluginFiles {
  readonly files: readonly string[];
  readonly toolkit: string;
}

const TOOLKIT = 'inferometer/plugin';

let canResolve = false;

/**
 * Loads the file of a plugin in this thread and returns its default export. The toolkit that it imports is that of the running program, wherever the file is, so that both share
 * their modules. Throws what importing throws.
 */
export async function importPlugin(url: string, toolkit: string): Promise<unknown> {
  if (!canResolve) {
    canResolve = true;
    module.registerHooks({
      resolve: (specifier, context, next) =>
        specifier === TOOLKIT ? { url: toolkit, shortCircuit: true } : next(specifier, context),
    });
  }
  return ((await import(url)) as { readonly default?: unknown }).default;
}
