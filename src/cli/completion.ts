import type { Command } from 'commander';
import { EXIT_CODES } from '../core/errors.ts';
import { createCommand } from './command-line.ts';
import type { CommandOutline } from './command-outline.ts';
import { COMMANDS } from './commands.ts';
import { choiceOf } from './flag-values.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function completionCommand(finish: (exitCode: number) => void): Command {
  return createCommand('completion', COMMANDS.completion, [
    'source <(inferometer completion bash)',
    'inferometer completion zsh > "${fpath[1]}/_inferometer"',
    'inferometer completion fish > ~/.config/fish/completions/inferometer.fish',
  ])
    .argument('<shell>', 'bash, zsh or fish', (text) => choiceOf('completion: the shell', text, SHELLS))
    .action(async (shell: Shell) => {
      const [{ commandOutlines }, complete] = await Promise.all([
        import('./command-outline.ts'),
        completionOf(shell),
      ]);
      process.stdout.write(complete(await commandOutlines()));
      finish(EXIT_CODES.ok);
    });
}

async function completionOf(shell: Shell): Promise<(commands: readonly CommandOutline[]) => string> {
  if (shell === 'bash') return (await import('./shells/bash.ts')).bashCompletion;
  if (shell === 'zsh') return (await import('./shells/zsh.ts')).zshCompletion;
  return (await import('./shells/fish.ts')).fishCompletion;
}
