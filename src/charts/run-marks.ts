import type { RunHistory, RunMark } from '../core/run-history.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { ChartOption } from './chart.ts';
import { PLOT_MARGINS } from './frame.ts';
import { LABEL_ROW_HEIGHT, labelsHeight, placeLabels } from './mark-labels.ts';
import { MARK_SYMBOLS, markText } from './mark-text.ts';
import type { ChartTheme } from './theme.ts';

const LONGEST_LABEL = 28;
/** Between plot and label, px. */
const LABEL_DISTANCE = 3;

export interface MarkedRun {
  readonly name: string;
  readonly history: RunHistory;
  /** Its steady state, ns since the run's origin. */
  readonly steady?: { readonly fromNs: number; readonly toNs: number } | undefined;
  /** Of its marks, where several runs are drawn. */
  readonly colour: string;
}

export interface MarkSeries {
  /** A series for each run, without data: lines at its marks, a shade behind its warm-ups and its steady state. */
  readonly series: readonly ChartOption[];
  /** What the labels take above the plot, px. */
  readonly height: number;
}

/** The marks of runs with labels that keep out of each other's way, on an axis of `lengthSeconds` in a drawing of that width. */
export function markSeries(
  runs: readonly MarkedRun[],
  axis: { readonly lengthSeconds: number; readonly width: number },
  theme: ChartTheme,
): MarkSeries {
  const isOnly = runs.length === 1;
  const { left, right } = PLOT_MARGINS;
  const pxPerSecond = (axis.width - left - right) / axis.lengthSeconds;
  const marks = runs
    .flatMap((run, index) =>
      shownMarks(run.history.marks, isOnly).map((mark) => {
        const seconds = secondsOf(mark.at_ns, run.history);
        const text = shortened(isOnly ? markText(mark) : `${run.name}: ${markText(mark)}`);
        return { index, seconds, text, sign: MARK_SYMBOLS[mark.kind], x: left + seconds * pxPerSecond };
      }),
    )
    .toSorted((a, b) => a.x - b.x);
  const labels = placeLabels(marks, axis.width);
  const lines = marks.map(({ index, seconds }, i) => {
    const { text, row, align } = labels[i]!;
    const label: ChartOption = {
      ...{ show: text !== '', formatter: text.replaceAll('{', '(').replaceAll('}', ')'), align },
      distance: [0, LABEL_DISTANCE + row * LABEL_ROW_HEIGHT],
    };
    return { index, line: { xAxis: seconds, label } satisfies ChartOption };
  });
  return {
    height: labelsHeight(labels),
    series: runs.map((run, index): ChartOption => ({
      type: 'line',
      name: `marks of ${run.name}`,
      data: [],
      silent: true,
      tooltip: { show: false },
      markLine: {
        silent: true,
        symbol: 'none',
        lineStyle: {
          ...{ color: isOnly ? theme.markLine : run.colour, type: 'solid', width: 1, opacity: 0.8 },
        },
        label: { position: 'end', color: theme.mutedText, fontSize: 11 },
        data: lines.filter((one) => one.index === index).map(({ line }) => line),
      },
      markArea: {
        silent: true,
        itemStyle: { color: theme.shade },
        data: [
          ...unmeasuredSpans(run.history).map((span) => areaOf(span, run.history)),
          ...(isOnly && run.steady !== undefined
            ? [areaOf(run.steady, run.history, { color: theme.steady })]
            : []),
        ],
      },
    })),
  };
}

/** What is between two moments, in a color of its own where there is one. */
function areaOf(
  { fromNs, toNs }: { readonly fromNs: number; readonly toNs: number },
  history: RunHistory,
  itemStyle?: ChartOption,
): readonly ChartOption[] {
  return [
    { xAxis: secondsOf(fromNs, history), ...(itemStyle && { itemStyle }) },
    { xAxis: secondsOf(toNs, history) },
  ];
}

function secondsOf(ns: number, { start_ns: startNs }: RunHistory): number {
  return Math.max(0, (ns - startNs) / NS_PER_SECOND);
}

/** Spans of phases that aren't measured: each until the next phase began, or the end. */
function unmeasuredSpans({ marks, end_ns: endNs }: RunHistory): readonly { fromNs: number; toNs: number }[] {
  const phases = marks.filter(({ kind }) => kind === 'phase');
  return phases.flatMap((phase, i) =>
    /^warm-?up|\(not measured\)$/i.test(phase.text)
      ? [{ fromNs: phase.at_ns, toNs: phases[i + 1]?.at_ns ?? endNs }]
      : [],
  );
}

/** Where phases began is not told of a run that has one only, nor of several runs, whose names would stand on each other. */
function shownMarks(marks: readonly RunMark[], isOnly: boolean): readonly RunMark[] {
  const tellsPhases = isOnly && marks.filter(({ kind }) => kind === 'phase').length > 1;
  return tellsPhases ? marks : marks.filter(({ kind }) => kind !== 'phase');
}

function shortened(text: string): string {
  const letters = [...text.replace(/\s+/g, ' ')];
  return letters.length > LONGEST_LABEL
    ? `${letters.slice(0, LONGEST_LABEL - 1).join('')}…`
    : letters.join('');
}
