const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

/** The fields of a body of multipart/form-data: texts, and the bytes of a file as text of a character each. Undefined for no such body. */
export function multipartFields(body: Buffer): Record<string, string> | undefined {
  const text = body.toString('latin1');
  const boundary = text.slice(0, text.indexOf(LINE_END));
  if (!boundary.startsWith('--') || !text.endsWith(`${LINE_END}${boundary}--${LINE_END}`)) return undefined;
  const parts = text.slice(boundary.length).split(LINE_END + boundary);
  return Object.fromEntries(parts.slice(0, -1).map(fieldOf));
}

function fieldOf(part: string): readonly [name: string, value: string] {
  const [head, ...rest] = part.split(HEAD_END);
  const name = /name="([^"]*)"/.exec(head!)?.[1] ?? '';
  const bytes = rest.join(HEAD_END);
  return [name, head!.includes('filename=') ? bytes : Buffer.from(bytes, 'latin1').toString()];
}
