import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT_CODES, errorText, InferometerError } from '../core/errors.ts';
import { visibleText } from '../core/visible-text.ts';
import { TOOL_NAMES } from '../other-tools/tools.ts';
import { translate, type Translation } from '../other-tools/translate.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';

interface Flags {
  readonly json?: boolean;
}

export function fromCommand(finish: (exitCode: number) => void): Command {
  return createCommand('from', COMMANDS.from, [
    'inferometer from vllm -- vllm bench serve --model my-model',
    "inferometer from guidellm --json -- 'guidellm benchmark --model my-model --rate 5'",
    'inferometer from inference-perf -- --config_file config.yml',
  ])
    .argument('<tool>', TOOL_NAMES.join(', '))
    .argument('[words...]', 'its flags or its whole command line, after --')
    .option('--json', 'print JSON')
    .action((tool: string, words: readonly string[], { json }: Flags) => {
      const translation = translate(tool, words, { readFile });
      const text =
        json === true ? JSON.stringify(translation, null, 2) : visibleText(translationText(translation));
      process.stdout.write(`${text}\n`);
      finish(EXIT_CODES.ok);
    });
}

/** What a shell runs, with what differs as its comments. */
function translationText({ commands, notes }: Translation): string {
  return [...notes.map((note) => `# ${note}`), ...commands.map(({ text }) => text)].join('\n');
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InferometerError(
      'INFEROMETER_FROM_UNREADABLE',
      'input',
      `${path}: can't be read: ${errorText(error)}`,
    );
  }
}
