import { jsonText } from '../core/json-text.ts';
import type { ToolCall } from '../core/model-output.ts';
import type { FinalOutput, ReportedTokens } from './adapter.ts';
import { type FrameNews, type FrameReader } from './frame-reader.ts';
import { isJsonObject, type JsonObject, malformed, optionalObjects, parseJsonObject, shown } from './json.ts';
import { finishReasonIn } from './openai-choice.ts';
import { type MessageParts, textOf } from './openai-message.ts';
import { countOf, refuseError, refuseReason, UNKNOWN_TOKENS } from './openai-reply.ts';
import { wholeOutput } from './whole-output.ts';

/** Reads the lines of a stream of Ollama's chat or generate API. Tool calls come whole. */
export class OllamaFrameReader implements FrameReader {
  #calls = 0;

  reset(): void {
    this.#calls = 0;
  }

  read(line: JsonObject): FrameNews {
    const parts = partsOf(line);
    if (parts === undefined && line.done === undefined) refuseReason(line);
    return {
      ...(parts !== undefined && { parts: { ...parts, toolCalls: this.#numbered(parts.toolCalls) } }),
      finishReason: finishReasonIn(line.done_reason),
      tokens: tokensOf(line),
      ends: line.done === true,
    };
  }

  #numbered(calls: readonly ToolCall[]): readonly ToolCall[] {
    return calls.map((call) => ({ ...call, index: this.#calls++ }));
  }
}

/** A body: what the last line of a stream has, and all of the message. Throws `ResponseFormatError`. */
export function readOllamaBody(buffer: Uint8Array, start: number, end: number): FinalOutput {
  const reply = parseJsonObject(buffer, start, end);
  refuseError(reply);
  const parts = partsOf(reply);
  if (parts === undefined) {
    refuseReason(reply);
    throw malformed(`the response has neither message nor response (got ${shown(jsonText(reply))})`);
  }
  return wholeOutput([parts], finishReasonIn(reply.done_reason), tokensOf(reply));
}

/** What a chat says in `message`, and a generated text beside everything else. */
function partsOf(line: JsonObject): MessageParts | undefined {
  const { message, response } = line;
  if (isJsonObject(message)) {
    return {
      ...{ content: textOf(message, 'content'), reasoning: textOf(message, 'thinking'), refusal: '' },
      toolCalls: (optionalObjects(message, 'tool_calls') ?? []).map(toolCallOf),
    };
  }
  if (response === undefined) return undefined;
  return {
    ...{ content: textOf(line, 'response'), reasoning: textOf(line, 'thinking'), refusal: '' },
    toolCalls: [],
  };
}

/** In the form of OpenAI's chat API, which has the arguments as JSON text. */
function toolCallOf(call: JsonObject): ToolCall {
  const called = isJsonObject(call.function) ? call.function : {};
  const given = called.arguments ?? {};
  return {
    id: call.id ?? null,
    type: 'function',
    function: { name: called.name ?? null, arguments: typeof given === 'string' ? given : jsonText(given) },
  };
}

/** The prompt's count is left out when all of it was cached: that is not 0. */
function tokensOf(line: JsonObject): ReportedTokens {
  return {
    ...UNKNOWN_TOKENS,
    promptTokens: countOf(line.prompt_eval_count),
    completionTokens: countOf(line.eval_count),
  };
}
