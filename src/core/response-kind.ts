/** What the responses of an API hold; metrics about text exist for text only. */
export const RESPONSE_KINDS = ['text', 'vectors', 'scores'] as const;

export type ResponseKind = (typeof RESPONSE_KINDS)[number];

/** What is counted in a response that holds no text: one of them, for {@link countedText}. */
export const ITEM_NAMES: Readonly<Record<Exclude<ResponseKind, 'text'>, string>> = {
  vectors: 'vector',
  scores: 'pair',
};

/** The kind in data of anyone; text when there is none, as in data of earlier versions. */
export function responseKindOf(value: unknown): ResponseKind {
  return RESPONSE_KINDS.find((kind) => kind === value) ?? 'text';
}
