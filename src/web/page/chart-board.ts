import type { ECharts } from 'echarts';
import type { Chart, ChartLayout, ChartRun } from '../../charts/chart.ts';
import { resolveFormatters } from '../../charts/formatters.ts';
import { type ChartTheme, DARK_THEME, LIGHT_THEME } from '../../charts/theme.ts';
import { element, setText } from './dom.ts';
import { loadECharts } from './echarts.ts';
import type { ThemeSwitch } from './theme.ts';

const WIDTH_STEP_PX = 20;

interface Slot {
  readonly card: HTMLElement;
  readonly title: HTMLElement;
  readonly place: HTMLElement;
  drawing: ECharts | undefined;
  chart: Chart;
}

/** Draws runs; pure. */
export type ChartBuilder = (
  runs: readonly ChartRun[],
  theme: ChartTheme,
  layout: ChartLayout,
) => readonly Chart[];

/**
 * Charts of one or several runs in a grid. Redrawn when history, theme or width change, some ms a chart; the history of a live run
 * comes about once a second.
 */
export class ChartBoard {
  readonly element = element('div', { class: 'charts' });
  readonly #theme: ThemeSwitch;
  readonly #forgetTheme: () => void;
  readonly #build: ChartBuilder;
  readonly #group: string | undefined;
  readonly #slots = new Map<string, Slot>();
  readonly #resize = new ResizeObserver(() => this.#resized());
  #runs: readonly ChartRun[] = [];
  #shownWidth = 0;
  #isClosed = false;

  /** Charts of one `group` have one x axis and move their pointers together. */
  constructor(theme: ThemeSwitch, build: ChartBuilder, group?: string) {
    this.#theme = theme;
    this.#build = build;
    this.#group = group;
    this.#forgetTheme = theme.onChange(() => this.draw());
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
    this.draw();
  }

  /** Builds the charts anew: also when what they are made of is chosen elsewhere. */
  draw(): void {
    if (this.#isClosed || this.#runs.length === 0) return;
    this.#shownWidth = this.#width();
    const theme = this.#theme.current === 'dark' ? DARK_THEME : LIGHT_THEME;
    const charts = this.#build(this.#runs, theme, { width: this.#shownWidth });
    const wanted = new Set(charts.map(({ id }) => id));
    for (const [id, slot] of this.#slots) {
      if (wanted.has(id)) continue;
      slot.drawing?.dispose();
      slot.card.remove();
      this.#slots.delete(id);
    }
    charts.forEach((chart, i) => {
      const slot = this.#slots.get(chart.id) ?? this.#add(chart);
      slot.chart = chart;
      setText(slot.title, chart.title);
      slot.title.title = chart.description;
      slot.place.ariaLabel = `${chart.title}. ${chart.description} ${chart.summary}`;
      // One that came later stands where it belongs, not last.
      const there = this.element.children[i];
      if (there !== slot.card) this.element.insertBefore(slot.card, there ?? null);
      this.#paint(slot);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#forgetTheme();
    this.#resize.disconnect();
    for (const { drawing } of this.#slots.values()) drawing?.dispose();
  }

  #resized(): void {
    const width = this.#width();
    for (const { drawing } of this.#slots.values()) drawing?.resize();
    if (Math.abs(width - this.#shownWidth) >= WIDTH_STEP_PX) this.draw();
  }

  /** Of one chart. */
  #width(): number {
    const [first] = this.#slots.values();
    return first?.place.clientWidth || 480;
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
    if (this.#group !== undefined) {
      slot.drawing.group = this.#group;
      echarts.connect(this.#group);
    }
    this.#paint(slot);
    // Charts of a group move their pointers together; what stands at it is told in one of them.
    const tell = (showContent: boolean) => slot.drawing?.setOption({ tooltip: { showContent } });
    slot.place.addEventListener('pointerenter', () => tell(true));
    slot.place.addEventListener('pointerleave', () => tell(false));
  }

  #paint({ drawing, chart, place }: Slot): void {
    // Legend and labels above the plot make a chart higher, not its plot lower.
    if (chart.plot !== undefined) place.style.setProperty('--plot-top', `${chart.plot.top}px`);
    if (drawing === undefined) return;
    if (drawing.getHeight() !== place.clientHeight) drawing.resize();
    const option = resolveFormatters(chart.option);
    // Tooltips of the other kind are HTML with style attributes, which the page's policy forbids.
    const tooltip = {
      ...(option.tooltip as object),
      renderMode: 'richText',
      showContent: place.matches(':hover'),
    };
    drawing.setOption({ ...option, tooltip, animation: false }, { notMerge: true });
  }
}
