import type { Log } from '../core/log.ts';
import { countedText } from '../core/quantity-text.ts';
import { exportEventsJsonl } from '../runlog/export-jsonl.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunHeader } from './run-header.ts';

/**
 * Writes events.jsonl from the log of a run that just ended. What is damaged in the log is left out with a warning that says how
 * much that is: the report stands on what the aggregator was told, not on this file.
 */
export async function exportEvents(
  { logPath, eventsPath }: RunDirectory,
  { run_id: runId, origin_ns: originNs }: RunHeader,
  log: Log,
): Promise<void> {
  const { missingFrames, ended } = await exportEventsJsonl(logPath, eventsPath, {
    header: { runId, originNs: BigInt(originNs) },
    onCorrupt: (error) => log.warning(`${error.message}; going on behind it`),
  });
  if (missingFrames > 0)
    log.warning(
      `${eventsPath}: ${countedText(missingFrames, 'frame')} of the run log could not be read; their events are missing`,
    );
  if (!ended)
    log.warning(`${eventsPath}: the run log breaks off before the run's end; the last events are missing`);
}
