import { countedText, countText, durationText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { visibleLine } from '../core/visible-text.ts';
import { wrapText } from '../core/wrap-text.ts';
import type { DifferenceJudgement, MetricDifference } from './simultaneous-intervals.ts';
import { isOtherLoad } from './setting-differences.ts';
import type { ComparedPair, ComparedRun, ComparisonReport } from './comparison-report.ts';
import {
  differenceText,
  intervalText,
  judgementText,
  marginText,
  metricLabel,
  metricText,
} from './metric-text.ts';

/** Of a terminal as it opens. */
const WIDTH = 80;

/** A comparison for a person: the runs, a table for each pair, what differs in their settings, and what follows. */
export function comparisonText(report: ComparisonReport): string {
  const { baseline, pairs, confidence, margin } = report;
  const lines = [
    ...runLines([baseline, ...pairs.map(({ run }) => run)]),
    '',
    ...paragraph(
      `Differences from A, margin ±${marginText(margin)}. The intervals of a table hold simultaneously with ${marginText(confidence)} confidence.`,
    ),
  ];
  for (const pair of pairs) lines.push('', ...pairLines(pair, margin));
  const invalid = [baseline, ...pairs.map(({ run }) => run)].filter(({ verdict }) => verdict === 'invalid');
  if (invalid.length > 0)
    lines.push(
      '',
      ...paragraph(`Note: invalid by their own verdict: ${invalid.map(({ letter }) => letter).join(', ')}.`),
    );
  return `${lines.map(visibleLine).join('\n')}\n`;
}

function runLines(runs: readonly ComparedRun[]): string[] {
  const [head, ...lines] = alignColumns([
    ['', 'samples', 'time', 'block', 'verdict'],
    ...runs.map((run) => [
      run === runs[0] ? `${run.letter} (baseline)` : run.letter,
      countText(run.sampleCount),
      durationText(run.durationS * NS_PER_SECOND),
      durationText(run.blockS * NS_PER_SECOND),
      run.verdict ?? 'none',
    ]),
  ]);
  return [head!, ...lines.flatMap((line, i) => [line, `  ${shortPath(runs[i]!.path)}`])];
}

/** The end of a path tells it from its neighbours. */
function shortPath(path: string): string {
  const letters = [...path];
  const room = WIDTH - 2;
  return letters.length <= room ? path : `…${letters.slice(1 - room).join('')}`;
}

function pairLines({ run, comparison, settingDifferences }: ComparedPair, margin: number): string[] {
  const { differences, judgement, blockCount, tooShort } = comparison;
  const worst = differences.filter((difference) => difference.judgement === judgement);
  return [
    ...settingLines(settingDifferences),
    ...otherLoadLines(isOtherLoad(settingDifferences)),
    '',
    ...differenceTable(run.letter, differences),
    ...legend(differences, margin),
    '',
    ...paragraph(
      `${run.letter} against A: ${judgementText(judgement, margin)} (${worst.length} of ${differences.length} metrics: ${listText(worst.map(({ key }) => metricLabel(key)))})`,
    ),
    ...(tooShort
      ? paragraph(
          `Note: the runs are too short relative to their autocorrelation (${countedText(blockCount, 'block')}); run longer for reliable intervals.`,
        )
      : []),
  ];
}

/** The widest columns that fit: where numbers are long, the difference is left to its interval. */
function differenceTable(letter: string, differences: readonly MetricDifference[]): string[] {
  const table = (withDifference: boolean) => {
    const rows = differences.map(({ key, baseline, value, difference, low, high }) => [
      metricLabel(key),
      metricText(key, baseline),
      metricText(key, value),
      ...(withDifference ? [differenceText(key, difference)] : []),
      intervalText(key, low, high),
    ]);
    const head = ['', 'A', letter, ...(withDifference ? ['difference'] : []), 'interval'];
    const [headLine, ...lines] = alignColumns([head, ...rows]);
    return [headLine!, ...lines.map((line, i) => `${line}  ${judgementMarks[differences[i]!.judgement]}`)];
  };
  const whole = table(true);
  return whole.every((line) => [...line].length <= WIDTH) ? whole : table(false);
}

/** What a judgement is called in a table. */
export const judgementMarks: Readonly<Record<DifferenceJudgement, string>> = {
  worse: 'worse',
  slightly_worse: 'worse?',
  indistinct: '?',
  equivalent: 'same',
  slightly_better: 'better?',
  better: 'better',
  as_asked: 'as asked',
};

/** What the marks that are not plain words stand for. */
export function legend(
  differences: readonly { readonly judgement: DifferenceJudgement }[],
  margin: number,
): string[] {
  const used = (
    ['slightly_worse', 'slightly_better', 'indistinct', 'equivalent', 'as_asked'] as const
  ).filter((judgement) => differences.some((difference) => difference.judgement === judgement));
  if (used.length === 0) return [];
  return paragraph(
    used.map((judgement) => `${judgementMarks[judgement]}: ${judgementText(judgement, margin)}`).join('; '),
  );
}

/** The first few of a list, and how many more there are. */
function listText(items: readonly string[], most = 4): string {
  const rest = items.length - most;
  return rest > 0 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ');
}

/** What it means that two runs had different loads. */
export function otherLoadLines(isOtherLoad: boolean): string[] {
  return isOtherLoad
    ? paragraph(
        'The two runs had different loads, so rates are not judged, and latencies may differ for that reason alone.',
      )
    : [];
}

export function settingLines(differences: ComparedPair['settingDifferences']): string[] {
  if (differences.length === 0) return ['Settings and environment: the same.'];
  const value = (leaf: unknown) =>
    leaf === undefined ? '–' : typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
  return [
    'Settings and environment that differ:',
    ...differences.flatMap(({ path, baseline, value: other }) =>
      wrapText('  ', `${path}: ${value(baseline)} → ${value(other)}`, WIDTH, true),
    ),
  ];
}

export function paragraph(text: string): string[] {
  // A number and its % stay together.
  const lines = wrapText('', text.replaceAll(' %', '\u00a0%'), WIDTH, true);
  return lines.map((line) => line.replaceAll('\u00a0', ' '));
}
