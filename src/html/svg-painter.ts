import type * as ECharts from '../charts/echarts.ts';
import type { ChartOption } from '../charts/chart.ts';
import { resolveFormatters } from '../charts/formatters.ts';
import { builtFile, ECHARTS_FILE } from '../core/program-files.ts';

export interface DrawingSize {
  /** px. */
  readonly width: number;
  readonly height: number;
}

/** Draws a chart as an SVG document, in some ms. */
export type SvgPainter = (option: ChartOption, size: DrawingSize) => string;

/** Loads what draws, once a process (about 50 ms). Throws `InferometerError` (setup) when it was not built. */
export async function loadSvgPainter(): Promise<SvgPainter> {
  const { init } = (await import(builtFile(ECHARTS_FILE).href)) as typeof ECharts;
  return (option, { width, height }) => {
    const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
    try {
      chart.setOption(resolveFormatters(option));
      return chart.renderToSVGString();
    } finally {
      chart.dispose();
    }
  };
}
