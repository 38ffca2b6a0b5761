import { CONCURRENCY, isWithin, MAX_NOTE_LENGTH, RATE_PER_SECOND } from '../core/load-ranges.ts';
import type { ControlState, RunControls } from '../live/run-controls.ts';

/** What a page may ask of a run, each a POST to /api/control/. */
export const CONTROL_ACTIONS = ['pause', 'resume', 'rate', 'concurrency', 'note', 'stop'] as const;
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

/** `refused`: the run cannot do that at the moment; `absent`: there is no run. */
export type ControlOutcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'malformed'; readonly wanted: string };

/** Steers the run under way, which may be in another process. Rejects when that process is gone. */
export interface ControlDesk {
  /** Null without a run. */
  state(): Promise<ControlState | null>;
  /** `body` as {@link applyControl} takes it. */
  apply(action: ControlAction, body: string): Promise<ControlOutcome>;
}

/** Does what a request asks, whose body is JSON: `{"value": 50}` for rate and concurrency, `{"text": "…"}` for a note. */
export function applyControl(
  controls: RunControls | undefined,
  action: ControlAction,
  body: string,
): ControlOutcome {
  if (controls === undefined) return { outcome: 'absent' };
  const { value, text } = fieldsOf(body);
  switch (action) {
    case 'pause':
      return outcomeOf(controls.pause());
    case 'resume':
      return outcomeOf(controls.resume());
    case 'stop':
      return outcomeOf(controls.stop());
    case 'rate':
      return isWithin(RATE_PER_SECOND, value)
        ? outcomeOf(controls.setRate(value))
        : { outcome: 'malformed', wanted: `the body must be {"value": ${RATE_PER_SECOND.allowed}}` };
    case 'concurrency':
      return isWithin(CONCURRENCY, value)
        ? outcomeOf(controls.setConcurrency(value))
        : { outcome: 'malformed', wanted: `the body must be {"value": ${CONCURRENCY.allowed}}` };
    case 'note':
      return typeof text === 'string' && text.trim() !== '' && text.length <= MAX_NOTE_LENGTH
        ? outcomeOf(controls.note(text.trim()))
        : { outcome: 'malformed', wanted: `the body must be {"text": up to ${MAX_NOTE_LENGTH} characters}` };
  }
}

function outcomeOf(isDone: boolean): ControlOutcome {
  return { outcome: isDone ? 'done' : 'refused' };
}

function fieldsOf(body: string): { readonly value?: unknown; readonly text?: unknown } {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
