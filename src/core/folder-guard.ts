import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { InferometerError } from './errors.ts';

/**
 * Refuses a folder that is a link out of the folder it belongs to: what is written there would land where somebody else chose. Throws
 * `INFEROMETER_FOLDER_LEADS_OUT` (input), or the system's error when one of the two is missing.
 */
export async function requireInside(outer: string, folder: string): Promise<void> {
  const [realOuter, realFolder] = await Promise.all([realpath(outer), realpath(folder)]);
  if (isWithin(realOuter, realFolder)) return;
  throw new InferometerError(
    'INFEROMETER_FOLDER_LEADS_OUT',
    'input',
    `${folder} is a link out of ${outer} (to ${realFolder}); remove the link, and a folder is made in its place`,
  );
}

/** Whether a real path is that of the folder or of something in it. */
export function isWithin(realOuter: string, realPath: string): boolean {
  return realPath === realOuter || realPath.startsWith(realOuter.endsWith(sep) ? realOuter : realOuter + sep);
}
