import { isTerminal } from '../metrics/snapshot.ts';
import type { DashboardContent, ScreenSize } from './content.ts';
import { countLines } from './count-lines.ts';
import { footLine } from './foot-line.ts';
import { progressLine, titleLine } from './head-lines.ts';
import { helpLines } from './help-lines.ts';
import { markLine } from './mark-line.ts';
import { clip, inOneLine, span, type Line } from './paint.ts';
import { panelLines } from './panels.ts';
import { percentileLines } from './percentile-lines.ts';
import { verdictLine, verdictLines } from './verdict-lines.ts';

/** A block of lines and how dear it is: where rows are short, the block with the highest number loses its last lines first. */
interface Block {
  readonly lines: readonly Line[];
  readonly rank: number;
}

/** From here up there are rows for air and for the reasons of the verdict, one line for so many rows. */
const ROOMY_HEIGHT = 32;
const ROWS_A_REASON = 10;

/**
 * The whole screen as lines, as many as it is high, none wider than it is wide. Pure. With 80×24 it shows all there is to know, with more
 * it plots more, with less it leaves out what matters least.
 */
export function dashboardLines(content: DashboardContent, size: ScreenSize): Line[] {
  const { width, height } = size;
  const { update, page } = content;
  const isRoomy = height >= ROOMY_HEIGHT;
  const title: Block = { lines: [titleLine(content, width)], rank: 0 };
  const foot: Block = { lines: [footLine(content, width)], rank: 1 };
  const message: Block = {
    lines: content.message === undefined ? [] : [[span(`» ${inOneLine(content.message)}`, 'warn')]],
    rank: 3,
  };
  const middle =
    page === 'help'
      ? [{ lines: [[], ...helpLines(content.controls !== undefined, width)], rank: 2 }]
      : page === 'verdict'
        ? [{ lines: [[], ...verdictLines(update?.verdict, isOver(content), width)], rank: 2 }]
        : runBlocks(content, size);
  const fitted = fitBlocks([title, ...middle, message, foot], height);
  const free = height - fitted.reduce((sum, { length }) => sum + length, 0);
  const above = fitted.slice(0, 1 + middle.length).flat();
  const below = fitted.slice(1 + middle.length).flat();
  const plots =
    page === 'run' && update !== undefined
      ? panelLines(update, content.selected, { width, height: free - (isRoomy ? 2 : 0) })
      : [];
  const plotted = plots.length > 0 && isRoomy ? [[], ...plots, []] : plots;
  const blanks = Array.from({ length: Math.max(0, free - plotted.length) }, (): Line => []);
  // Plots stand between the percentiles and the verdict.
  const at = 1 + (page === 'run' ? linesBefore(fitted, PLOTS_AFTER) : above.length - 1);
  return [...above.slice(0, at), ...plotted, ...blanks, ...above.slice(at), ...below].map((line) =>
    clip(line, width),
  );
}

/** Blocks of {@link runBlocks} above the plots. */
const PLOTS_AFTER = 3;

function runBlocks(content: DashboardContent, { width, height }: ScreenSize): Block[] {
  const { update, controls, selected } = content;
  if (update === undefined) return [];
  const isRoomy = height >= ROOMY_HEIGHT;
  const progress = progressLine(update.view, width);
  // Where rows are dear, how long the texts are is left to the report.
  const rows = isRoomy ? update.view.rows : update.view.rows.filter(({ unit }) => unit === 'ns');
  const percentiles = percentileLines(rows, update.history, selected, width);
  const verdict = isRoomy
    ? firstLines(
        verdictLines(update.verdict, isOver(content), width),
        Math.floor(height / ROWS_A_REASON),
        width,
      )
    : [verdictLine(update.verdict, isOver(content), width)];
  const marks = markLine(update.history, width);
  return [
    { lines: progress === undefined ? [[]] : [progress], rank: 6 },
    { lines: countLines(update, controls, width), rank: 4 },
    { lines: isRoomy && percentiles.length > 0 ? [[], ...percentiles] : percentiles, rank: 5 },
    { lines: verdict, rank: 3 },
    { lines: marks === undefined ? [] : [marks], rank: 8 },
  ];
}

/** At most so many lines; that more would follow is told at the end of the last. */
function firstLines(lines: readonly Line[], most: number, width: number): readonly Line[] {
  if (lines.length <= most) return lines;
  const last = clip(lines[most - 1]!, width - 2);
  return [...lines.slice(0, most - 1), [...last, span(' …')]];
}

function linesBefore(fitted: readonly (readonly Line[])[], blocks: number): number {
  return fitted.slice(1, 1 + blocks).reduce((sum, { length }) => sum + length, 0);
}

/** The blocks in their order, cut to `height` lines together. */
function fitBlocks(blocks: readonly Block[], height: number): (readonly Line[])[] {
  let left = height;
  const room = new Map<Block, number>();
  for (const block of blocks.toSorted((a, b) => a.rank - b.rank)) {
    const taken = Math.min(left, block.lines.length);
    room.set(block, taken);
    left -= taken;
  }
  return blocks.map((block) => block.lines.slice(0, room.get(block)));
}

function isOver({ update }: DashboardContent): boolean {
  return update !== undefined && isTerminal(update.view.state);
}
