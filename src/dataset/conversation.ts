import { datasetError, isPresent, isRowValues, type RowValues, shown } from './row.ts';

/** The roles of an OpenAI message by what ShareGPT files call them. */
const ROLES: Readonly<Record<string, string>> = {
  human: 'user',
  user: 'user',
  system: 'system',
  developer: 'system',
};

/** What the first human turn of a conversation asks. */
export interface FirstTurn {
  readonly prompt: string;
  /** What the system turn before it says. */
  readonly system: string | undefined;
}

/** Whether a list holds turns as ShareGPT files have them. */
export function isShareGpt(list: readonly unknown[]): boolean {
  return list.length > 0 && list.every((turn) => isRowValues(turn) && 'from' in turn && 'value' in turn);
}

/**
 * The first human turn of a conversation of `{from, value}` or `{role, content}`, with the system turn before it. Throws
 * `INFEROMETER_DATASET_INVALID` when there is none, or it is blank.
 */
export function firstTurn(conversation: unknown, name: string, place: () => string): FirstTurn {
  if (!Array.isArray(conversation)) {
    throw datasetError(`${place()}: ${name}`, `must be a list of turns (got ${shown(conversation)})`);
  }
  let system: string | undefined;
  for (const turn of conversation as readonly unknown[]) {
    if (!isRowValues(turn))
      throw datasetError(`${place()}: ${name}`, `a turn must be an object (got ${shown(turn)})`);
    const role = ROLES[String(turn.from ?? turn.role)];
    const text = textOf(turn);
    if (role === 'system') system ??= text;
    if (role !== 'user') continue;
    if (text === undefined) throw datasetError(`${place()}: ${name}`, 'the first human turn is empty');
    return { prompt: text, system };
  }
  throw datasetError(`${place()}: ${name}`, 'has no human turn');
}

function textOf({ value, content }: RowValues): string | undefined {
  const text = value ?? content;
  return typeof text === 'string' && isPresent(text) ? text : undefined;
}
