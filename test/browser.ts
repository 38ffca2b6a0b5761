import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Names under which Chromium and Chrome are installed. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
/** Where they are when no PATH leads there. */
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/snap/bin/chromium',
];

/** Why a suite that needs a browser is skipped; goes into its name. */
export const NO_CHROMIUM = 'no Chromium or Chrome on the PATH and none named by CHROMIUM_PATH';

/**
 * The path of a Chromium or Chrome: that named by `CHROMIUM_PATH`, else the first on the PATH; undefined when there is none.
 * Use: `describe.skipIf(chromium === undefined)(…)`, with {@link NO_CHROMIUM} in the name.
 */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment.CHROMIUM_PATH;
  if (named !== undefined && named !== '') return named;
  const directories = (environment.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const candidates = [
    ...directories.flatMap((directory) => NAMES.map((name) => join(directory, name))),
    ...PLACES,
  ];
  return candidates.find(isExecutable);
}

/** For `chromium.launch` of playwright-core: in containers there is no sandbox and little shared memory. */
export const CHROMIUM_ARGS = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
