import type { Command } from 'commander';
import { PLOT_FORMATS, PLOT_THEMES, plotRuns } from '../app/plot.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { choiceOf, givenText, wholeNumberOf } from './flag-values.ts';

interface Flags {
  readonly format: string;
  readonly theme: string;
  readonly chart?: readonly string[];
  readonly out?: string;
  readonly width: number;
  readonly height: number;
}

const THEMES = Object.keys(PLOT_THEMES) as (keyof typeof PLOT_THEMES)[];
const LARGEST_PX = 8000;
const SMALLEST_PX = 200;

export function plotCommand(finish: (exitCode: number) => void): Command {
  return createCommand('plot', COMMANDS.plot, [
    'inferometer plot runs/20261124T110000Z-1a2b3c',
    'inferometer plot runs/before runs/after --format png --chart ttft percentiles-latency',
  ])
    .argument('<runs...>', 'run directories; several are laid over each other')
    .option('--format <format>', `of the files: ${PLOT_FORMATS.join(' or ')}`, 'svg')
    .option('--theme <theme>', `of the drawings: ${THEMES.join(' or ')}`, 'light')
    .option(
      '--chart <ids...>',
      'these only: ttft, latency, errors, histogram-ttft, percentiles-ttft, … (default all)',
    )
    .option('--width <px>', 'of the drawing; images have twice as many', pixels('--width'), 900)
    .option('--height <px>', 'likewise', pixels('--height'), 320)
    .option('--out <dir>', 'default: plots in the directory of a single run, else plots here')
    .action(async (paths: string[], flags: Flags) => finish(await plot(paths, flags)));
}

async function plot(paths: readonly string[], flags: Flags): Promise<number> {
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  const { chart: charts, width, height } = flags;
  const outPath = givenText('--out', flags.out, 'a directory');
  const format = choiceOf('--format', flags.format, PLOT_FORMATS);
  const theme = choiceOf('--theme', flags.theme, THEMES);
  const written = await plotRuns(paths, { format, theme, charts, outPath, width, height, log });
  process.stdout.write(`${written.join('\n')}\n`);
  return EXIT_CODES.ok;
}

function pixels(flag: string): (text: string) => number {
  return (text) => wholeNumberOf(flag, text, SMALLEST_PX, LARGEST_PX);
}
