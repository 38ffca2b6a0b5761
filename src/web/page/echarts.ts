import type * as ECharts from 'echarts';

/** Where the server has it: a page knows no package names. */
const URL_OF_ECHARTS = '/modules/echarts.js';

/** ECharts, loaded when first asked for. */
export async function loadECharts(): Promise<typeof ECharts> {
  return (await import(URL_OF_ECHARTS)) as typeof ECharts;
}
