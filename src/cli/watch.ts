import type { Command } from 'commander';
import { createCommand } from './command-line.ts';
export function watchCommand(_finish: (exitCode: number) => void): Command {
  return createCommand('watch', 'x', []);
}
