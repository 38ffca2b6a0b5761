import { basename, join, resolve } from 'node:path';
import type { Chart, ChartRun } from '../../charts/chart.ts';
import { distributionCharts } from '../../charts/distribution-charts.ts';
import { DARK_THEME, LIGHT_THEME } from '../../charts/theme.ts';
import { timeCharts } from '../../charts/time-charts.ts';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { makeDirectory } from '../../core/make-directory.ts';
import { unwritableOutput } from '../../core/unwritable-output.ts';
import { chartRunOf } from '../../html/chart-run.ts';
import { loadSvgPainter } from '../../html/svg-painter.ts';
import { judgeRun, tellVerdict } from './judge-run.ts';
import { loadPngPainter } from './png.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';

export const PLOT_FORMATS = ['svg', 'png'] as const;
export type PlotFormat = (typeof PLOT_FORMATS)[number];

export const PLOT_THEMES = { light: LIGHT_THEME, dark: DARK_THEME } as const;
export type PlotThemeName = keyof typeof PLOT_THEMES;

export interface PlotOptions {
  readonly format: PlotFormat;
  readonly theme: PlotThemeName;
  /** Which charts; default all there are. */
  readonly charts?: readonly string[] | undefined;
  /** Default: `plots` in the directory of a single run, else here. */
  readonly outPath?: string | undefined;
  /** px. */
  readonly width: number;
  readonly height: number;
  readonly log: Log;
}

/**
 * Draws the charts of a run, or of several laid over each other, a file each; resolves to their paths. A run without a final snapshot is
 * drawn from a replay of its log.
 *
 * Throws `InferometerError`: input for what is no run, has no such chart or nothing to draw; setup when images lack a font.
 */
export async function plotRuns(paths: readonly string[], options: PlotOptions): Promise<readonly string[]> {
  const { format, width, height, log } = options;
  const runs: ChartRun[] = [];
  for (const path of paths) runs.push(await runAt(path, log));
  const theme = PLOT_THEMES[options.theme];
  const layout = { width, titled: true };
  const charts = chosen(
    [...timeCharts(runs, theme, layout), ...distributionCharts(runs, theme, layout)],
    options.charts,
  );
  const paint = await loadSvgPainter();
  const paintPng = format === 'png' ? await loadPngPainter() : undefined;
  const directory = paths.length === 1 ? RunDirectory.open(paths[0]!) : undefined;
  const folder = options.outPath ?? directory?.plotsPath ?? 'plots';
  const drawings = charts.map(({ id, option }) => {
    const svg = paint({ ...option, backgroundColor: theme.background }, { width, height });
    return { path: join(folder, `${id}.${format}`), content: paintPng === undefined ? svg : paintPng(svg) };
  });
  try {
    await (folder === directory?.plotsPath ? directory.makeFolder(folder) : makeDirectory(folder));
    for (const { path, content } of drawings) await writeFileAtomic(path, content);
  } catch (error) {
    throw unwritableOutput(folder, 'directory', error);
  }
  return drawings.map(({ path }) => path);
}

async function runAt(path: string, log: Log): Promise<ChartRun> {
  const directory = RunDirectory.open(path);
  const { snapshot, report } = await judgeRun(directory, 'draw', log);
  tellVerdict(path, report, log);
  return chartRunOf(basename(resolve(path)), snapshot);
}

function chosen(charts: readonly Chart[], ids: readonly string[] | undefined): readonly Chart[] {
  const known = charts.map(({ id }) => id);
  const unknown = (ids ?? []).filter((id) => !known.includes(id));
  if (unknown.length > 0 || charts.length === 0) {
    const found =
      unknown.length > 0 ? `--chart ${unknown.join(', ')}: no such chart` : 'there is nothing to draw';
    const choice =
      known.length === 0 ? 'give a run of this version with samples' : `choose from ${known.join(', ')}`;
    throw new InferometerError('INFEROMETER_PLOT_CHART', 'input', `${found}; ${choice}`);
  }
  return ids === undefined ? charts : charts.filter(({ id }) => ids.includes(id));
}
