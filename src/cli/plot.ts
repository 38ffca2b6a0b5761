import type { Command } from 'commander';
import {
  PLOT_FORMATS,
  PLOT_THEMES,
  type PlotFormat,
  plotRuns,
  type PlotThemeName,
} from '../app/reports/plot.ts';
import { EXIT_CODES } from '../core/errors.ts';
import { createLog } from '../core/log.ts';
import { choiceOption, createCommand } from './command-line.ts';
import { COMMANDS } from './commands.ts';
import { givenText, wholeNumberOf } from './flag-values.ts';

interface Flags {
  readonly format: PlotFormat;
  readonly theme: PlotThemeName;
  readonly chart?: readonly string[];
  readonly out?: string;
  readonly width: number;
  readonly height: number;
}

const THEMES = Object.keys(PLOT_THEMES) as PlotThemeName[];
const LARGEST_PX = 8000;
const SMALLEST_PX = 200;

export function plotCommand(finish: (exitCode: number) => void): Command {
  return createCommand('plot', COMMANDS.plot, [
    'inferometer plot runs/20261124T110000Z-1a2b3c',
    'inferometer plot runs/before runs/after --format png --chart ttft percentiles-latency',
  ])
    .argument(
      '<runs...>',
      'run directories, or report directories of MLCommons endpoints; several are overlaid',
    )
    .addOption(choiceOption('--format <format>', 'what is written', PLOT_FORMATS, 'svg'))
    .addOption(choiceOption('--theme <theme>', 'of the drawings', THEMES, 'light'))
    .option(
      '--chart <ids...>',
      'only these charts: ttft, latency, errors, histogram-ttft, percentiles-ttft, … (default all)',
    )
    .option('--width <px>', 'width of the drawing; images have twice as many', pixels('--width'), 900)
    .option('--height <px>', 'height of the drawing; images have twice as many', pixels('--height'), 320)
    .option(
      '--out <dir>',
      'directory to write to (default: plots/ in the directory of a single run, else plots/ here)',
    )
    .action(async (paths: string[], flags: Flags) => finish(await plot(paths, flags)));
}

async function plot(paths: readonly string[], flags: Flags): Promise<number> {
  const log = createLog((line) => process.stderr.write(`${line}\n`), 'warning');
  const { format, theme, chart: charts, width, height } = flags;
  const outPath = givenText('--out', flags.out, 'a directory');
  const written = await plotRuns(paths, { format, theme, charts, outPath, width, height, log });
  process.stdout.write(`${written.join('\n')}\n`);
  return EXIT_CODES.ok;
}

function pixels(flag: string): (text: string) => number {
  return (text) => wholeNumberOf(flag, text, SMALLEST_PX, LARGEST_PX);
}
