import { countedText } from '../core/quantity-text.ts';
import type { Chart, ChartLayout, Quantity } from './chart.ts';
import { spreadChart, type SpreadGroup } from './spread-chart.ts';
import type { ChartTheme } from './theme.ts';

/** A run in a trend; null for a figure that it does not have. */
export interface TrendRun {
  /** Such as its model: runs of one group are joined. */
  readonly group: string;
  readonly figures: Readonly<Record<TrendFigure, number | null>>;
}

const FIGURES = {
  'output-tokens': { title: 'Output tokens/s', quantity: 'number' },
  'ttft-p99': { title: 'TTFT p99', quantity: 'duration' },
  'latency-p99': { title: 'Latency p99', quantity: 'duration' },
  requests: { title: 'Requests/s', quantity: 'number' },
} as const satisfies Record<string, { readonly title: string; readonly quantity: Quantity }>;
export type TrendFigure = keyof typeof FIGURES;

/** Beyond, colors repeat and a legend explains nothing; the other groups are one. */
const MOST_GROUPS = 6;
const OTHERS = 'others';

/** How figures went from run to run: `runs` by time, oldest first. Charts of fewer than two values are left out. Pure. */
export function trendCharts(
  runs: readonly TrendRun[],
  theme: ChartTheme,
  layout: ChartLayout = {},
): readonly Chart[] {
  const names = groupNames(runs);
  return (Object.keys(FIGURES) as readonly TrendFigure[]).flatMap((figure) => {
    const { title, quantity } = FIGURES[figure];
    const groups = names.map((name): SpreadGroup => ({
      name,
      marks: runs.flatMap((run, i) => {
        const value = run.figures[figure];
        if (value === null || groupOf(run, names) !== name) return [];
        return [{ x: sure(i + 1), y: sure(value), isFilled: true }];
      }),
    }));
    const told = groups.filter(({ marks }) => marks.length > 0);
    const count = told.reduce((sum, { marks }) => sum + marks.length, 0);
    if (count < 2) return [];
    const spec = {
      ...{ id: `trend-${figure}`, title, groups: told, y: { quantity } },
      description: 'Run by run, the oldest first.',
      summary: countedText(count, 'run'),
      x: { name: 'run, the oldest first', quantity: 'number', isLinear: true },
    } as const;
    return [spreadChart(spec, theme, layout)];
  });
}

function groupNames(runs: readonly TrendRun[]): readonly string[] {
  const names = [...new Set(runs.map(({ group }) => group))];
  return names.length <= MOST_GROUPS ? names : [...names.slice(-MOST_GROUPS), OTHERS];
}

function groupOf({ group }: TrendRun, names: readonly string[]): string {
  return names.includes(group) ? group : OTHERS;
}

function sure(value: number) {
  return { value, low: null, high: null };
}
