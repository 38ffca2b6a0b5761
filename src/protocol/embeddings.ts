import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed, shown } from './json.ts';
import { missingInput } from './openai-request.ts';
import { jsonText } from '../core/json-text.ts';
import { checkCount, countItems, type ItemsRead, itemsReader, itemsRequest, listIn } from './whole-api.ts';

const FLOAT_BYTES = 4;

/** OpenAI's embeddings API; what TEI's `/embed` and vLLM's `/pooling` respond is read too. */
export const EMBEDDINGS: ApiAdapter = {
  name: 'embeddings',
  path: 'v1/embeddings',
  kind: 'vectors',
  isWhole: true,
  isChat: false,
  namesModel: true,
  requestBody: (row, options) => embeddingsRequest('embeddings', row, options),
  choicesOf: askedVectors,
  createReader: () => itemsReader(readVectors),
};

/** A row asks by `input`, which the dataset calls the prompt: a text, or a list of texts; or by token ids. */
export function embeddingsRequest(
  api: string,
  row: SampleInput,
  options: RequestOptions,
): Record<string, unknown> {
  const { prompt, input_tokens: inputTokens, token_ids: tokenIds } = row;
  const input = inputTokens ?? tokenIds ?? prompt;
  if (typeof input !== 'string' && !Array.isArray(input)) throw missingInput(api, row, 'an input');
  return itemsRequest({ input: input as unknown }, ['prompt', 'input_tokens', 'token_ids'], row, options);
}

/** A list of numbers is one input, as token ids; any other list is an input an item. */
export function askedVectors({ input, inputs = input }: JsonObject): number {
  if (!Array.isArray(inputs) || inputs.every((item) => typeof item === 'number')) return 1;
  return Math.max(1, inputs.length);
}

/** Throws `ResponseFormatError` for fewer vectors than were asked for. */
export function readVectors(reply: unknown, asked: number): ItemsRead {
  const list = listIn(reply, ['data', 'embeddings']);
  const items = countItems(list);
  checkCount(items, asked, 'vectors');
  const sizes = new Set(list.map(dimensionsOf));
  return { items, dimensions: sizes.size === 1 ? [...sizes][0]! : NaN };
}

/** A vector is a list of numbers, or base64 of little-endian float32. One for each token, as in pooling, has no size of its own. */
function dimensionsOf(item: unknown): number {
  const vector = isJsonObject(item) ? (item.embedding ?? item.data) : item;
  if (typeof vector === 'string') return Buffer.byteLength(vector, 'base64') / FLOAT_BYTES;
  if (!Array.isArray(vector))
    throw malformed(`a vector must be a list of numbers (got ${shown(jsonText(item))})`);
  return typeof vector[0] === 'number' ? vector.length : NaN;
}
