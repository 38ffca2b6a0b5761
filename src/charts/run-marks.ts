import type { RunHistory, RunMark } from '../core/run-history.ts';
import { settingText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { ChartOption } from './chart.ts';
import type { ChartTheme } from './theme.ts';

const LONGEST_LABEL = 16;

/** What a mark says, in a few words. */
export function markText({ kind, value, text }: RunMark): string {
  switch (kind) {
    case 'phase':
      return text;
    case 'pause':
      return 'paused';
    case 'resume':
      return 'resumed';
    case 'rate':
      return value === null ? 'rate' : `rate ${settingText(value)}/s`;
    case 'concurrency':
      return value === null ? 'concurrency' : `concurrency ${settingText(value)}`;
    case 'note':
      return text === '' ? 'note' : text;
    case 'stop':
      return 'stopped';
    case 'cancel':
      return 'cancelled';
  }
}

/** The marks of a run as a series of its own without data: lines at the marks, a shade behind its warm-ups. */
export function markSeries(
  history: RunHistory,
  run: { readonly name: string; readonly isOnly: boolean; readonly colour: string },
  theme: ChartTheme,
): ChartOption {
  const at = (ns: number) => Math.max(0, (ns - history.start_ns) / NS_PER_SECOND);
  const label = (mark: RunMark) => {
    const text = shortened(markText(mark));
    return run.isOnly ? text : `${run.name}: ${text}`;
  };
  return {
    type: 'line',
    name: `marks of ${run.name}`,
    data: [],
    silent: true,
    tooltip: { show: false },
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: run.isOnly ? theme.markLine : run.colour, type: 'solid', width: 1, opacity: 0.8 },
      label: { position: 'insideEndBottom', color: theme.mutedText, fontSize: 11 },
      data: shownMarks(history.marks, run.isOnly).map((mark) => ({
        xAxis: at(mark.at_ns),
        label: { formatter: label(mark).replaceAll('{', '(').replaceAll('}', ')') },
      })),
    },
    markArea: {
      silent: true,
      itemStyle: { color: theme.shade },
      data: warmups(history).map(({ fromNs, toNs }) => [{ xAxis: at(fromNs) }, { xAxis: at(toNs) }]),
    },
  };
}

/** Spans of warm-up phases: each until the next phase began, or the end. */
function warmups({ marks, end_ns: endNs }: RunHistory): readonly { fromNs: number; toNs: number }[] {
  const phases = marks.filter(({ kind }) => kind === 'phase');
  return phases.flatMap((phase, i) =>
    /^warm-?up/i.test(phase.text) ? [{ fromNs: phase.at_ns, toNs: phases[i + 1]?.at_ns ?? endNs }] : [],
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
