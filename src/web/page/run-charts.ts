import type { Chart, ChartLayout, ChartRun } from '../../charts/chart.ts';
import type { ChartTheme } from '../../charts/theme.ts';

export function chartsOf(
  _runs: readonly ChartRun[],
  _theme: ChartTheme,
  _layout: ChartLayout,
): readonly Chart[] {
  return [];
}
