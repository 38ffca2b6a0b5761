import type { ComparedRun, ComparisonReport } from './comparison-report.ts';

/** A comparison for machines: names with units, shares as numbers (0.05 is 5 %). */
export function comparisonJson({ version, margin, confidence, baseline, pairs }: ComparisonReport): string {
  const document = {
    format: 1,
    version,
    margin,
    confidence,
    baseline: runJson(baseline),
    comparisons: pairs.map(({ run, comparison, settingDifferences }) => ({
      run: runJson(run),
      judgement: comparison.judgement,
      too_short: comparison.tooShort,
      metrics: Object.fromEntries(comparison.differences.map(({ key, ...difference }) => [key, difference])),
      settings: settingDifferences.map(({ path, baseline: before, value }) => ({
        path,
        baseline: before ?? null,
        value: value ?? null,
      })),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function runJson(run: ComparedRun) {
  return {
    letter: run.letter,
    path: run.path,
    run_id: run.runId,
    started_at: run.startedAt,
    samples: run.sampleCount,
    duration_s: run.durationS,
    block_s: run.blockS,
    blocks: run.blockCount,
    verdict: run.verdict ?? null,
  };
}
