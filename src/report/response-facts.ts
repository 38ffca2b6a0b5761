import { countedText, countText, numberText, percentText } from '../core/quantity-text.ts';

/** What is notable about the responses of a run: counts of tracked samples, chunks and tokens. */
export interface ResponseFacts {
  readonly succeeded: number;
  /** Of those that succeeded: without any output, whole where a stream was requested, without a finish reason. */
  readonly empty: number;
  readonly unstreamed: number;
  readonly withoutFinishReason: number;
  /** Tokens in a chunk on average, hidden reasoning left out; null where the server did not count them. */
  readonly tokensPerChunk: number | null;
  /** Share of the gaps between chunks that are 0, as both came in one read; null without gaps. */
  readonly zeroGapShare: number | null;
  /** Responses counted by the server and by the tokenizer; null without any. */
  readonly comparison: TokenComparison | null;
  /** Vectors or scores in a response on average; null where responses are text. */
  readonly itemsPerResponse: number | null;
  /** Bytes of images or sound in a response on average; null where responses hold none. */
  readonly bytesPerResponse: number | null;
  /** Audio in a response, or that it was made from, on average over those where that is known; null where it never is. */
  readonly audioNsPerResponse: number | null;
  /** Of the vectors: the fewest and the most; null where none are told. */
  readonly dimensions: readonly [least: number, most: number] | null;
}

export interface TokenComparison {
  readonly responses: number;
  readonly serverTokens: number;
  readonly tokenizerTokens: number;
  /** They differ by more than {@link USAGE_TOLERANCE}, allowing for a token that ends each response and has no text. */
  readonly isMismatch: boolean;
}

/** Counts of the server and of the tokenizer that differ by more than this share are not of the same tokens. */
export const USAGE_TOLERANCE = 0.1;
/** On average; fewer are a stray merge. */
const SEVERAL_TOKENS_PER_CHUNK = 1.2;
const MANY_ZERO_GAPS = 0.1;

/** Reads the `responses` of a snapshot's extras; what is missing reads as 0. */
export function readResponseFacts(found: Readonly<Record<string, unknown>>): ResponseFacts {
  const count = (name: string) => {
    const value = found[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : 0;
  };
  return {
    succeeded: count('succeeded'),
    empty: count('empty'),
    unstreamed: count('unstreamed'),
    withoutFinishReason: count('without_finish_reason'),
    tokensPerChunk: ratio(count('chunk_tokens'), count('counted_chunks')),
    zeroGapShare: ratio(count('zero_gaps'), count('gaps')),
    comparison: comparisonOf(
      count('compared'),
      count('compared_server_tokens'),
      count('compared_tokenizer_tokens'),
    ),
    itemsPerResponse: found.items === undefined ? null : ratio(count('items'), count('succeeded')),
    bytesPerResponse: found.bytes === undefined ? null : ratio(count('bytes'), count('succeeded')),
    audioNsPerResponse: ratio(count('audio_ns'), count('with_audio')),
    dimensions: dimensionsOf(found.dimensions),
  };
}

function dimensionsOf(found: unknown): ResponseFacts['dimensions'] {
  if (!Array.isArray(found)) return null;
  const [least, most] = found as readonly unknown[];
  return typeof least === 'number' && typeof most === 'number' ? [least, most] : null;
}

function comparisonOf(
  responses: number,
  serverTokens: number,
  tokenizerTokens: number,
): TokenComparison | null {
  if (responses === 0) return null;
  const allowed = USAGE_TOLERANCE * serverTokens + responses;
  return {
    responses,
    serverTokens,
    tokenizerTokens,
    isMismatch: Math.abs(serverTokens - tokenizerTokens) > allowed,
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** What a reader should know of the responses, beside what the verdict notes; a sentence each, none when all is as expected. */
export function responseRemarks(facts: ResponseFacts): readonly string[] {
  const { succeeded, withoutFinishReason, tokensPerChunk, zeroGapShare, comparison } = facts;
  const of = `of ${countText(succeeded)} responses`;
  return [
    ...(withoutFinishReason === 0 ? [] : [`${countText(withoutFinishReason)} ${of} have no finish reason`]),
    ...(tokensPerChunk === null || tokensPerChunk < SEVERAL_TOKENS_PER_CHUNK
      ? []
      : [
          `${numberText(tokensPerChunk)} tokens per chunk on average, so gaps between chunks are not gaps between tokens`,
        ]),
    ...(zeroGapShare === null || zeroGapShare < MANY_ZERO_GAPS
      ? []
      : [
          `${percentText(zeroGapShare)} of the chunks arrived in the same read as the chunk before (a proxy may be buffering)`,
        ]),
    ...(comparison === null || !comparison.isMismatch ? [] : [mismatchText(comparison)]),
  ];
}

function mismatchText({ responses, serverTokens, tokenizerTokens }: TokenComparison): string {
  return (
    `usage_mismatch: for ${countedText(responses, 'response')} the server reports ${countText(serverTokens)} tokens and the ` +
    `tokenizer counts ${countText(tokenizerTokens)}, a difference of more than ${percentText(USAGE_TOLERANCE)}; check --tokenizer`
  );
}

/** As in result_summary.json. */
export function responseFactsToJson(facts: ResponseFacts): Record<string, unknown> {
  const { comparison } = facts;
  return {
    empty: facts.empty,
    unstreamed: facts.unstreamed,
    without_finish_reason: facts.withoutFinishReason,
    tokens_per_chunk: facts.tokensPerChunk,
    zero_gap_share: facts.zeroGapShare,
    usage_comparison: comparison && {
      responses: comparison.responses,
      server_tokens: comparison.serverTokens,
      tokenizer_tokens: comparison.tokenizerTokens,
      usage_mismatch: comparison.isMismatch,
    },
  };
}
