/** Slashes with names behind them; `~` only as `~0` or `~1`. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const POSITION = /^(?:0|[1-9]\d*)$/;

/** Whether a text is a JSON pointer (RFC 6901), the empty one included. */
export function isJsonPointer(text: string): boolean {
  return POINTER.test(text);
}

/** The value that a JSON pointer leads to; `undefined` when there is none. Fields that every object inherits are none. */
export function valueAt(root: unknown, pointer: string): unknown {
  if (pointer === '') return root;
  let value = root;
  for (const part of pointer.slice(1).split('/')) {
    const name = part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part;
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value) ? !POSITION.test(name) : !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
