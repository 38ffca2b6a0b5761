import { jsonText } from '../core/json-text.ts';
import type { ToolCall } from '../core/model-output.ts';
import type { FinalOutput, ReportedTokens } from './adapter.ts';
import { type FrameNews, type FrameReader, NO_NEWS } from './frame-reader.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject, shown } from './json.ts';
import { finishReasonIn } from './openai-choice.ts';
import { type MessageParts, textOf } from './openai-message.ts';
import { countOf, refuseError, refuseReason, UNKNOWN_TOKENS } from './openai-reply.ts';
import { wholeOutput } from './whole-output.ts';

/**
 * Reads the events of a stream by their `type`; events, blocks and deltas of unknown types are skipped. Tools that the provider runs itself
 * are no tool calls.
 */
export class AnthropicFrameReader implements FrameReader {
  /** The number of each tool call by the index of its block. */
  readonly #calls = new Map<unknown, number>();
  #usage: JsonObject = {};

  reset(): void {
    this.#calls.clear();
    this.#usage = {};
  }

  read(frame: JsonObject): FrameNews {
    switch (frame.type) {
      case 'message_start':
        return this.#start(frame);
      case 'content_block_start':
        return this.#openBlock(frame);
      case 'content_block_delta':
        return this.#readDelta(frame);
      case 'message_delta':
        return this.#readEnd(frame);
      case 'message_stop':
        return { ends: true };
      default:
        if (typeof frame.type !== 'string') refuseReason(frame);
        return NO_NEWS;
    }
  }

  /** Its count of the output is a placeholder. */
  #start({ message }: JsonObject): FrameNews {
    if (!isJsonObject(message) || !isJsonObject(message.usage)) return NO_NEWS;
    const { output_tokens: _placeholder, ...usage } = message.usage;
    return this.#takeUsage(usage);
  }

  #openBlock({ index, content_block: block }: JsonObject): FrameNews {
    if (!isJsonObject(block)) return NO_NEWS;
    const parts = partsOfBlock(block);
    const [call] = parts.toolCalls;
    if (call === undefined) return { parts };
    const number = this.#calls.size;
    this.#calls.set(index, number);
    const given = isJsonObject(block.input) && Object.keys(block.input).length > 0;
    // An input that is told at once is not told again in pieces.
    const called = given ? call.function : { name: block.name };
    return { parts: { toolCalls: [{ ...call, index: number, function: called }] } };
  }

  #readDelta({ index, delta }: JsonObject): FrameNews {
    if (!isJsonObject(delta)) return NO_NEWS;
    switch (delta.type) {
      case 'text_delta':
        return { parts: { content: textOf(delta, 'text') } };
      case 'thinking_delta':
        return { parts: { reasoning: textOf(delta, 'thinking') } };
      case 'input_json_delta': {
        const call = this.#calls.get(index);
        const text = textOf(delta, 'partial_json');
        if (call === undefined) return NO_NEWS;
        return { parts: { toolCalls: [{ index: call, function: { arguments: text } }] } };
      }
      default:
        return NO_NEWS;
    }
  }

  #readEnd({ delta, usage }: JsonObject): FrameNews {
    return {
      finishReason: finishReasonIn(isJsonObject(delta) ? delta.stop_reason : null),
      ...(isJsonObject(usage) && this.#takeUsage(usage)),
    };
  }

  /** Counts are cumulative: those that are there replace the ones before. */
  #takeUsage(usage: JsonObject): FrameNews {
    const told = Object.entries(usage).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
    return { tokens: tokensOfAnthropic(this.#usage) };
  }
}

/** A body: the message. Throws `ResponseFormatError`. */
export function readAnthropicBody(buffer: Uint8Array, start: number, end: number): FinalOutput {
  const message = parseJsonObject(buffer, start, end);
  refuseError(message);
  const { content, usage } = message;
  if (!Array.isArray(content)) {
    refuseReason(message);
    throw malformed(`the response has no list of content (got ${shown(jsonText(message))})`);
  }
  const parts = (content as readonly unknown[]).filter(isJsonObject).map(partsOfBlock);
  const tokens = isJsonObject(usage) ? tokensOfAnthropic(usage) : UNKNOWN_TOKENS;
  return wholeOutput(parts, finishReasonIn(message.stop_reason), tokens);
}

function partsOfBlock(block: JsonObject): MessageParts {
  const { type } = block;
  return {
    content: type === 'text' ? textOf(block, 'text') : '',
    reasoning: type === 'thinking' ? textOf(block, 'thinking') : '',
    refusal: '',
    toolCalls: type === 'tool_use' ? [toolCallOf(block)] : [],
  };
}

/** In the form of OpenAI's chat API. */
function toolCallOf({ id, name, input }: JsonObject): ToolCall {
  return { id: id ?? null, type: 'function', function: { name, arguments: jsonText(input ?? {}) } };
}

/** The input tokens leave out those that were read from the cache or written to it; the prompt has them all. */
function tokensOfAnthropic(usage: JsonObject): ReportedTokens {
  const { output_tokens_details: details } = usage;
  const cachedTokens = countOf(usage.cache_read_input_tokens);
  const writtenTokens = countOf(usage.cache_creation_input_tokens);
  return {
    ...UNKNOWN_TOKENS,
    promptTokens: countOf(usage.input_tokens) + (cachedTokens || 0) + (writtenTokens || 0),
    completionTokens: countOf(usage.output_tokens),
    cachedTokens,
    reasoningTokens: countOf(isJsonObject(details) ? details.thinking_tokens : undefined),
  };
}
