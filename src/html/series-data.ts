import type { Chart, Quantity } from '../charts/chart.ts';
import { elapsedText } from '../charts/elapsed.ts';
import { PLOT_MARGINS } from '../charts/frame.ts';
import { NS_PER_MS, NS_PER_SECOND, NS_PER_US } from '../core/time.ts';

/** The values behind the drawings over time for the page's script, as JSON that may stand in a script element. */
export function seriesDataText(charts: readonly Chart[], lengthSeconds: number): string {
  const seconds = charts[0]?.lines[0]?.points.map(([at]) => at) ?? [];
  const data = {
    ...{ left: PLOT_MARGINS.left, right: PLOT_MARGINS.right, bottom: PLOT_MARGINS.bottom },
    length: lengthSeconds,
    seconds,
    times: seconds.map(elapsedText),
    charts: Object.fromEntries(charts.map((chart) => [chart.id, chartData(chart)])),
  };
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

function chartData({ quantity, lines }: Chart) {
  const values = lines.flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
  const { unit, scale } = unitOf(
    quantity,
    values.reduce((most, value) => Math.max(most, value), 0),
  );
  const scaled = (value: number | null) => (value === null ? null : Number((value / scale).toPrecision(4)));
  return {
    unit,
    lines: lines.map(({ name, points, band }) => ({
      name,
      values: points.map(([, value]) => scaled(value)),
      ...(band && { low: band.map((range) => scaled(range && range[0])) }),
      ...(band && { high: band.map((range) => scaled(range && range[1])) }),
    })),
  };
}

function unitOf(quantity: Quantity, max: number): { readonly unit: string; readonly scale: number } {
  switch (quantity) {
    case 'number':
      return { unit: '', scale: 1 };
    case 'share':
      return { unit: ' %', scale: 0.01 };
    case 'duration':
      if (max >= 10 * NS_PER_SECOND) return { unit: ' s', scale: NS_PER_SECOND };
      return max >= NS_PER_MS ? { unit: ' ms', scale: NS_PER_MS } : { unit: ' µs', scale: NS_PER_US };
  }
}
