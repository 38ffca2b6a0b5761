import { modelsOf } from '../../config/models.ts';
import type { RunConfig } from '../../config/schema.ts';
import type { Log } from '../../core/log.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import type { ApiAdapter } from '../../protocol/adapter.ts';
import { echoText } from '../../report/verdict/request-checks.ts';
import type { BuiltRequests, Prompts } from './requests.ts';

/** Names, or messages, in a note at most. */
const SHOWN = 8;
const SHOWN_BAD_ROWS = 3;

/**
 * Tells, once, what of the datasets is not sent, what is sent although the program does not know it, and which rows were left out. Warns
 * of requests that measure something else than it seems.
 */
export function tellDataset(
  datasets: readonly Prompts[],
  { rowCount, skipped, unsentColumns, passedColumns, models, echoes }: BuiltRequests,
  { config, adapter }: { readonly config: RunConfig; readonly adapter: ApiAdapter },
  log: Log,
): void {
  const bad = [...datasets.flatMap((dataset) => dataset.skipped), ...skipped];
  if (bad.length > 0) {
    const others = bad.length > SHOWN_BAD_ROWS ? `; and ${countText(bad.length - SHOWN_BAD_ROWS)} more` : '';
    log.warning(
      `${datasets.map(({ name }) => name).join(', ')}: skipped ${countedText(bad.length, 'bad row')}, ${countText(rowCount)} left: ` +
        bad.slice(0, SHOWN_BAD_ROWS).join('; ') +
        others,
    );
  }
  if (unsentColumns.length > 0) {
    log.info(`dataset columns not sent: ${listed(unsentColumns)} (to send a field, put it into extra_body)`);
  }
  if (echoes > 0) log.warning(echoText(echoes));
  if (passedColumns.length > 0)
    log.info(`dataset columns sent as fields of the request: ${listed(passedColumns)}`);
  const planned = modelsOf(config).map(({ name }) => name);
  const others = models.filter((model) => !planned.includes(model));
  if (others.length > 0 && adapter.namesModel) {
    log.info(`rows name a model, which replaces --model ${listed(planned)}: ${listed(others)}`);
  }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => (name === '' ? '""' : name));
  return names.length > SHOWN ? `${shown.join(', ')} and ${names.length - SHOWN} more` : shown.join(', ');
}
