import { countedText, countText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { visibleLine } from '../core/visible-text.ts';
import { differenceText, intervalText, judgementText, marginText } from './metric-text.ts';
import type { CellDifference, ComparedCell } from './repeated-cells.ts';
import type { SettingDifference } from './setting-differences.ts';
import { judgementMarks, legend, otherLoadLines, paragraph, settingLines } from './text.ts';

export interface ComparedStudy {
  /** `A` for the baseline, then `B`, `C`, … */
  readonly letter: string;
  readonly path: string;
  readonly kind: string;
  readonly createdAt: string;
  readonly runs: number;
}

/** A study beside the baseline. */
export interface ComparedStudyPair {
  readonly study: ComparedStudy;
  readonly settingDifferences: readonly SettingDifference[];
  /** Rates are not judged. */
  readonly isOtherLoad: boolean;
  /** Else the intervals are those of single runs. */
  readonly isRepeated: boolean;
  readonly cells: readonly ComparedCell[];
  /** Settings that only one of them has results of. */
  readonly onlyInBaseline: readonly string[];
  readonly onlyInStudy: readonly string[];
}

export interface StudyComparison {
  readonly version: string;
  readonly margin: number;
  readonly confidence: number;
  readonly baseline: ComparedStudy;
  readonly pairs: readonly ComparedStudyPair[];
  readonly figures: Readonly<Record<string, { readonly title: string; readonly isShare: boolean }>>;
  /** A value of a figure in its unit. */
  readonly textOf: (key: string, value: number) => string;
}

/** For a person: the studies, what differs in their settings, a table for each cell, and what follows. */
export function studyComparisonText(comparison: StudyComparison): string {
  const { baseline, pairs, margin, confidence } = comparison;
  const lines = [
    ...studyLines([baseline, ...pairs.map(({ study }) => study)]),
    '',
    ...paragraph(
      `Differences from A, margin ±${marginText(margin)}. All intervals of a pair of studies hold simultaneously with ${marginText(confidence)} confidence.`,
    ),
    ...pairs.flatMap((pair) => ['', ...pairLines(pair, comparison)]),
  ];
  return `${lines.map(visibleLine).join('\n')}\n`;
}

function studyLines(studies: readonly ComparedStudy[]): string[] {
  const [head, ...lines] = alignColumns([
    ['', 'kind', 'runs', 'begun'],
    ...studies.map(({ letter, kind, runs, createdAt }) => [
      letter === 'A' ? 'A (baseline)' : letter,
      ...[kind, String(runs), createdAt],
    ]),
  ]);
  return [head!, ...lines.flatMap((line, i) => [line, `  ${studies[i]!.path}`])];
}

function pairLines(pair: ComparedStudyPair, comparison: StudyComparison): string[] {
  const { study, cells, isRepeated } = pair;
  const { margin } = comparison;
  const all = cells.flatMap(({ differences }) => differences);
  return [
    ...settingLines(pair.settingDifferences),
    ...otherLoadLines(pair.isOtherLoad),
    ...missingLines('A', pair.onlyInBaseline),
    ...missingLines(study.letter, pair.onlyInStudy),
    ...cells.flatMap((cell) => ['', ...cellLines(study.letter, cell, comparison)]),
    ...legend(all, margin),
    '',
    ...cells.flatMap(({ name, judgement }) =>
      paragraph(
        `${study.letter} against A${name === '' ? '' : `, ${name}`}: ${judgementText(judgement, margin)}`,
      ),
    ),
    ...(isRepeated
      ? []
      : paragraph(
          'Note: nothing was measured twice, so the intervals do not include what differs from run to run; use --repeat 3 or more.',
        )),
  ];
}

function missingLines(letter: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : paragraph(`Only in ${letter}: ${names.join('; ')}.`);
}

function cellLines(letter: string, cell: ComparedCell, { figures, textOf }: StudyComparison): string[] {
  const { name, baselineRuns, runs, differences } = cell;
  const title = `${name === '' ? 'All runs' : name} (${countedText(baselineRuns, 'run')} and ${countedText(runs, 'run')})`;
  const keyOf = ({ key }: CellDifference) => (figures[key]!.isShare ? 'error_share' : 'samples_per_second');
  const rows = differences.map((difference) => {
    const { key, baseline, value, low, high } = difference;
    return [
      figures[key]!.title,
      ...[
        textOf(key, baseline),
        textOf(key, value),
        differenceText(keyOf(difference), difference.difference),
      ],
      intervalText(keyOf(difference), low, high),
    ];
  });
  const [head, ...lines] = alignColumns([['', 'A', letter, 'difference', 'interval'], ...rows]);
  return [
    title,
    head!,
    ...lines.map((line, i) => `${line}  ${judgementMarks[differences[i]!.judgement]}`),
    ...failedLines(letter, cell),
    ...(cell.notCompared.length === 0
      ? []
      : paragraph(
          `Not compared, because it is 0 in a run: ${cell.notCompared.map((key) => figures[key]!.title).join(', ')}.`,
        )),
  ];
}

function failedLines(letter: string, cell: ComparedCell): string[] {
  const { baselineRuns, runs, failedBaselineRuns, failedRuns } = cell;
  return [...failedText('A', failedBaselineRuns, baselineRuns), ...failedText(letter, failedRuns, runs)];
}

function failedText(letter: string, failed: number, runs: number): readonly string[] {
  return failed === 0
    ? []
    : paragraph(`Nothing succeeded in ${countText(failed)} of ${countedText(runs, 'run')} of ${letter}.`);
}

/** For machines: names with units, shares as numbers (0.05 is 5 %). */
export function studyComparisonJson({
  version,
  margin,
  confidence,
  baseline,
  pairs,
}: StudyComparison): string {
  const studyJson = ({ letter, path, kind, createdAt, runs }: ComparedStudy) => ({
    ...{ letter, path, kind, created_at: createdAt, runs },
  });
  const document = {
    ...{ format: 1, version, margin, confidence },
    baseline: studyJson(baseline),
    comparisons: pairs.map((pair) => ({
      study: studyJson(pair.study),
      settings: pair.settingDifferences.map(({ path, baseline: before, value }) => ({
        ...{ path, baseline: before ?? null, value: value ?? null },
      })),
      other_load: pair.isOtherLoad,
      includes_spread_between_runs: pair.isRepeated,
      only_in_baseline: pair.onlyInBaseline,
      only_in_study: pair.onlyInStudy,
      cells: pair.cells.map(({ differences, ...cell }) => ({
        ...{ cell: cell.name, judgement: cell.judgement, baseline_runs: cell.baselineRuns, runs: cell.runs },
        ...{ failed_baseline_runs: cell.failedBaselineRuns, failed_runs: cell.failedRuns },
        metrics: Object.fromEntries(differences.map(({ key, ...difference }) => [key, difference])),
        not_compared: cell.notCompared,
      })),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
