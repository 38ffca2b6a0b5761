/**
 * URL of the module `name` beside the caller's, with the caller's own ending, so that a thread or child process starts
 * from `.ts` when the sources run directly and from `.js` in the build.
 *
 * @example new Worker(siblingModule(import.meta.url, './worker.main'))
 */
export function siblingModule(callerUrl: string, name: `./${string}` | `../${string}`): URL {
  return new URL(name + (callerUrl.endsWith('.ts') ? '.ts' : '.js'), callerUrl);
}
