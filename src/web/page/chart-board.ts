import type { ECharts } from 'echarts';
import type { Chart, ChartRun } from '../../charts/chart.ts';
import { resolveFormatters } from '../../charts/formatters.ts';
import { DARK_THEME, LIGHT_THEME } from '../../charts/theme.ts';
import { chartsOf } from './run-charts.ts';
import { element, setText } from './dom.ts';
import { loadECharts } from './echarts.ts';
import type { ThemeSwitch } from './theme.ts';

const GROUP = 'run';
/** Drawing takes some ms a chart: data comes about once a second, and so are they drawn at most. */
const WIDTH_STEP_PX = 20;

interface Slot {
  readonly card: HTMLElement;
  readonly title: HTMLElement;
  readonly place: HTMLElement;
  drawing: ECharts | undefined;
  chart: Chart;
}

/**
 * The charts of one or several runs: one time axis for all of them, pointer and zoom in step, so that a spike can be followed from
 * one to the other. Redrawn when history, theme or width change, and only while on screen.
 */
export class ChartBoard {
  readonly element = element('div', { class: 'charts' });
  readonly #theme: ThemeSwitch;
  readonly #slots = new Map<string, Slot>();
  readonly #resize = new ResizeObserver(() => this.#resized());
  #runs: readonly ChartRun[] = [];
  #shownWidth = 0;
  #isClosed = false;

  constructor(theme: ThemeSwitch) {
    this.#theme = theme;
    theme.onChange(() => this.#draw());
    this.#resize.observe(this.element);
  }

  show(runs: readonly ChartRun[]): void {
    const isSame =
      runs.length === this.#runs.length &&
      runs.every(
        (run, i) =>
          run.history === this.#runs[i]!.history && run.distributions === this.#runs[i]!.distributions,
      );
    if (isSame) return;
    this.#runs = runs;
    this.#draw();
  }

  close(): void {
    this.#isClosed = true;
    this.#resize.disconnect();
    for (const { drawing } of this.#slots.values()) drawing?.dispose();
  }

  #resized(): void {
    const width = this.#width();
    for (const { drawing } of this.#slots.values()) drawing?.resize();
    if (Math.abs(width - this.#shownWidth) >= WIDTH_STEP_PX) this.#draw();
  }

  /** Of one chart. */
  #width(): number {
    const [first] = this.#slots.values();
    return first?.place.clientWidth || 480;
  }

  #draw(): void {
    if (this.#isClosed || this.#runs.length === 0) return;
    this.#shownWidth = this.#width();
    const theme = this.#theme.current === 'dark' ? DARK_THEME : LIGHT_THEME;
    const charts = chartsOf(this.#runs, theme, { width: this.#shownWidth });
    const wanted = new Set(charts.map(({ id }) => id));
    for (const [id, slot] of this.#slots) {
      if (wanted.has(id)) continue;
      slot.drawing?.dispose();
      slot.card.remove();
      this.#slots.delete(id);
    }
    for (const chart of charts) {
      const slot = this.#slots.get(chart.id) ?? this.#add(chart);
      slot.chart = chart;
      setText(slot.title, chart.title);
      slot.place.ariaLabel = `${chart.title}. ${chart.description} ${chart.summary}`;
      this.#paint(slot);
    }
  }

  #add(chart: Chart): Slot {
    const title = element('h2');
    const place = element('div', { class: 'chart', role: 'img', 'data-chart': chart.id });
    const card = element('section', { class: 'card' }, element('div', { class: 'chart-head' }, title), place);
    const slot: Slot = { card, title, place, drawing: undefined, chart };
    this.#slots.set(chart.id, slot);
    this.element.append(card);
    void this.#start(slot);
    return slot;
  }

  async #start(slot: Slot): Promise<void> {
    const echarts = await loadECharts();
    if (this.#isClosed || !slot.card.isConnected) return;
    slot.drawing = echarts.init(slot.place);
    slot.drawing.group = GROUP;
    echarts.connect(GROUP);
    this.#paint(slot);
  }

  #paint({ drawing, chart }: Slot): void {
    if (drawing === undefined) return;
    const option = resolveFormatters(chart.option);
    // Tooltips of the other kind are HTML with style attributes, which the page's policy forbids.
    const tooltip = { ...(option.tooltip as object), renderMode: 'richText' };
    drawing.setOption({ ...option, tooltip, animation: false }, { notMerge: true });
  }
}
