import { EXIT_CODES } from '../core/errors.ts';
import { SETTINGS } from '../config/flags.ts';
import type { CommandOutline, FlagOutline } from './command-outline.ts';

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  ok: 'success',
  internal: 'internal error',
  input: 'invalid input',
  setup: 'setup failed',
  execution: 'the run failed',
  result: 'the result is invalid',
  worse: 'compare found a run worse',
  missed: 'an SLO was missed',
  interrupted: 'interrupted',
};

/** Variables that are no settings of a run. */
const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  INFEROMETER_PROFILE: 'the profile of the config file to use, as --profile',
  INFEROMETER_VIEW_KEY: 'key of an address where other machines watch a run',
  INFEROMETER_WEB_TOKEN: 'token that viewers of the live page must present',
  INFEROMETER_CALIBRATION: 'file of the calibration, instead of the one below ~/.local/state',
};

/** The manual page of the program, section 1, as roff. */
export function manualPage(commands: readonly CommandOutline[], version: string): string {
  const lines = [
    `.TH INFEROMETER 1 "" "inferometer ${version}" "User Commands"`,
    '.SH NAME',
    'inferometer \\- load tests for LLM inference endpoints',
    '.SH SYNOPSIS',
    '.B inferometer',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    ...paragraph(
      'Inferometer load-tests servers of language models. It stamps at the socket, measures from the scheduled send time as well as from the actual one, and reports how much of every figure may be the client.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH CONFIGURATION',
    ...paragraph(
      'Each setting of run has a flag, an environment variable and a key in a YAML file (run --config). A flag wins over the environment, and the environment over the file. Several values of a variable stand on lines of their own.',
    ),
    '.SH ENVIRONMENT',
    ...SETTINGS.flatMap(({ environment, flag }) =>
      environment === undefined ? [] : item(environment, `as ${flag}`),
    ),
    ...Object.entries(OTHER_VARIABLES).flatMap(([name, help]) => item(name, help)),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_CODES).flatMap(([kind, code]) =>
      item(String(code), EXIT_MEANINGS[kind as keyof typeof EXIT_CODES]),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ name, description, arguments: given, flags }: CommandOutline): readonly string[] {
  const words = given.map((argument) => ` \\fI${roff(argument.name)}\\fR`).join('');
  return [
    `.SS "inferometer ${roff(name)}"`,
    `\\fBinferometer ${roff(name)}\\fR${words} [\\fIoptions\\fR]`,
    '.PP',
    ...paragraph(description),
    ...given.flatMap((argument) => item(argument.name, argument.help)),
    ...flags.flatMap(flagLines),
  ];
}

function flagLines({ long, short, argument, help }: FlagOutline): readonly string[] {
  const names = [...(short === undefined ? [] : [short]), long].map((flag) => `\\fB${roff(flag)}\\fR`);
  const shown = argument === '' ? '' : ` \\fI${roff(argument)}\\fR`;
  return ['.TP', `${names.join(', ')}${shown}`, ...paragraph(help)];
}

function item(name: string, text: string): readonly string[] {
  return ['.TP', `\\fB${roff(name)}\\fR`, ...paragraph(text)];
}

function paragraph(text: string): readonly string[] {
  const shown = roff(text);
  // A line that begins with a dot or a quote would be a request.
  return [/^[.']/.test(shown) ? `\\&${shown}` : shown];
}

function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/\s+/g, ' ')
    .replace(
      /[^ -~]/gu,
      (character) => `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
