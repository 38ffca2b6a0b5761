import { SILENT_LOG } from '../../core/log.ts';
import { readHistoryExtras, type RunMark } from '../../core/run-history.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import { findSteadyState, type SteadyState } from '../../report/steady-state.ts';
import { parseSteadyChoice, type SteadyChoice } from '../../rules/steady-choice.ts';
import { readSamples } from '../../runlog/samples.ts';
import type { RunDirectory } from '../run-folder/run-directory.ts';
import type { RunHeader } from '../run-folder/run-header.ts';
import { logReaderOf } from '../run-folder/run-log.ts';

/** What a run was started with; off where it was not asked. */
export function steadyChoiceOf({ config }: Pick<RunHeader, 'config'>): SteadyChoice {
  const { steady_state: text } = config;
  const choice = typeof text === 'string' ? parseSteadyChoice(text) : 'none';
  return typeof choice === 'string' ? { kind: 'off' } : choice;
}

/** The steady state of a run from its log, in bounded memory; undefined where nobody asked. Costs a pass over the log. */
export async function steadyStateOf(
  directory: RunDirectory,
  snapshot: MetricsSnapshot,
  choice: SteadyChoice,
): Promise<SteadyState | undefined> {
  if (choice.kind === 'off') return undefined;
  const { history } = readHistoryExtras(snapshot.extras);
  const marks: readonly RunMark[] = history?.marks ?? [];
  const samples = await readSamples(logReaderOf(directory, SILENT_LOG));
  try {
    return findSteadyState(samples, choice, { marks, runStartNs: history?.start_ns ?? 0 });
  } finally {
    samples.close();
  }
}
