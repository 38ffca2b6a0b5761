/** The file of ECharts that holds line charts, marks, legend, tooltip and both renderers. */
declare module 'echarts/dist/echarts.common.min.js' {
  import type * as echarts from 'echarts';
  const common: typeof echarts;
  export default common;
}
