import { jsonText } from '../core/json-text.ts';
import { type ReportedTokens, ResponseFormatError } from './adapter.ts';
import { chunkOf, type ChunkCode } from './chunk-code.ts';
import { CONTENT_CHUNK, REASONING_CHUNK, REFUSAL_CHUNK, TOOL_CHUNK } from './chunk-code.ts';
import { isJsonObject, type JsonObject, malformed, shown } from './json.ts';
import type { MessageParts } from './openai-message.ts';
import { errorMessage, refuseErrorField, serverError, tokensOfUsage } from './openai-reply.ts';

/** Reads what a choice of a frame or body says; the APIs differ in it. Throws `ResponseFormatError` for one of another shape. */
export type PartsReader = (choice: JsonObject) => MessageParts;

/** One choice of a frame or body. */
export interface Choice {
  /** As the server numbers it. */
  readonly index: number;
  readonly parts: MessageParts;
  readonly finishReason: string | null;
  /** A few servers report usage inside the choice. */
  readonly tokens: ReportedTokens | undefined;
}

/** By these a server says that it gave the request up. */
const ABORTED: ReadonlySet<string> = new Set(['abort', 'aborted', 'cancelled', 'canceled']);
/** `network_error`, `internal_server_error`; the last is DeepSeek's. Finish reasons in capitals are the same. */
const FAILED = /(?:^|_)(?:error|failed|failure)$|^insufficient_system_resource$/;

/**
 * The choices of a frame or body; none when it has no list of them. Throws `ResponseFormatError` for another shape, and for a finish
 * reason that reports a failure.
 */
export function choicesOf(reply: JsonObject, readParts: PartsReader): readonly Choice[] {
  const choices = reply.choices ?? [];
  if (!Array.isArray(choices)) throw malformed(`choices must be a list (got ${shown(jsonText(choices))})`);
  return (choices as readonly unknown[]).map((choice, position) => {
    if (!isJsonObject(choice)) {
      throw malformed(`choices[${position}] must be an object (got ${shown(jsonText(choice))})`);
    }
    refuseChoiceError(choice);
    const { index } = choice;
    return {
      index: typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : position,
      parts: readParts(choice),
      finishReason: finishReasonIn(choice.finish_reason),
      tokens: tokensOfUsage(choice.usage),
    };
  });
}

/** Which channels the parts add to, as bits. A tool call counts when it opens or brings arguments. */
export function channelsOf({ content, reasoning, refusal, toolCalls }: MessageParts): number {
  return (
    (content === '' ? 0 : CONTENT_CHUNK) |
    (reasoning === '' ? 0 : REASONING_CHUNK) |
    (refusal === '' ? 0 : REFUSAL_CHUNK) |
    (toolCalls.some(bringsSomething) ? TOOL_CHUNK : 0)
  );
}

export function chunkOfChoice(choice: number, parts: MessageParts): ChunkCode {
  return chunkOf(choice, channelsOf(parts));
}

function bringsSomething(call: JsonObject): boolean {
  const { function: called, custom } = call;
  if (call.id) return true;
  if (isJsonObject(custom) && Boolean(custom.name || custom.input)) return true;
  return isJsonObject(called) && Boolean(called.name || called.arguments);
}

/**
 * The finish reason that a server tells: a text, or an object that has it as its type. Empty is none. Throws `ResponseFormatError` when it
 * reports that the server gave up or failed.
 */
export function finishReasonIn(told: unknown): string | null {
  const reason = told ?? null;
  if (reason === null || reason === '') return null;
  if (typeof reason === 'string') {
    if (ABORTED.has(reason.toLowerCase())) {
      throw new ResponseFormatError('aborted', `the server ended the response with finish reason ${reason}`);
    }
    if (FAILED.test(reason.toLowerCase())) {
      throw serverError(`the server ended the response with finish reason ${reason}`);
    }
    return reason;
  }
  if (!isJsonObject(reason) || typeof reason.type !== 'string') {
    throw malformed(`finish_reason must be text (got ${shown(jsonText(reason))})`);
  }
  const type = reason.type.toLowerCase();
  if (ABORTED.has(type) || FAILED.test(type)) throw serverError(errorMessage(reason));
  return reason.type;
}

/** A choice reports a failure of its own, beside what it says or in it. */
function refuseChoiceError(choice: JsonObject): void {
  refuseErrorField(choice);
  if (isJsonObject(choice.delta)) refuseErrorField(choice.delta);
  if (isJsonObject(choice.message)) refuseErrorField(choice.message);
}
