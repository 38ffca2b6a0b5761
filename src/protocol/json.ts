import { jsonText } from '../core/json-text.ts';
import { ResponseFormatError } from './adapter.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object in `bytes[start..end)`. Throws {@link ResponseFormatError} when there is none. */
export function parseJsonObject(bytes: Uint8Array, start: number, end: number): JsonObject {
  const text = UTF8.decode(bytes.subarray(start, end));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(`found ${shown(text)}, wanted a JSON object`);
  }
  if (!isJsonObject(value)) throw malformed(`found ${shown(text)}, wanted a JSON object`);
  return value;
}

/** The value at `name`, when it is text; null and absent are null. Throws {@link ResponseFormatError} for anything else. */
export function optionalText(object: JsonObject, name: string): string | null {
  const value = object[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw malformed(`${name}: found ${shown(jsonText(value))}, wanted text`);
}

/** The value at `name`, when it is a list of objects; null and absent are null. Throws {@link ResponseFormatError} for anything else. */
export function optionalObjects(object: JsonObject, name: string): readonly JsonObject[] | null {
  const value = object[name] ?? null;
  if (value === null || (Array.isArray(value) && value.every(isJsonObject))) return value;
  throw malformed(`${name}: found ${shown(jsonText(value))}, wanted a list of objects`);
}

export function malformed(message: string): ResponseFormatError {
  return new ResponseFormatError('malformed_response', message);
}

const SHOWN_CHARACTERS = 80;

function shown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return 'nothing';
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
