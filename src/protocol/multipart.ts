import { AudioFile } from '../core/audio-file.ts';
import { InferometerError } from '../core/errors.ts';
import { jsonText } from '../core/json-text.ts';

/** The same in all requests, as their heads are. 128 bits, which no file has by chance. */
const BOUNDARY = 'inferometer-5f1c9a7e02b84d36a1e05c7f93d2486b';

export const MULTIPART_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/**
 * Fields as `multipart/form-data` (RFC 7578): files as such, a list as a field for each of its items, anything else as text.
 * Throws `INFEROMETER_PROTOCOL_ROW` (input) for a field with the boundary in it.
 */
export function multipartBody(fields: Readonly<Record<string, unknown>>): Uint8Array {
  const parts = Object.entries(fields).flatMap(([name, value]) =>
    Array.isArray(value)
      ? (value as readonly unknown[]).flatMap((item) => partOf(`${name}[]`, item))
      : partOf(name, value),
  );
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

function partOf(name: string, value: unknown): readonly Uint8Array[] {
  const isFile = value instanceof AudioFile;
  const content = isFile ? value.bytes : Buffer.from(typeof value === 'string' ? value : jsonText(value));
  const file = isFile ? `; filename="${escaped(value.name)}"\r\nContent-Type: application/octet-stream` : '';
  const head = `Content-Disposition: form-data; name="${escaped(name)}"${file}\r\n\r\n`;
  if (Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(BOUNDARY)) {
    throw new InferometerError(
      'INFEROMETER_PROTOCOL_ROW',
      'input',
      `${name} must not have the text ${BOUNDARY} in it, which separates the parts of a request`,
    );
  }
  return [Buffer.from(`--${BOUNDARY}\r\n${head}`), content, Buffer.from('\r\n')];
}

/** As browsers do it. */
function escaped(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
