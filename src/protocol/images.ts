import { jsonText } from '../core/json-text.ts';
import { type ApiAdapter, type FinalOutput, type RequestOptions, type SampleInput } from './adapter.ts';
import { withoutBase64 } from './base64-fields.ts';
import { EventAccumulator, type EventReader, saysNothing, streamTruncated } from './event-stream.ts';
import { isJsonObject, type JsonObject, malformed, shown } from './json.ts';
import { refuseError, refuseReason, tokensOfUsage, UNKNOWN_TOKENS } from './openai-reply.ts';
import { missingInput } from './openai-request.ts';
import { SSE } from './sse-framing.ts';
import { checkCount, itemsRequest, listIn, NO_TEXT } from './whole-api.ts';

/** OpenAI's API for images. They are counted and not kept; of a stream, the first one is measured, which may be a partial one. */
export const IMAGES: ApiAdapter = {
  name: 'images',
  path: 'v1/images/generations',
  kind: 'images',
  streamsOnDemand: true,
  isChat: false,
  namesModel: true,
  requestBody: imagesRequest,
  choicesOf: ({ n }) => (Number.isSafeInteger(n) && (n as number) > 0 ? (n as number) : 1),
  createReader: () => ({
    framing: SSE,
    createAccumulator: () => new EventAccumulator(new ImageEvents()),
    readBody: readImages,
  }),
};

/** A row asks by `prompt`. */
function imagesRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const { prompt } = row;
  if (typeof prompt !== 'string') throw missingInput('images', row, 'a prompt');
  const stream = options.streaming ? { stream: true } : {};
  return itemsRequest({ prompt, ...stream }, ['prompt'], row, options);
}

/** A list of images, as base64 or as links, which are not followed. Throws `ResponseFormatError`. */
function readImages(buffer: Uint8Array, start: number, end: number, asked: number): FinalOutput {
  const { value, bytes } = withoutBase64(buffer, start, end, 'b64_json');
  if (isJsonObject(value)) refuseError(value);
  const list = listIn(value, ['data']);
  for (const image of list) if (!holdsImage(image)) throw noImage(image);
  checkCount(list.length, asked, 'images');
  const tokens = (isJsonObject(value) ? tokensOfUsage(value.usage) : undefined) ?? UNKNOWN_TOKENS;
  return { ...NO_TEXT, tokens, items: list.length, ...(bytes > 0 && { bytes }) };
}

function holdsImage(image: unknown): boolean {
  return isJsonObject(image) && (typeof image.b64_json === 'string' || typeof image.url === 'string');
}

function noImage(image: unknown) {
  return malformed(`an image must have b64_json or url (got ${shown(jsonText(image))})`);
}

/** `image_generation.partial_image` and `.completed`, the same of `image_edit`. Others are skipped. */
class ImageEvents implements EventReader {
  #asked = 1;
  #items = 0;
  #bytes = 0;
  #tokens = UNKNOWN_TOKENS;

  get isDone(): boolean {
    return this.#items >= this.#asked;
  }

  reset(asked: number): void {
    this.#asked = asked;
    this.#items = 0;
    this.#bytes = 0;
    this.#tokens = UNKNOWN_TOKENS;
  }

  read(buffer: Uint8Array, start: number, end: number): boolean {
    if (saysNothing(buffer, start, end)) return false;
    const { value, bytes } = withoutBase64(buffer, start, end, 'b64_json');
    if (!isJsonObject(value)) throw malformed('an event of the stream must be a JSON object');
    refuseError(value);
    const kind = kindOf(value);
    if (kind === 'other') return false;
    if (kind === 'whole') {
      if (!holdsImage(value)) throw noImage(value);
      this.#items += 1;
      this.#bytes += bytes;
      this.#tokens = tokensOfUsage(value.usage) ?? this.#tokens;
    }
    return true;
  }

  final(): FinalOutput {
    const bytes = this.#bytes > 0 ? { bytes: this.#bytes } : {};
    return { ...NO_TEXT, tokens: this.#tokens, items: this.#items, ...bytes };
  }

  incompleteness() {
    return this.isDone ? undefined : streamTruncated();
  }
}

function kindOf(event: JsonObject): 'partial' | 'whole' | 'other' {
  const type = typeof event.type === 'string' ? event.type : '';
  if (type.endsWith('.partial_image')) return 'partial';
  if (type.endsWith('.completed')) return 'whole';
  if (type === '') refuseReason(event);
  return 'other';
}
