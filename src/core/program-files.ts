import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InferometerError } from './errors.ts';

// The build gathers modules in files of other folders: a path from one module to another means nothing in it. Its entries, and what is
// no module, are where the sources have them, so they are found from the folder of them all.

const OWN_PATH = fileURLToPath(import.meta.url);

/** The folder of the sources, or of the build. */
export const PROGRAM_FOLDER = programFolder(dirname(OWN_PATH));

/** The folder around it: of package.json. */
export const PACKAGE_FOLDER = dirname(PROGRAM_FOLDER);

function programFolder(path: string): string {
  return ['src', 'dist'].includes(basename(path)) ? path : programFolder(dirname(path));
}

/**
 * URL of a module that a thread or a child process starts with, by its path in the sources without its ending: `.ts` when the sources run
 * directly, `.js` in the build, where scripts/build.mjs has a list of them.
 */
export function entryModule(path: string): URL {
  return pathToFileURL(join(PROGRAM_FOLDER, path + extname(OWN_PATH)));
}

/** The parts of ECharts that our charts use, gathered in one file for browsers and for drawings. */
export const ECHARTS_FILE = 'charts/echarts.js';

/**
 * URL of a file that only the build makes, by its path there; the sources run with it too. Throws `InferometerError` (setup) when the program was
 * not built.
 */
export function builtFile(path: string): URL {
  const file = join(PACKAGE_FOLDER, 'dist', path);
  if (!existsSync(file)) {
    throw new InferometerError(
      'INFEROMETER_NOT_BUILT',
      'setup',
      `${file}: has not been built; try: npm run build`,
    );
  }
  return pathToFileURL(file);
}
