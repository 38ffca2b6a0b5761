/** What the responses of an API hold; metrics about tokens exist where it is generated text. */
export const RESPONSE_KINDS = ['text', 'vectors', 'scores', 'images', 'speech', 'transcripts'] as const;

export type ResponseKind = (typeof RESPONSE_KINDS)[number];

/** Kinds of generated text. */
export const TOKEN_KINDS: readonly ResponseKind[] = ['text', 'transcripts'];
/** Kinds of sound, or of what is made from it. */
export const SOUND_KINDS: readonly ResponseKind[] = ['speech', 'transcripts'];

/** What is counted in a response that holds items: one of them, for {@link countedText}. */
export const ITEM_NAMES: Readonly<Partial<Record<ResponseKind, string>>> = {
  vectors: 'vector',
  scores: 'pair',
  images: 'image',
};

/** Whether responses are text, so that their tokens count. */
export function hasTokens(kind: ResponseKind): boolean {
  return TOKEN_KINDS.includes(kind);
}

/** The kind in data of anyone; text when there is none, as in data of earlier versions. */
export function responseKindOf(value: unknown): ResponseKind {
  return RESPONSE_KINDS.find((kind) => kind === value) ?? 'text';
}
