import type { Log } from '../../core/log.ts';
import { countText } from '../../core/quantity-text.ts';
import { noteText } from '../../workload/notes.ts';
import { openWorkload } from '../../workload/open-workload.ts';
import { type HistoryChoice, plannedTurns } from '../../workload/planned-turns.ts';
import type { Conversations } from './requests.ts';

/** Notes on a dataset that are shown one by one. */
const SHOWN_NOTES = 8;

/** The conversations of a dataset, all turns of each. Tells what was odd in it. */
export async function openConversations(
  path: string,
  format: string | undefined,
  history: HistoryChoice,
  log: Log,
): Promise<Conversations & { readonly format: string }> {
  const workload = await openWorkload(path, format);
  log.info(`${path}: read as ${workload.format.title}`);
  return {
    name: path,
    format: workload.format.name,
    skipped: [],
    *conversations() {
      for (const conversation of workload.conversations()) yield plannedTurns(conversation, history);
      const { notes } = workload;
      for (const note of notes.slice(0, SHOWN_NOTES)) log.info(noteText(note));
      if (notes.length > SHOWN_NOTES) {
        log.info(
          `${path}: ${countText(notes.length - SHOWN_NOTES)} more notes; inferometer dataset info shows them all`,
        );
      }
    },
  };
}
