import { setImmediate as nextTurn } from 'node:timers/promises';
import { InferometerError } from '../core/errors.ts';

/** Errors of a reader that has seen enough (`| head`) or of a terminal that was closed. */
const LEFT_BY_READER: readonly unknown[] = ['EPIPE', 'EIO'];

/**
 * Keeps the program going when its output can't be written: the run matters more than its lines. Returns a check for the end, which throws
 * `INFEROMETER_CLI_OUTPUT` (execution) when standard output is not whole, unless its reader left; what standard error loses is lost.
 */
export function outliveOutput({
  stdout,
  stderr,
}: Pick<NodeJS.Process, 'stdout' | 'stderr'>): () => Promise<void> {
  let failure: NodeJS.ErrnoException | undefined;
  stderr.on('error', () => undefined);
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!LEFT_BY_READER.includes(error.code)) failure ??= error;
  });
  return async () => {
    // The last write tells of its failure behind what is under way.
    await nextTurn();
    if (failure === undefined) return;
    throw new InferometerError(
      'INFEROMETER_CLI_OUTPUT',
      'execution',
      `standard output: can't be written (${failure.message}); what was printed there is not whole`,
      { cause: failure },
    );
  };
}
