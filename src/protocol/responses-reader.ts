import type { FinalOutput } from './adapter.ts';
import { type FrameNews, type FrameReader, NO_NEWS } from './frame-reader.ts';
import { isJsonObject, type JsonObject, malformed, parseJsonObject, shown } from './json.ts';
import { jsonText } from '../core/json-text.ts';
import { type MessageParts, textOf } from './openai-message.ts';
import { refuseError, refuseReason, tokensOfUsage, UNKNOWN_TOKENS } from './openai-reply.ts';
import { finishOf, partsOfItems, toolCallOf } from './responses-items.ts';
import { wholeOutput } from './whole-output.ts';

type TextChannel = 'content' | 'reasoning' | 'refusal';

/** Events with a piece of text or, at their end, all of it. */
const TEXTS: Readonly<Record<string, TextChannel>> = {
  'response.output_text': 'content',
  'response.reasoning_text': 'reasoning',
  'response.reasoning_summary_text': 'reasoning',
  'response.refusal': 'refusal',
};
const ARGUMENTS: ReadonlySet<string> = new Set([
  'response.function_call_arguments',
  'response.custom_tool_call_input',
  'response.mcp_call_arguments',
]);
/** Events that end the response, and the status they give it. */
const ENDS: Readonly<Record<string, string>> = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
  'response.failed': 'failed',
  'response.cancelled': 'cancelled',
};

/**
 * Reads the events of a stream by their `type`; those of unknown types are skipped. Texts and arguments are told in pieces and then again
 * whole, which counts only where there were no pieces.
 */
export class ResponsesFrameReader implements FrameReader {
  /** Texts and calls of which something was told. */
  readonly #told = new Set<string>();
  /** The number of each tool call by the place of its item. */
  readonly #calls = new Map<unknown, number>();

  reset(): void {
    this.#told.clear();
    this.#calls.clear();
  }

  read(frame: JsonObject): FrameNews {
    const { type } = frame;
    if (typeof type !== 'string') {
      refuseReason(frame);
      return NO_NEWS;
    }
    if (Object.hasOwn(ENDS, type)) return this.#end(ENDS[type]!, frame.response);
    const dot = type.lastIndexOf('.');
    const [what, step] = [type.slice(0, dot), type.slice(dot + 1)];
    if (Object.hasOwn(TEXTS, what)) return this.#readText(TEXTS[what]!, what, step, frame);
    if (ARGUMENTS.has(what)) return this.#readArguments(step, frame);
    if (what === 'response.output_item' && isJsonObject(frame.item)) {
      return this.#readItem(step, frame, frame.item);
    }
    return NO_NEWS;
  }

  #readText(channel: TextChannel, what: string, step: string, frame: JsonObject): FrameNews {
    const { output_index: item, content_index: part, summary_index: summary } = frame;
    const place = `${what} ${String(item)} ${String(part)} ${String(summary)}`;
    const text = this.#pieceOf(place, step, frame, 'text', 'refusal');
    return text === '' ? NO_NEWS : { parts: { [channel]: text } };
  }

  #readArguments(step: string, frame: JsonObject): FrameNews {
    const { output_index: item } = frame;
    const text = this.#pieceOf(`call ${String(item)}`, step, frame, 'arguments', 'input');
    if (text === '') return NO_NEWS;
    return callNews({ index: this.#numberOf(item), function: { arguments: text } });
  }

  /** A piece is new; the whole is if no piece came before it. */
  #pieceOf(place: string, step: string, frame: JsonObject, ...wholeFields: readonly string[]): string {
    const isPiece = step === 'delta';
    if (!isPiece && (step !== 'done' || this.#told.has(place))) return '';
    const text = isPiece ? textOf(frame, 'delta') : textOf(frame, ...wholeFields);
    if (text !== '') this.#told.add(place);
    return text;
  }

  /** An item opens a tool call; a whole one may be all that is told of it. */
  #readItem(step: string, { output_index: place }: JsonObject, item: JsonObject): FrameNews {
    const call = toolCallOf(item);
    if (call === undefined) return NO_NEWS;
    const isOpen = this.#calls.has(place);
    const index = this.#numberOf(place);
    if (step !== 'done') {
      return isOpen ? NO_NEWS : callNews({ ...call, index, function: { name: item.name } });
    }
    const { arguments: given } = call.function as { readonly arguments: string };
    if (isOpen && (given === '' || this.#told.has(`call ${String(place)}`))) return NO_NEWS;
    this.#told.add(`call ${String(place)}`);
    return callNews({ ...call, index });
  }

  #numberOf(place: unknown): number {
    const number = this.#calls.get(place) ?? this.#calls.size;
    this.#calls.set(place, number);
    return number;
  }

  #end(status: string, response: unknown): FrameNews {
    const told = isJsonObject(response) ? response : {};
    return {
      finishReason: finishOf(status, told),
      tokens: tokensOfUsage(told.usage),
      ends: true,
      ...(this.#told.size === 0 && this.#calls.size === 0 && { parts: this.#wholeParts(told) }),
    };
  }

  /** Of a server that tells everything in the last event. */
  #wholeParts({ output }: JsonObject): MessageParts {
    const parts = partsOfItems(Array.isArray(output) ? output : []);
    return { ...parts, toolCalls: parts.toolCalls.map((call, index) => ({ ...call, index })) };
  }
}

/** A body: the response object. Throws `ResponseFormatError`. */
export function readResponsesBody(buffer: Uint8Array, start: number, end: number): FinalOutput {
  const response = parseJsonObject(buffer, start, end);
  refuseError(response);
  const { output, status } = response;
  // Some servers leave the status out.
  const finishReason = status === undefined && Array.isArray(output) ? null : finishOf(status, response);
  if (!Array.isArray(output)) {
    throw malformed(`the response has no output (got ${shown(jsonText(response))})`);
  }
  return wholeOutput([partsOfItems(output)], finishReason, tokensOfUsage(response.usage) ?? UNKNOWN_TOKENS);
}

function callNews(call: JsonObject): FrameNews {
  return { parts: { toolCalls: [call] } };
}
