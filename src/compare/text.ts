import { countedText, countText, durationText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { ComparedPair, ComparedRun, ComparisonReport } from './comparison-report.ts';
import {
  differenceText,
  intervalText,
  judgementText,
  marginText,
  metricLabel,
  metricText,
} from './metric-text.ts';

/** A comparison for a person: the runs, a table for each pair, what differs in their settings, and what follows. */
export function comparisonText(report: ComparisonReport): string {
  const { baseline, pairs, confidence, margin } = report;
  const lines = [
    ...runLines([baseline, ...pairs.map(({ run }) => run)]),
    '',
    `Differences from A, margin ±${marginText(margin)}. All intervals of a table hold together with ${marginText(confidence)} confidence.`,
  ];
  for (const pair of pairs) lines.push('', ...pairLines(pair, margin));
  const invalid = [baseline, ...pairs.map(({ run }) => run)].filter(({ verdict }) => verdict === 'invalid');
  if (invalid.length > 0)
    lines.push('', `Note: by its own report invalid: ${invalid.map(({ letter }) => letter).join(', ')}.`);
  return `${lines.join('\n')}\n`;
}

function runLines(runs: readonly ComparedRun[]): string[] {
  return alignColumns([
    ['', 'samples', 'time', 'block', 'verdict', 'run'],
    ...runs.map((run) => [
      run === runs[0] ? `${run.letter} (baseline)` : run.letter,
      countText(run.sampleCount),
      durationText(run.durationS * NS_PER_SECOND),
      durationText(run.blockS * NS_PER_SECOND),
      run.verdict ?? 'none',
      run.path,
    ]),
  ]);
}

function pairLines({ run, comparison, settingDifferences }: ComparedPair, margin: number): string[] {
  const { differences, judgement, blockCount, tooShort } = comparison;
  const rows = differences.map(({ key, baseline, value, difference, low, high }) => [
    metricLabel(key),
    metricText(key, baseline),
    metricText(key, value),
    differenceText(key, difference),
    intervalText(key, low, high),
  ]);
  const [head, ...table] = alignColumns([['', 'A', run.letter, 'difference', 'interval'], ...rows]);
  const worst = differences.filter((difference) => difference.judgement === judgement);
  const notes = [
    ...(tooShort
      ? [
          `Note: the runs are short for how far they are correlated in time (${countedText(blockCount, 'block')}); run longer for intervals to rely on.`,
        ]
      : []),
  ];
  return [
    head!,
    ...table.map((line, i) => `${line}  ${judgementText(differences[i]!.judgement, margin)}`),
    '',
    `${run.letter} against A: ${judgementText(judgement, margin)} (${worst.length} of ${differences.length} metrics: ${listText(worst.map(({ key }) => metricLabel(key)))})`,
    ...notes,
    ...settingLines(settingDifferences),
  ];
}

/** The first few of a list, and how many more there are. */
function listText(items: readonly string[], most = 4): string {
  const rest = items.length - most;
  return rest > 0 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ');
}

function settingLines(differences: ComparedPair['settingDifferences']): string[] {
  if (differences.length === 0) return ['Settings and environment: the same.'];
  const value = (leaf: unknown) =>
    leaf === undefined ? '–' : typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
  return [
    'Settings and environment that differ:',
    ...differences.map(
      ({ path, baseline, value: other }) => `  ${path}: ${value(baseline)} → ${value(other)}`,
    ),
  ];
}
