import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { STARTER_NAMES, STARTERS, type StarterName } from '../config/starters/starters.ts';
import type { StarterAnswers } from '../config/starters/starter.ts';
import { errorText, EXIT_CODES, InferometerError } from '../core/errors.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { choiceOf, flagError, givenText } from './flag-values.ts';

interface Flags {
  readonly out?: string;
}

const DEFAULTS = { endpoint: 'http://localhost:8000', model: 'my-model' } as const;

export function initCommand(finish: (exitCode: number) => void): Command {
  const command = createCommand('init', COMMANDS.init, [
    'inferometer init chat --out load.yaml',
    'inferometer init',
    'inferometer init ci > ci.yaml',
  ])
    .argument('[template]', STARTER_NAMES.join(', '))
    .option('--out <file>', 'write it there instead of to standard output; a file that is there stays');
  command.addHelpText(
    'after',
    `\nTemplates:\n${STARTER_NAMES.map((name) => `  ${name.padEnd(8)} for ${STARTERS[name].about}`).join('\n')}`,
  );
  return command.action(async (template: string | undefined, { out }: Flags) => {
    const path = givenText('--out', out, 'a file');
    const { name, answers } = await answersOf(template);
    const text = STARTERS[name].text(answers);
    if (path === undefined) process.stdout.write(text);
    else await writeNew(path, text);
    finish(EXIT_CODES.ok);
  });
}

/** The template that was named with its defaults, or what a person at a terminal says. */
async function answersOf(
  template: string | undefined,
): Promise<{ readonly name: StarterName; readonly answers: StarterAnswers }> {
  if (template !== undefined) {
    const name = choiceOf('init: the template', template, STARTER_NAMES);
    return { name, answers: { ...DEFAULTS, dataset: STARTERS[name].dataset } };
  }
  if (!process.stdin.isTTY)
    throw flagError(
      'init: the template',
      '',
      `one of ${STARTER_NAMES.join(', ')} when there is no terminal to ask on`,
    );
  return ask();
}

async function ask() {
  // The file goes to standard output.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const question = async (text: string, fallback: string) => {
    const given = (await terminal.question(`${text} [${fallback}] `)).trim();
    return given === '' ? fallback : given;
  };
  try {
    for (const name of STARTER_NAMES) process.stderr.write(`  ${name.padEnd(8)} ${STARTERS[name].about}\n`);
    const name = choiceOf('init: the template', await question('What is the load?', 'chat'), STARTER_NAMES);
    const endpoint = await question('URL of the server?', DEFAULTS.endpoint);
    const model = await question('Model?', DEFAULTS.model);
    const dataset = await question('Dataset?', STARTERS[name].dataset);
    return { name, answers: { endpoint, model, dataset } };
  } finally {
    terminal.close();
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const what = isThere ? 'is there already; choose another file' : `can't be written: ${errorText(error)}`;
    throw new InferometerError('INFEROMETER_INIT_UNWRITABLE', 'input', `--out ${path}: ${what}`);
  }
  process.stderr.write(`wrote ${path}; next: inferometer info --config ${path}\n`);
}
