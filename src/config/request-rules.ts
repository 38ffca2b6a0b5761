import { inputError } from './input-error.ts';
import type { RunConfig } from './schema.ts';

/** What the settings of requests and of the check before a run ask of each other. Throws `InferometerError` (input). */
export function checkRequests(config: RunConfig): void {
  if (config.wait_ready_ms !== undefined && config.check === 'off') {
    throw inputError('--wait-ready and --no-check contradict each other; use one of them');
  }
  if (config.api !== 'chat' && config.api !== 'completions' && config.limit_field !== undefined) {
    throw inputError(`--limit-field is only for --api chat or completions (got ${config.api})`);
  }
  for (const [name, instead] of Object.entries(NOT_EXTRA)) {
    if (name in config.extra) throw inputError(`--extra cannot set ${name}; ${instead}`);
  }
}

/** Fields of a body that other settings decide, and with them what is measured or logged. */
const NOT_EXTRA: Readonly<Record<string, string>> = {
  stream: 'use --streaming',
  model: 'use --model',
  messages: 'it comes from the dataset',
  prompt: 'it comes from the dataset',
  input_ids: 'it comes from the dataset',
  text: 'it comes from the dataset',
};
