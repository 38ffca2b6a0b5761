import type { RequestOptions, SampleInput } from './adapter.ts';
import { askedCalls, askedChat, contentParts, contentText, dataUrl, imageUrl } from './chat-row.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { nativeRequest, type RequestShape } from './native-request.ts';
import { missingInput } from './openai-request.ts';

/** Columns that Ollama takes in its `options`; all others stand beside them. */
const OPTION_COLUMNS: ReadonlySet<string> = new Set([
  ...['temperature', 'top_p', 'top_k', 'min_p', 'seed', 'stop', 'typical_p', 'tfs_z'],
  ...['repeat_penalty', 'repeat_last_n', 'presence_penalty', 'frequency_penalty'],
  ...['mirostat', 'mirostat_eta', 'mirostat_tau', 'penalize_newline'],
  ...['num_predict', 'num_ctx', 'num_keep', 'num_batch', 'num_gpu', 'main_gpu', 'num_thread'],
]);

const SHAPE = {
  limitField: 'num_predict',
  namesModel: true,
  tellsStream: true,
  nested: { name: 'options', columns: OPTION_COLUMNS },
  adapted: { response_format: formatFields },
} as const satisfies Partial<RequestShape>;

/**
 * The body of a request to Ollama's chat API. A row asks by `messages`, else by `prompt` after an optional `system`. Messages and
 * `response_format` are taken as OpenAI's chat API writes them; what already has Ollama's form stays as it is.
 */
export function ollamaChatRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { messages, used } = askedChat('ollama', row);
  return nativeRequest({ ...SHAPE, asked: { messages: messages.map(messageOf) }, used }, row, options);
}

/** The same for its generate API, which takes a prompt and an optional `system`. */
export function ollamaGenerateRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt, system } = row;
  if (typeof prompt !== 'string') throw missingInput('ollama-generate', row, 'a prompt');
  const asked = typeof system === 'string' && system !== '' ? { prompt, system } : { prompt };
  return nativeRequest({ ...SHAPE, asked, used: ['prompt', 'system'] }, row, options);
}

function messageOf(message: JsonObject): JsonObject {
  const { content, tool_call_id: _id, tool_calls: _calls, ...rest } = message;
  const images = contentParts(content)
    .map(imageUrl)
    .filter((url) => url !== undefined);
  const calls = askedCalls(message).map(({ name, value }) => ({ function: { name, arguments: value } }));
  return {
    ...rest,
    content: contentText(content),
    ...(images.length > 0 && { images: images.map((url) => dataUrl(url)?.base64 ?? url) }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function formatFields(format: unknown): JsonObject {
  if (!isJsonObject(format)) return { format };
  if (isJsonObject(format.json_schema)) return { format: format.json_schema.schema };
  return format.type === 'json_object' ? { format: 'json' } : {};
}
