import type { ChartRun } from '../../charts/chart.ts';
import type { ComparisonReport } from '../../compare/comparison-report.ts';
import type { Log } from '../../core/log.ts';
import { drawnSnapshot } from './judge-run.ts';
import { RunDirectory } from '../run-folder/run-directory.ts';

/**
 * The comparison of the runs at `paths`, baseline first, as one page, with the charts of those that left a final snapshot. What draws
 * is loaded here and nowhere earlier.
 */
export async function comparisonPageOf(
  report: ComparisonReport,
  paths: readonly string[],
  log: Log,
): Promise<string> {
  const [{ comparisonPage }, { chartRunOf }, { loadSvgPainter }] = await Promise.all([
    import('../../html/comparison-page.ts'),
    import('../../html/chart-run.ts'),
    import('../../html/svg-painter.ts'),
  ]);
  const letters = [report.baseline, ...report.pairs.map(({ run }) => run)].map(({ letter }) => letter);
  const runs: ChartRun[] = [];
  for (const [i, path] of paths.entries()) {
    const snapshot = await drawnSnapshot(RunDirectory.open(path), log);
    if (snapshot !== undefined) runs.push(chartRunOf(letters[i]!, snapshot));
  }
  return comparisonPage(report, runs, await loadSvgPainter());
}
