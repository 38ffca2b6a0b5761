import type { TextModelOutput } from '../core/model-output.ts';
import type { ApiAdapter } from './adapter.ts';
import { assistantMessage, type ReasoningHistory } from './assistant-message.ts';

/** Where an API's requests have what was said so far, for histories that grow with its responses. */
export interface HistoryShape {
  /** The field with the list of messages. */
  readonly field: string;
  /** Messages are sent as they are; else as the API's own. */
  readonly isVerbatim?: boolean;
  /** System messages are taken out of the list, so each request needs them again. */
  readonly liftsSystem?: boolean;
}

/** Asked of an adapter for messages alone. */
const MESSAGES_ONLY = { model: '', streaming: false, includeUsage: false } as const;
/** Stands for the messages of a request. */
const MARK = '\u0001 messages \u0001';

/** Messages as the API has them: JSON with commas between, to go into the list of {@link HistoryShape.field}. */
export function historyItems(adapter: ApiAdapter, messages: readonly unknown[]): string {
  const { history } = adapter;
  const items =
    history?.isVerbatim === true
      ? messages
      : itemsOf(adapter.requestBody({ messages }, MESSAGES_ONLY)[history!.field]);
  return items.map((item) => JSON.stringify(item)).join(',');
}

/** A response as an item of the history. */
export function responseItem(
  adapter: ApiAdapter,
  output: TextModelOutput,
  reasoning: ReasoningHistory,
): string {
  return historyItems(adapter, [assistantMessage(output, reasoning)]);
}

/** What stands before and behind the messages of a request; undefined for one without a list of them. */
export function aroundHistory(
  body: Readonly<Record<string, unknown>>,
  { field }: HistoryShape,
): { readonly open: string; readonly tail: string } | undefined {
  if (!Array.isArray(body[field])) return undefined;
  const [open, tail, ...rest] = JSON.stringify({ ...body, [field]: [MARK] }).split(JSON.stringify(MARK));
  return open === undefined || tail === undefined || rest.length > 0 ? undefined : { open, tail };
}

function itemsOf(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? (list as readonly unknown[]) : [list];
}
