import type { AnswerReader, FinalOutput, ReportedTokens, RequestOptions, SampleInput } from './adapter.ts';
import type { FrameReader } from './frame-reader.ts';
import { FrameAccumulator } from './frame-stream.ts';
import type { Framing } from './framing.ts';
import { isJsonObject, type JsonObject, malformed, parseJson } from './json.ts';
import { refuseError, refuseReason, tokensOfUsage, UNKNOWN_TOKENS } from './openai-reply.ts';
import { merged, rowExtra, rowFields, withoutNulls } from './row-fields.ts';
import { SSE } from './sse-framing.ts';

/** What a response without text holds. */
export interface ItemsRead {
  readonly items: number;
  /** Of each vector; NaN for none, or where they differ. */
  readonly dimensions?: number;
}

/** Reads whole bodies of an API whose responses hold items instead of text: how many, and the tokens that were counted. */
export function itemsReader(
  readItems: (reply: unknown, asked: number) => ItemsRead,
  tokensIn: (reply: unknown) => ReportedTokens = usageIn,
): AnswerReader {
  return {
    framing: NEVER_STREAMED,
    createAccumulator: (account) => new FrameAccumulator(REFUSING, account),
    readBody: (buffer, start, end, asked) => {
      const reply = parseJson(buffer, start, end);
      if (isJsonObject(reply)) refuseError(reply);
      const { items, dimensions } = readItems(reply, asked);
      return {
        ...NO_TEXT,
        tokens: tokensIn(reply),
        items,
        ...(dimensions === undefined ? {} : { dimensions }),
      };
    },
  };
}

/** The list of a reply: itself, or that of its first field with one. Throws `ResponseFormatError` where there is none. */
export function listIn(reply: unknown, fields: readonly string[]): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  if (isJsonObject(reply)) {
    const field = fields.find((name) => Array.isArray(reply[name]));
    if (field !== undefined) return reply[field] as readonly unknown[];
    refuseReason(reply);
  }
  throw malformed(`the response has no list of ${fields.join(' or ')}`);
}

/** How many different items a list has: `index` tells them apart, whatever their order. */
export function countItems(list: readonly unknown[]): number {
  const positions = list.map((item, position) => (isJsonObject(item) ? (item.index ?? position) : position));
  return new Set(positions).size;
}

/** Throws `ResponseFormatError` for fewer items than were asked for: a rate of what was asked for would be a lie. */
export function checkCount(items: number, asked: number, what: string): void {
  if (items < asked) throw malformed(`the response has ${items} of ${asked} ${what}`);
}

/** A request of model, what is asked, the fields of the row, and what is set for every request. None streams, and none limits an output. */
export function itemsRequest(
  asked: JsonObject,
  used: readonly string[],
  row: SampleInput,
  { model, onUnsent, extra = {} }: RequestOptions,
): Record<string, unknown> {
  const all = [...used, 'model', ...NOT_SENT];
  const own = rowExtra(row);
  const named = typeof row.model === 'string' && row.model !== '' ? row.model : model;
  const fields = rowFields(row, { used: all, onUnsent });
  for (const name of NOT_SENT) if ((row[name] ?? null) !== null) onUnsent?.(name);
  const body = withoutNulls(merged({ model: named, ...asked, ...fields }, own), own);
  return { ...withoutNulls(merged(body, extra), extra) };
}

/** Columns that only mean something where text is generated. */
const NOT_SENT = [
  ...['stream', 'stream_options', 'max_tokens', 'max_completion_tokens', 'max_new_tokens'],
] as const;

/** A response without text. */
export const NO_TEXT: Omit<FinalOutput, 'tokens'> = {
  output: { output: '', reasoning: null, toolCalls: null },
  finishReason: null,
  firstChunkTokens: NaN,
  isEmpty: false,
  isReasonless: true,
};

function usageIn(reply: unknown): ReportedTokens {
  return (isJsonObject(reply) ? tokensOfUsage(reply.usage) : undefined) ?? UNKNOWN_TOKENS;
}

/** For APIs whose responses come in one piece. */
export const NEVER_STREAMED: Framing = { ...SSE, isStream: () => false };

/** A server may still say that it streams, and then send nothing. */
export const REFUSING: FrameReader = {
  reset: () => undefined,
  read: () => {
    throw malformed('the response must not be a stream');
  },
};
