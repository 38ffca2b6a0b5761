// The parts of ECharts that our charts use. The build makes one file of them, for the page and for drawings; nothing imports it as it is here:
// its several hundred modules take ten times as long to load.
import { LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
} from 'echarts/components';
import { use } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  ...[LineChart, ScatterChart],
  ...[GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TitleComponent, TooltipComponent],
  ...[CanvasRenderer, SVGRenderer],
]);

export { connect, getInstanceByDom, init } from 'echarts/core';
