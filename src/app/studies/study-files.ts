import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { studyToJson } from '../../studies/study-json.ts';
import type { StudyResult } from '../../studies/study-result.ts';
import type { StudyFolder } from './study-folder.ts';

/** Writes study.json as the study stands. `digest`: of what is measured, to tell later whether study.yaml was changed. */
export async function writeStudyFiles(
  folder: StudyFolder,
  result: StudyResult,
  digest: string,
): Promise<void> {
  await writeFileAtomic(
    folder.resultPath,
    `${JSON.stringify({ ...studyToJson(result), digest }, null, 2)}\n`,
  );
}

/** Draws study.html; what draws is loaded here and nowhere earlier. Never throws: a page that cannot be had is a warning. */
export async function writeStudyPage(folder: StudyFolder, result: StudyResult, log: Log): Promise<void> {
  try {
    const [{ studyPage }, { loadSvgPainter }] = await Promise.all([
      import('../../html/study-page.ts'),
      import('../../html/svg-painter.ts'),
    ]);
    await writeFileAtomic(folder.pagePathOf(result.kind), studyPage(result, await loadSvgPainter()));
  } catch (error) {
    log.warning(`${folder.pagePathOf(result.kind)}: could not be drawn: ${errorText(error)}`);
  }
}
