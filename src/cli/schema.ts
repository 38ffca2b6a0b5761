import type { Command } from 'commander';
import { EXIT_CODES } from '../core/errors.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';

export function schemaCommand(finish: (exitCode: number) => void): Command {
  return createCommand('schema', COMMANDS.schema, [
    'inferometer schema > inferometer.schema.json',
    'inferometer schema | jq .properties',
  ]).action(async () => {
    const { configJsonSchema } = await import('../config/json-schema.ts');
    process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    finish(EXIT_CODES.ok);
  });
}
