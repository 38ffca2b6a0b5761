import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The name of the log in the folder of a run. */
export const RUN_LOG = 'run.log';

/** Whether a path is the log of a run or a folder with one; cheap, for those who expect something else. */
export async function holdsRunLog(path: string): Promise<boolean> {
  const log = basename(path) === RUN_LOG ? path : join(path, RUN_LOG);
  return stat(log).then(
    (found) => found.isFile(),
    () => false,
  );
}
