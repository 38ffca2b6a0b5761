import type * as ECharts from '../../charts/echarts.ts';

/** Where the server has it: a page knows no package names. */
const URL_OF_ECHARTS = '/modules/echarts.js';
const RETRY_MS = 1500;

/**
 * ECharts, loaded when first asked for. A server that is away at that moment is asked until it is back, each time by another name: a
 * browser remembers of a module that it could not be had.
 */
export async function loadECharts(): Promise<typeof ECharts> {
  for (let attempt = 0; ; attempt++) {
    try {
      const url = attempt === 0 ? URL_OF_ECHARTS : `${URL_OF_ECHARTS}?attempt=${attempt}`;
      return (await import(url)) as typeof ECharts;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
