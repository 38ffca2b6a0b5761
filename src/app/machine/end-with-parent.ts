import { EXIT_CODES } from '../../core/errors.ts';

/** Set for a process that must end when the one that started it does. The two are joined by a channel of messages, which closes then. */
export const END_WITH_PARENT = 'INFEROMETER_END_WITH_PARENT';

let exit: (() => void) | undefined;

/**
 * Ends this process once its parent has, when it was started so; `end` is to exit, and replaces the one before. A parent that is gone
 * already ends it at once.
 */
export function endWithParent(
  environment: NodeJS.ProcessEnv,
  end: () => void = () => process.exit(EXIT_CODES.interrupted),
): void {
  if (environment[END_WITH_PARENT] === undefined) return;
  if (!process.connected) {
    end();
    return;
  }
  if (exit === undefined) process.once('disconnect', () => exit?.());
  exit = end;
  // To listen keeps the channel open, and an open channel the process alive.
  process.channel?.unref();
}
