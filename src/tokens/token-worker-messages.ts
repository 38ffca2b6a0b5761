/** What a token thread is started with. */
export interface TokenWorkerData {
  readonly tokenizerPath: string;
}

/** A batch to count; `id` comes back with the counts. */
export interface TokenWorkerRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

/** `ready` or `failed` once, after the start; then `counts` for each request (NaN: that text can't be tokenized). */
export type TokenWorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: `INFEROMETER_${string}`; readonly message: string }
  | { readonly kind: 'counts'; readonly id: number; readonly counts: Float64Array };
