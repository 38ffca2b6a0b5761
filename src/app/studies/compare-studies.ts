import { existsSync } from 'node:fs';
import { type CellPair, compareCells, type FigureTraits, isRepeated } from '../../compare/repeated-cells.ts';
import {
  isOtherLoad,
  type SettingDifference,
  settingDifferences,
} from '../../compare/setting-differences.ts';
import type { CompareOptions } from '../../compare/simultaneous-intervals.ts';
import type { ComparedStudy, StudyComparison } from '../../compare/study-comparison.ts';
import { InferometerError } from '../../core/errors.ts';
import { type FigureKey, FIGURES, figureValueText } from '../../studies/figures.ts';
import { combinationText } from '../../studies/designs.ts';
import type { StudyPoint, StudyResult } from '../../studies/study-result.ts';
import { readLogHeader } from '../run-folder/log-header.ts';
import { readManifest, RunDirectory } from '../run-folder/run-directory.ts';
import { programVersion } from '../run-folder/version.ts';
import { readStudy } from './study.ts';
import { StudyFolder } from './study-folder.ts';

/** Each figure is a statement of its own: those that say much the same are left out. */
const COMPARED: readonly FigureKey[] = [
  ...(['requests_per_second', 'output_tokens_per_second', 'ttft_p50_ns', 'ttft_p99_ns'] as const),
  ...(['tpot_p50_ns', 'tpot_p90_ns', 'latency_p50_ns', 'latency_p99_ns', 'error_share'] as const),
  'joules_per_output_token',
];

/** Whether `path` is the folder of a study. */
export function isStudy(path: string): boolean {
  return path !== '' && existsSync(StudyFolder.questionPathIn(path));
}

interface Loaded {
  readonly path: string;
  readonly result: StudyResult;
  /** Of its combinations with a result, by {@link keyOf}. */
  readonly points: ReadonlyMap<string, StudyPoint>;
}

/**
 * Compares sweeps and repeats with the first of them, cell by cell. Throws `InferometerError` (input) for studies of other kinds or factors, and where no cell has
 * a result in both.
 */
export async function compareStudies(
  paths: readonly string[],
  options: CompareOptions,
): Promise<StudyComparison> {
  const studies: Loaded[] = [];
  for (const path of paths) studies.push(await load(path));
  const [baseline, ...others] = studies as [Loaded, ...Loaded[]];
  const pairs = [];
  for (const other of others) pairs.push(await compare(baseline, other, options));
  return {
    ...{ version: programVersion(), ...options },
    baseline: { letter: 'A', ...factsOf(baseline) },
    pairs: pairs.map((pair, i) => ({
      ...pair,
      study: { letter: String.fromCharCode(66 + i), ...pair.study },
    })),
    figures: Object.fromEntries(
      COMPARED.map((key) => [key, { title: FIGURES[key].title, isShare: FIGURES[key].unit === 'share' }]),
    ),
    textOf: (key, value) => figureValueText(key as FigureKey, value),
  };
}

async function compare(baseline: Loaded, other: Loaded, options: CompareOptions) {
  requireSameFactors(baseline, other);
  const common = [...baseline.points].filter(([key]) => other.points.has(key));
  const [first] = common;
  if (first === undefined) {
    const what = 'they have no settings in common of which both have a result';
    throw cannotCompare(other.path, what);
  }
  const differences = await differentSettings(baseline, other, first[0]);
  const isOther = isOtherLoad(differences);
  const traitsOf = (key: string): FigureTraits => {
    const isRate = FIGURES[key as FigureKey].unit === 'rate';
    const isShare = FIGURES[key as FigureKey].unit === 'share';
    return { isShare, isHigherBetter: isRate, isAsAsked: isRate && isOther };
  };
  const cells = common.map(([key, point]) => pairOf(baseline.result, point, other.points.get(key)!));
  return {
    study: factsOf(other),
    settingDifferences: differences,
    isOtherLoad: isOther,
    isRepeated: isRepeated(cells),
    cells: compareCells(cells, traitsOf, options),
    onlyInBaseline: namesOf(baseline, other),
    onlyInStudy: namesOf(other, baseline),
  };
}

function pairOf({ factors }: StudyResult, baseline: StudyPoint, other: StudyPoint): CellPair {
  const runsOf = ({ cells }: StudyPoint, key: FigureKey) =>
    cells.flatMap(({ state, figures }) => (state === 'done' ? (figures[key] ?? []) : []));
  return {
    name: combinationText(factors, baseline.values),
    figures: COMPARED.flatMap((key) => {
      const [before, after] = [runsOf(baseline, key), runsOf(other, key)];
      return before.length === 0 || after.length === 0 ? [] : [{ key, baseline: before, runs: after }];
    }),
  };
}

function requireSameFactors(baseline: Loaded, other: Loaded): void {
  const namesOfFactors = ({ result }: Loaded) =>
    result.factors
      .map(({ name }) => name)
      .toSorted()
      .join(', ');
  const [before, after] = [namesOfFactors(baseline), namesOfFactors(other)];
  if (before === after) return;
  const text = (names: string) => (names === '' ? 'nothing' : names);
  throw cannotCompare(
    other.path,
    `it varies ${text(after)}, and ${baseline.path} varies ${text(before)}; compare studies that vary the same`,
  );
}

/** Of the first run of a cell in both: what is varied between cells is the same there. */
async function differentSettings(
  baseline: Loaded,
  other: Loaded,
  key: string,
): Promise<readonly SettingDifference[]> {
  const [before, after] = await Promise.all([settingsOf(baseline, key), settingsOf(other, key)]);
  return settingDifferences(before, after);
}

async function settingsOf({ path, points }: Loaded, key: string): Promise<object> {
  const done = points.get(key)!.cells.find(({ state }) => state === 'done')!;
  const directory = RunDirectory.open(StudyFolder.open(path).cellPath(done.cell.id));
  const { config, version, streaming } = await readLogHeader(directory);
  return { config, version, streaming, machine: readManifest(directory)?.machine ?? {} };
}

async function load(path: string): Promise<Loaded> {
  if (!isStudy(path))
    throw cannotCompare(
      path,
      'it is a run, and the others are studies; compare runs with runs, studies with studies',
    );
  const result = await readStudy(path);
  if (result.kind === 'capacity' || result.kind === 'quick') {
    throw cannotCompare(
      path,
      `it is a ${result.kind} study, whose runs differ from time to time; compare what they came to: inferometer study show ${path}`,
    );
  }
  const done = result.points.filter(({ runs }) => runs > 0);
  return { path, result, points: new Map(done.map((point) => [keyOf(result, point), point])) };
}

/** The same for the same settings, in whatever order a study has its factors. */
function keyOf({ factors }: StudyResult, { values }: StudyPoint): string {
  const entries = factors.map(({ name }, i) => [name, values[i]] as const);
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function namesOf(study: Loaded, other: Loaded): readonly string[] {
  return [...study.points]
    .filter(([key]) => !other.points.has(key))
    .map(([, { values }]) => combinationText(study.result.factors, values));
}

function factsOf({ path, result }: Loaded): Omit<ComparedStudy, 'letter'> {
  const { kind, createdAt, points } = result;
  return { path, kind, createdAt, runs: points.reduce((sum, { runs }) => sum + runs, 0) };
}

function cannotCompare(path: string, why: string): InferometerError {
  return new InferometerError('INFEROMETER_COMPARE_STUDIES', 'input', `${path}: cannot be compared: ${why}`);
}
