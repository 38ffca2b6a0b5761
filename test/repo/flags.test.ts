import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { aggregateCommand } from '../../src/cli/aggregate.ts';
import { calibrateCommand } from '../../src/cli/calibrate.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { compareCommand } from '../../src/cli/compare.ts';
import { datasetCommand } from '../../src/cli/dataset.ts';
import { demoCommand } from '../../src/cli/demo.ts';
import { exportCommand } from '../../src/cli/export.ts';
import { plotCommand } from '../../src/cli/plot.ts';
import { reportCommand } from '../../src/cli/report.ts';
import { probeCommand } from '../../src/cli/probe.ts';
import { runCommand } from '../../src/cli/run.ts';
import { serveMockCommand } from '../../src/cli/serve-mock.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { watchCommand } from '../../src/cli/watch.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const COMMAND_LIST: readonly Command[] = [
  runCommand,
  probeCommand,
  aggregateCommand,
  watchCommand,
  serveCommand,
  reportCommand,
  compareCommand,
  plotCommand,
  exportCommand,
  datasetCommand,
  serveMockCommand,
  demoCommand,
  calibrateCommand,
].map((create) => create(() => undefined));

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

/** Pages about the program; two others name flags of what it is measured beside and made of. */
const PAGES = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })].filter(
  (path) => !/dependencies|performance/.test(path),
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
    const help = helpOf(runCommand(() => undefined));
    const flags = [...help.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(flags.slice(0, 3)).toEqual(['--endpoint', '--model', '--dataset']);
    expect(flags.toSorted()).toEqual(flagsOf(runCommand(() => undefined)).toSorted());
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
    expect(helpOf(plotCommand(() => undefined))).toContain('(svg or png; default svg)');
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
        const [example] = line.split(' # ');
        expect(flagsOf(command)).toEqual(expect.arrayContaining([...flagsIn(example!)]));
      }
    },
  );
});
