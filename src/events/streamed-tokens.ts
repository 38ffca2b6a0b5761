import { COMPLETE_EXTRA, extraOf, type EventBatch } from './event-batch.ts';

/** What is known of a response from its chunks. */
export interface StreamedResponse {
  /** Choices that brought a chunk. */
  readonly choices: number;
  /** Reasoning was among them. */
  readonly hasReasoning: boolean;
}

/** Reasoning of completed record `index` that the server counted and did not stream. */
export function hiddenTokens(batch: EventBatch, index: number, { hasReasoning }: StreamedResponse): number {
  const reasoning = extraOf(batch, index, COMPLETE_EXTRA.reasoningTokens);
  return hasReasoning || !isTokenCount(reasoning) ? 0 : reasoning;
}

/**
 * What the time from the first chunk to the last, added up over the choices, is divided by for a time per output token: the tokens that the
 * server counted in completed record `index`, without those of the first chunks and without what was not streamed. NaN when the server did not
 * tell, or nothing is left.
 */
export function tokensBehindFirstChunk(batch: EventBatch, index: number, response: StreamedResponse): number {
  const completion = extraOf(batch, index, COMPLETE_EXTRA.completionTokens);
  if (!isTokenCount(completion)) return NaN;
  const { choices } = response;
  const first = extraOf(batch, index, COMPLETE_EXTRA.firstChunkTokens);
  // A running count has whatever was hidden before the first chunk in it.
  const tokens = isTokenCount(first)
    ? completion - first - (choices - 1)
    : completion - hiddenTokens(batch, index, response) - choices;
  return tokens > 0 ? tokens : NaN;
}

/** Whether the server told a count that can be one. */
export function isTokenCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
