import type { Command } from 'commander';
import { EXIT_CODES } from '../core/errors.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';

export function manCommand(finish: (exitCode: number) => void): Command {
  return createCommand('man', COMMANDS.man, [
    'inferometer man > ~/.local/share/man/man1/inferometer.1',
    'inferometer man | man -l -',
  ]).action(async () => {
    const [{ commandOutlines }, { manualPage }, { programVersion }] = await Promise.all([
      import('./command-outline.ts'),
      import('./manual-page.ts'),
      import('../app/run-folder/version.ts'),
    ]);
    process.stdout.write(manualPage(await commandOutlines(), programVersion()));
    finish(EXIT_CODES.ok);
  });
}
