const DONE = [0x5b, 0x44, 0x4f, 0x4e, 0x45, 0x5d] as const;
const SPACE = 0x20;

/** Whether the message is empty, as some servers send to keep a connection alive. */
export function isBlankMessage(bytes: Uint8Array, start: number, end: number): boolean {
  return skipBlanks(bytes, start, end) === end;
}

/** Whether the message is the terminator `[DONE]`. */
export function isDoneMessage(bytes: Uint8Array, start: number, end: number): boolean {
  const from = skipBlanks(bytes, start, end);
  const to = from + DONE.length;
  if (to > end) return false;
  for (let index = 0; index < DONE.length; index++) {
    if (bytes[from + index] !== DONE[index]) return false;
  }
  return isBlankMessage(bytes, to, end);
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position]! <= SPACE) position += 1;
  return position;
}
