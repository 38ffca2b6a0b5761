import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMAND_FACTORIES } from '../../src/cli/command-factories.ts';
import { COMMANDS } from '../../src/cli/commands.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FACTORIES = await Promise.all(Object.values(COMMAND_FACTORIES).map((load) => load()));
const COMMAND_LIST: readonly Command[] = FACTORIES.map((create) => create(() => undefined));

const commandNamed = (name: string) => COMMAND_LIST.find((command) => command.name() === name)!;

/** Of a command and of those below it. */
const flagsOf = (command: Command): readonly (string | undefined)[] => [
  ...new Set(['--help', ...command.options.map(({ long }) => long), ...command.commands.flatMap(flagsOf)]),
];
const FLAGS = new Set([...COMMAND_LIST.flatMap(flagsOf), '--version']);
/** With those below them, by what a user types. */
const NAMED_COMMANDS = COMMAND_LIST.flatMap((command) => [
  [command.name(), command] as const,
  ...command.commands.map((below) => [`${command.name()} ${below.name()}`, below] as const),
]);

/** Pages about the program; three others name flags of what it is measured beside, made of and used instead of. */
const PAGES = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })].filter(
  (path) => !/dependencies|performance|migration/.test(path),
);

function flagsIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*[a-z]/g)].map(([flag]) => flag);
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 }).outputHelp();
  return text;
}

describe('help', () => {
  it('of run tells what is needed first, and each flag once under a heading of its own', () => {
    const help = helpOf(commandNamed('run'));
    const flags = [...help.matchAll(/^ {2}(?:-[a-z], )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(flags.slice(0, 3)).toEqual(['--endpoint', '--model', '--dataset']);
    expect(flags.toSorted()).toEqual(flagsOf(commandNamed('run')).toSorted());
    expect(help.match(/^\S.*:$/gm)).toEqual([
      expect.stringContaining('required: '),
      'Load:',
      'Client:',
      'Progress, results and settings:',
      'Examples:',
    ]);
  });

  it('tells defaults and choices in one way', () => {
    for (const command of COMMAND_LIST) expect(helpOf(command)).not.toMatch(/default: "|choices:/);
    expect(helpOf(commandNamed('plot'))).toContain('(svg or png; default svg)');
  });
});

describe('flags', () => {
  it('every command is looked at', () => {
    expect(COMMAND_LIST.map((command) => command.name()).sort()).toEqual(Object.keys(COMMANDS).sort());
    expect(PAGES.length).toBeGreaterThan(3);
  });

  it.each(PAGES)('named in %s are there', (page) => {
    const named = flagsIn(readFileSync(join(ROOT, page), 'utf8'));
    expect(named.filter((flag) => !FLAGS.has(flag))).toEqual([]);
  });

  it.each(NAMED_COMMANDS)(
    '%s: help fits 80 columns, and its examples use flags that are there',
    (name, command) => {
      const [usage, examples] = helpOf(command).split('\nExamples:\n');
      expect(usage!.split('\n').filter((line) => line.length > 80)).toEqual([]);
      const own = examples!.split('\n').filter((line) => line.includes(`inferometer ${name}`));
      expect(own.length).toBeGreaterThan(0);
      for (const line of own) {
        const [example] = line.split(/ # | -- /);
        expect(flagsOf(command)).toEqual(expect.arrayContaining([...flagsIn(example!)]));
      }
    },
  );
});
