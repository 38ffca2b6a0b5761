import { compareRuns, type CompareOptions } from '../../compare/simultaneous-intervals.ts';
import type { ComparedPair, ComparedRun, ComparisonReport } from '../../compare/comparison-report.ts';
import { resampleRun, type ResampledRun } from '../../compare/resample.ts';
import { runValues } from '../../compare/run-values.ts';
import { isOtherLoad, settingDifferences } from '../../compare/setting-differences.ts';
import { InferometerError } from '../../core/errors.ts';
import { type Log, SILENT_LOG } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import { SAMPLE_OUTCOMES, type StoredSamples } from '../../events/sample-columns.ts';
import { RandomSource } from '../../core/random.ts';
import type { VerdictLevel } from '../../report/verdict.ts';
import { readSamples } from '../../runlog/samples.ts';
import { judgeRun, tellVerdict } from './judge-run.ts';
import { readManifest, RunDirectory, type RunManifest } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { logReaderOf } from '../run-folder/run-log.ts';
import { markOfFrame } from '../run-folder/run-marks.ts';
import { programVersion } from '../run-folder/version.ts';

const REPLICATES = 1000;
const SUCCEEDED = SAMPLE_OUTCOMES.indexOf('succeeded');
/** Fixed, so that the same runs always compare the same. */
const SEED = 20_261_124;

/** A run, or a part of one, with all that a comparison tells of it. */
interface Loaded {
  readonly path: string;
  readonly header: RunHeader;
  readonly manifest: RunManifest | undefined;
  readonly verdict: VerdictLevel;
  readonly samples: StoredSamples;
  /** When issuing went on after a pause. */
  readonly resumedNs: readonly number[];
  readonly isPart?: (issuedNs: number) => boolean;
}

/**
 * Compares the runs at `paths` with the first of them, from their run logs. Throws `InferometerError` (input) when there is no
 * run, or none of its measured samples ended.
 */
export async function compareRunDirectories(
  paths: readonly string[],
  options: CompareOptions,
  log: Log,
): Promise<ComparisonReport> {
  const runs: Loaded[] = [];
  try {
    for (const path of paths) runs.push(await load(path, log));
    return comparisonOf(runs, options);
  } finally {
    for (const { samples } of runs) samples.close();
  }
}

/** Compares the second half of the run at `path`, by time of issue, with the first: the same unless the run was not steady. */
export async function compareHalves(
  path: string,
  options: CompareOptions,
  log: Log,
): Promise<ComparisonReport> {
  const run = await load(path, log);
  try {
    const middleNs = middleOfIssuing(run.samples);
    return comparisonOf(
      [
        { ...run, path: `${path} (first half)`, isPart: (atNs) => atNs < middleNs },
        { ...run, path: `${path} (second half)`, isPart: (atNs) => atNs >= middleNs },
      ],
      options,
    );
  } finally {
    run.samples.close();
  }
}

function middleOfIssuing(samples: StoredSamples): number {
  let [firstNs, lastNs] = [Infinity, -Infinity];
  for (const { count, issuedNs, measured } of samples.chunks()) {
    for (let i = 0; i < count; i++) {
      if (measured[i] !== 1) continue;
      firstNs = Math.min(firstNs, issuedNs[i]!);
      lastNs = Math.max(lastNs, issuedNs[i]!);
    }
  }
  return firstNs > lastNs ? 0 : (firstNs + lastNs) / 2;
}

function comparisonOf(loaded: readonly Loaded[], options: CompareOptions): ComparisonReport {
  const random = new RandomSource(SEED);
  const runs = loaded.map((run, index) => {
    const resampled = resample(run, random);
    return { run, resampled, facts: factsOf(run, resampled, String.fromCharCode(65 + index)) };
  });
  const baseline = runs[0]!;
  refuseFailed(baseline.run);
  const pairs = runs.slice(1).map(({ run, resampled, facts }): ComparedPair => {
    const differences = settingDifferences(settingsOf(baseline.run), settingsOf(run));
    const pair = { ...options, isOtherLoad: isOtherLoad(differences) };
    return {
      run: facts,
      comparison: compareRuns(baseline.resampled, resampled, pair),
      settingDifferences: differences,
    };
  });
  return { version: programVersion(), ...options, baseline: baseline.facts, pairs };
}

function resample({ path, samples, isPart, resumedNs }: Loaded, random: RandomSource): ResampledRun {
  const values = runValues(samples, { resumedNs, ...(isPart === undefined ? {} : { isPart }) });
  if (values !== undefined) return resampleRun(values, REPLICATES, random);
  throw new InferometerError(
    'INFEROMETER_COMPARE_EMPTY',
    'input',
    `${path}: none of its ${samples.count} samples was measured and ended, so there is nothing to compare`,
  );
}

/** Against a run without a single success everything is an improvement. */
function refuseFailed({ path, samples, isPart = () => true }: Loaded): void {
  const failures = new Map<number, number>();
  let measuredCount = 0;
  for (const { count, measured, issuedNs, outcomes, errorTypes } of samples.chunks()) {
    for (let i = 0; i < count; i++) {
      if (measured[i] !== 1 || !isPart(issuedNs[i]!)) continue;
      if (outcomes[i] === SUCCEEDED) return;
      measuredCount += 1;
      failures.set(errorTypes[i]!, (failures.get(errorTypes[i]!) ?? 0) + 1);
    }
  }
  failures.delete(0);
  const [mostOften] = [...failures].sort(([, a], [, b]) => b - a);
  const error = mostOften === undefined ? '' : ` (most frequent error: ${samples.texts[mostOften[0]]})`;
  throw new InferometerError(
    'INFEROMETER_COMPARE_BASELINE',
    'input',
    `${path}: none of its ${countedText(measuredCount, 'measured sample')} succeeded${error};` +
      ' choose a baseline with successful samples',
  );
}

function factsOf({ path, header, verdict }: Loaded, resampled: ResampledRun, letter: string): ComparedRun {
  return {
    ...{ letter, path, runId: header.run_id, startedAt: header.started_at },
    sampleCount: resampled.sampleCount,
    durationS: resampled.durationS,
    blockS: resampled.blockS,
    blockCount: resampled.blockCount,
    verdict,
  };
}

/** What may explain a difference. */
function settingsOf({ header, manifest }: Loaded): object {
  const { config, version, streaming } = header;
  return { config, version, streaming, machine: manifest?.machine ?? {} };
}

async function load(path: string, log: Log): Promise<Loaded> {
  const directory = RunDirectory.open(path);
  directory.requireEvents('compare');
  const resumedNs: number[] = [];
  const { header, report } = await judgeRun(directory, 'compare', log);
  tellVerdict(path, report, log);
  const samples = await readSamples(logReaderOf(directory, SILENT_LOG), {
    onOtherFrame: (frame) => {
      const mark = markOfFrame(frame);
      if (mark?.kind === 'resume') resumedNs.push(mark.at_ns);
    },
  });
  const verdict = report.verdict.level;
  return { path, header, manifest: readManifest(directory), verdict, samples, resumedNs };
}
