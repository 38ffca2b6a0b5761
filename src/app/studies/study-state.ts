import type { CellResult, StudyResult } from '../../studies/study-result.ts';
import { studyPoints } from '../../studies/study-result.ts';
import { missingCell, readCell } from './cell-results.ts';
import type { StudyFolder } from './study-folder.ts';
import { settled, type StudyPlan } from './study-plan.ts';
import type { StudyQuestion } from './study-question.ts';

/**
 * The cells that are done, from their folders. A plan that decides by its results may know further cells once it has these: it is asked
 * until it knows no more.
 */
export async function readCells(
  folder: StudyFolder,
  plan: StudyPlan,
): Promise<ReadonlyMap<string, CellResult>> {
  const results = new Map<string, CellResult>();
  const looked = new Set<string>();
  for (;;) {
    const unknown = plan.cells(results).filter(({ id }) => !looked.has(id));
    if (unknown.length === 0) return results;
    for (const cell of unknown) {
      looked.add(cell.id);
      const found = await readCell(folder, cell);
      if (found.state === 'done') results.set(cell.id, found);
    }
  }
}

/** A study as far as it has come. */
export function studyResultOf(
  folder: StudyFolder,
  question: StudyQuestion,
  plan: StudyPlan,
  results: ReadonlyMap<string, CellResult>,
): StudyResult {
  const known = settled(plan, results);
  const cells = plan.cells(known).map((cell) => known.get(cell.id) ?? missingCell(cell));
  const { kind, version, created_at: createdAt } = question;
  return {
    ...{ kind, version, createdAt, cells },
    name: folder.name,
    factors: plan.factors(known),
    gpus: plan.gpus,
    points: studyPoints(plan.combinations(known), cells, plan.gpus),
    conclusions: plan.conclusions(cells),
  };
}
