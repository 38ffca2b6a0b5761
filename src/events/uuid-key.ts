/** Letters of a uuid that has a key. */
export const UUID_KEY_BYTES = 32;
/** 32-bit words of a key. */
export const UUID_KEY_WORDS = 8;

const NOT_ASCII = 0x8080_8080;

/** A uuid of 32 ASCII letters as eight words of four letters each; others have no key. */
export type UuidKey = Int32Array;

/** Reads the key of the 32 bytes at `at`; false when they are not all ASCII. @hot */
export function readUuidKey(view: DataView, at: number, key: UuidKey): boolean {
  let all = 0;
  for (let word = 0; word < UUID_KEY_WORDS; word++) {
    const letters = view.getInt32(at + 4 * word);
    key[word] = letters;
    all |= letters;
  }
  return (all & NOT_ASCII) === 0;
}

/** Makes the key of a uuid; false when it is not 32 ASCII letters. */
export function uuidKeyOf(uuid: string, key: UuidKey): boolean {
  if (uuid.length !== UUID_KEY_BYTES) return false;
  key.fill(0);
  let all = 0;
  for (let i = 0; i < UUID_KEY_BYTES; i++) {
    const letter = uuid.charCodeAt(i);
    all |= letter;
    key[i >> 2]! |= letter << (8 * (3 - (i & 3)));
  }
  return all < 0x80;
}

/** The uuid of a key. */
export function uuidOfKey(key: UuidKey): string {
  let uuid = '';
  for (const word of key) {
    uuid += String.fromCharCode(word >>> 24, (word >> 16) & 0xff, (word >> 8) & 0xff, word & 0xff);
  }
  return uuid;
}
