import { columnsOf } from '../core/row-columns.ts';
import { fileBytes } from './row-file.ts';
import { datasetError, isPresent, isRowValues, type RowValues, shown } from './row.ts';

const IMAGE_COLUMNS = columnsOf('image');
const MAX_IMAGE_BYTES = 2 ** 25;

/** How files of a kind begin, where `?` stands for any character. */
const KINDS: readonly (readonly [mediaType: string, begins: string])[] = [
  ['image/png', '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', '\xff\xd8\xff'],
  ['image/gif', 'GIF8'],
  ['image/webp', 'RIFF????WEBP'],
];
/** Characters of base64 that say what the bytes are. */
const LOOK_CHARACTERS = 24;

/**
 * The row with its images as parts of the prompt, or of the last message of the user, behind the text. An image is a URL, a `data:` URL, base64, or a
 * file in the folder of the dataset, or below it, which is read.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input) for what is no image, for a file elsewhere, and for a row without a text to put it behind.
 */
export function withImages(row: RowValues, datasetPath: string, place: () => string): RowValues {
  const column = IMAGE_COLUMNS.find((name) => isPresent(row[name]));
  if (column === undefined) return row;
  const others = Object.fromEntries(Object.entries(row).filter(([name]) => !IMAGE_COLUMNS.includes(name)));
  const value = row[column];
  const at = () => `${place()}: ${column}`;
  const parts = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((image) => ({
    type: 'image_url',
    image_url: { url: urlOf(image, datasetPath, at) },
  }));
  const { prompt, messages } = row;
  if (Array.isArray(messages) && messages.length > 0) {
    const list = messages as readonly unknown[];
    const index = list.findLastIndex((message) => isRowValues(message) && message.role === 'user');
    if (index < 0) throw datasetError(at(), 'has no message of a user that it could go with');
    const message = list[index] as RowValues;
    return {
      ...others,
      messages: list.with(index, { ...message, content: [...textParts(message.content), ...parts] }),
    };
  }
  if (!isPresent(prompt)) throw datasetError(at(), 'needs a prompt or messages that it goes with');
  return { ...others, prompt: [...textParts(prompt), ...parts] };
}

/** Whether a row has an image in its prompt. */
export function asksWithImages({ prompt }: RowValues): boolean {
  return Array.isArray(prompt) && prompt.some((part) => isRowValues(part) && part.type === 'image_url');
}

function textParts(content: unknown): readonly unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : [content].flat();
}

function urlOf(image: unknown, datasetPath: string, at: () => string): string {
  if (typeof image === 'string') {
    if (/^(https?|data):/i.test(image)) return image;
    const mediaType = /^[A-Za-z0-9+/\s]+=*\s*$/.test(image) ? mediaTypeOf(lookAt(image)) : undefined;
    return mediaType === undefined
      ? dataUrlOf(fileBytes(image, datasetPath, at, MAX_IMAGE_BYTES), at)
      : `data:${mediaType};base64,${image}`;
  }
  // As Hugging Face has them in JSON.
  if (isRowValues(image)) {
    const { url, bytes, path } = image;
    const text = [url, bytes, path].find((one) => typeof one === 'string' && one !== '');
    if (text !== undefined) return urlOf(text, datasetPath, at);
  }
  throw datasetError(at(), `must be a URL, a data: URL, base64 or the path of a file (got ${shown(image)})`);
}

function lookAt(base64: string): Buffer {
  return Buffer.from(base64.slice(0, LOOK_CHARACTERS), 'base64');
}

function dataUrlOf(bytes: Uint8Array, at: () => string): string {
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) throw datasetError(at(), 'must be a PNG, JPEG, GIF or WebP image');
  return `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`;
}

function mediaTypeOf(bytes: Uint8Array): string | undefined {
  const begins = (text: string) =>
    [...text].every((character, index) => character === '?' || bytes[index] === character.charCodeAt(0));
  return KINDS.find(([, text]) => begins(text))?.[0];
}
