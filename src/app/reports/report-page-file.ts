import { basename, resolve } from 'node:path';
import { writeFileAtomic } from '../../core/atomic-file.ts';
import { errorText } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText, settingText } from '../../core/quantity-text.ts';
import { readConversationLanes } from '../../core/conversation-lanes.ts';
import { readHistoryExtras } from '../../core/run-history.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { Fact } from '../../report/own-text.ts';
import type { Report } from '../../report/report.ts';
import { readManifest, type RunDirectory, type RunManifest } from '../run-folder/run-directory.ts';

/**
 * Draws and writes report.html, in about half a second, most of it for the drawings; what draws is loaded here and nowhere earlier.
 * Never throws: a page that cannot be had is a warning, the report is in report.txt.
 */
export async function writeReportPage(
  directory: RunDirectory,
  report: Report,
  snapshot: MetricsSnapshot,
  log: Log,
): Promise<void> {
  try {
    const [{ reportPage }, { chartRunOf }, { loadSvgPainter }] = await Promise.all([
      import('../../html/report-page.ts'),
      import('../../html/chart-run.ts'),
      import('../../html/svg-painter.ts'),
    ]);
    const manifest = readManifest(directory);
    const page = reportPage(
      {
        report,
        run: chartRunOf(basename(resolve(directory.path)), snapshot),
        slowestSamples: readHistoryExtras(snapshot.extras).slowestSamples,
        conversationLanes: readConversationLanes(snapshot.extras),
        environment: manifest === undefined ? [] : environmentOf(manifest),
      },
      await loadSvgPainter(),
    );
    await writeFileAtomic(directory.pagePath, page);
  } catch (error) {
    log.warning(`${directory.pagePath}: could not be drawn: ${errorText(error)}`);
  }
}

const BYTES_PER_GIB = 2 ** 30;

/** Where and by what the run was made. */
function environmentOf({
  version,
  machine,
  pids,
  started_at: startedAt,
  outcome,
}: RunManifest): readonly Fact[] {
  const { platform, cpu, cores, memory_bytes: memoryBytes, node } = machine;
  const facts: readonly (readonly [label: string, text: unknown])[] = [
    ['Inferometer', version],
    ['Node', node],
    ['System', platform],
    ['Processor', cpu],
    ['Cores', typeof cores === 'number' ? countedText(cores, 'core') : null],
    [
      'Memory',
      typeof memoryBytes === 'number'
        ? `${settingText(Math.round((memoryBytes / BYTES_PER_GIB) * 10) / 10)} GiB`
        : null,
    ],
    ['Processes', `main ${pids.main}${pids.aggregator === null ? '' : `, aggregator ${pids.aggregator}`}`],
    ['Started', startedAt],
    ['Ended', outcome.ended_at],
  ];
  return facts.flatMap(([label, text]) =>
    typeof text === 'string' && text !== '' ? [[label, text] as const] : [],
  );
}
