import { jsonText } from '../core/json-text.ts';
import { ResponseFormatError } from './adapter.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON value in `bytes[start..end)`. Throws {@link ResponseFormatError} when there is none. */
export function parseJson(bytes: Uint8Array, start: number, end: number): unknown {
  const text = UTF8.decode(bytes.subarray(start, end));
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(`the response must be JSON (got ${shown(text)})`);
  }
}

/** The JSON object in `bytes[start..end)`. Throws {@link ResponseFormatError} when there is none. */
export function parseJsonObject(bytes: Uint8Array, start: number, end: number): JsonObject {
  const value = parseJson(bytes, start, end);
  if (isJsonObject(value)) return value;
  throw malformed(`the response must be a JSON object (got ${shown(jsonText(value))})`);
}

/** The JSON object in `bytes[start..end)`, or `undefined` when there is none. */
export function jsonObjectIn(bytes: Uint8Array, start: number, end: number): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(UTF8.decode(bytes.subarray(start, end)));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value at `name`, when it is a list of objects; null and absent are null. Throws {@link ResponseFormatError} for anything else. */
export function optionalObjects(object: JsonObject, name: string): readonly JsonObject[] | null {
  const value = object[name] ?? null;
  if (value === null || (Array.isArray(value) && value.every(isJsonObject))) return value;
  throw malformed(`${name} must be a list of objects (got ${shown(jsonText(value))})`);
}

export function malformed(message: string): ResponseFormatError {
  return new ResponseFormatError('malformed_response', message);
}

const SHOWN_CHARACTERS = 80;

/** A text on one line, cut short, for a message. */
export function shown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return 'nothing';
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
