import { decode } from '@msgpack/msgpack';
import { errorText } from '../core/errors.ts';
import { jsonText } from '../core/json-text.ts';
import type { ErrorData, PromptData, TextModelOutput } from '../core/model-output.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import { WireFormatError } from './wire-format-error.ts';

/** The `data` of an event: what it is, and itself. */
export type EventPayload =
  | { readonly type: 'TextModelOutput'; readonly data: TextModelOutput }
  | { readonly type: 'PromptData'; readonly data: PromptData }
  | { readonly type: 'ErrorData'; readonly data: ErrorData };

/**
 * Writes the `data` of a completed sample as the reference's tagged MessagePack array, all trailing defaults included.
 * @hot
 */
export function writeTextModelOutput(writer: MsgpackWriter, output: TextModelOutput): void {
  open(writer, 4, 'TextModelOutput');
  writer.value(output.output);
  writer.value(output.reasoning);
  writer.value(output.toolCalls);
}

/**
 * The same for an answer that is a text and nothing else, given as its UTF-8.
 * @hot
 */
export function writeTextOutput(writer: MsgpackWriter, utf8: Uint8Array, start: number, end: number): void {
  open(writer, 4, 'TextModelOutput');
  writer.utf8(utf8, start, end);
  writer.nil();
  writer.nil();
}

/** The same for what a sample asked. */
export function writePromptData(writer: MsgpackWriter, prompt: PromptData): void {
  open(writer, 8, 'PromptData');
  writer.value(prompt.text);
  writer.value(prompt.tokenIds);
  writer.value(prompt.messages);
  writer.value(prompt.tools);
  writer.value(prompt.chatTemplateKwargs);
  writer.value(prompt.chatTemplate);
  writer.value(prompt.toolChoice);
}

/** The same for why a sample failed. */
export function writeErrorData(writer: MsgpackWriter, error: ErrorData): void {
  open(writer, 3, 'ErrorData');
  writer.text(error.errorType);
  writer.text(error.errorMessage);
}

function open(writer: MsgpackWriter, length: number, tag: string): void {
  writer.arrayHeader(length);
  writer.text(tag);
}

/** The `data` of events as bytes of their own. Keep one encoder a thread: its scratch buffer is reused. */
export class PayloadEncoder {
  readonly #writer = new MsgpackWriter();

  textModelOutput(output: TextModelOutput): Uint8Array {
    writeTextModelOutput(this.#writer, output);
    return this.#writer.finish();
  }

  promptData(prompt: PromptData): Uint8Array {
    writePromptData(this.#writer, prompt);
    return this.#writer.finish();
  }

  errorData(error: ErrorData): Uint8Array {
    writeErrorData(this.#writer, error);
    return this.#writer.finish();
  }
}

/**
 * Reads the `data` of an event. Missing trailing elements take their defaults, surplus ones are ignored.
 * Throws {@link WireFormatError} for anything that is not one of the three tagged arrays.
 */
export function decodePayload(bytes: Uint8Array): EventPayload {
  const [tag, ...fields] = decodeArray(bytes);
  switch (tag) {
    case 'TextModelOutput':
      return { type: tag, data: textModelOutput(fields) };
    case 'PromptData':
      return { type: tag, data: promptData(fields) };
    case 'ErrorData':
      return { type: tag, data: errorData(fields) };
    default:
      throw new WireFormatError('ValidationError', `unknown type of data: ${jsonText(tag)}`);
  }
}

/** The tagged array of a payload as a JSON value, as the reference writes it to `events.jsonl`. */
export function payloadToJson(payload: EventPayload): readonly unknown[] {
  switch (payload.type) {
    case 'TextModelOutput':
      return [payload.type, payload.data.output, payload.data.reasoning, payload.data.toolCalls];
    case 'PromptData':
      return [
        payload.type,
        payload.data.text,
        payload.data.tokenIds,
        payload.data.messages,
        payload.data.tools,
        payload.data.chatTemplateKwargs,
        payload.data.chatTemplate,
        payload.data.toolChoice,
      ];
    case 'ErrorData':
      return [payload.type, payload.data.errorType, payload.data.errorMessage];
  }
}

function decodeArray(bytes: Uint8Array): readonly unknown[] {
  // Of a Buffer the parts would be Buffers, which a message shows otherwise.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  let value: unknown;
  try {
    value = decode(plain);
  } catch (error) {
    throw new WireFormatError('DecodeError', errorText(error), { cause: error });
  }
  if (!Array.isArray(value)) throw wrong('data', 'a tagged array', value);
  return value;
}

function textModelOutput(fields: readonly unknown[]): TextModelOutput {
  const [output = '', reasoning = null, toolCalls = null] = fields;
  if (!isText(output)) throw wrong('output', 'text or a list of texts', output);
  if (reasoning !== null && !isText(reasoning))
    throw wrong('reasoning', 'text, a list of texts or null', reasoning);
  if (toolCalls !== null && !isToolCalls(toolCalls)) {
    throw wrong('tool_calls', 'a list of objects, a list of lists of objects or null', toolCalls);
  }
  return { output, reasoning, toolCalls };
}

function promptData(fields: readonly unknown[]): PromptData {
  const [text = null, tokenIds = null, messages = null, tools = null] = fields;
  const [chatTemplateKwargs = null, chatTemplate = null, toolChoice = null] = fields.slice(4);
  if (text !== null && typeof text !== 'string') throw wrong('text', 'text or null', text);
  if (tokenIds !== null && !isListOf(tokenIds, isInteger))
    throw wrong('token_ids', 'whole numbers or null', tokenIds);
  if (messages !== null && !isListOf(messages, isObject))
    throw wrong('messages', 'objects or null', messages);
  if (tools !== null && !isListOf(tools, isObject)) throw wrong('tools', 'objects or null', tools);
  if (chatTemplateKwargs !== null && !isObject(chatTemplateKwargs)) {
    throw wrong('chat_template_kwargs', 'an object or null', chatTemplateKwargs);
  }
  if (chatTemplate !== null && typeof chatTemplate !== 'string') {
    throw wrong('chat_template', 'text or null', chatTemplate);
  }
  return { text, tokenIds, messages, tools, chatTemplateKwargs, chatTemplate, toolChoice };
}

function errorData(fields: readonly unknown[]): ErrorData {
  const [errorType, errorMessage = ''] = fields;
  if (typeof errorType !== 'string') throw wrong('error_type', 'text', errorType);
  if (typeof errorMessage !== 'string') throw wrong('error_message', 'text', errorMessage);
  return { errorType, errorMessage };
}

function wrong(field: string, allowed: string, found: unknown): WireFormatError {
  const shown = jsonText(found).slice(0, 80);
  return new WireFormatError('ValidationError', `${field} must be ${allowed} (got ${shown})`);
}

function isText(value: unknown): value is string | string[] {
  return typeof value === 'string' || isListOf(value, (item) => typeof item === 'string');
}

function isToolCalls(value: unknown): value is NonNullable<TextModelOutput['toolCalls']> {
  return isListOf(value, isObject) || isListOf(value, (item) => isListOf(item, isObject));
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf<T>(value: unknown, holds: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(holds);
}
