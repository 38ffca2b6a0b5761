import type { Log } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import { decodeBatch } from '../../events/columnar-codec.ts';
import { FRAME_HEADER_BYTES, FrameKind } from '../../transport/frame.ts';
import { visitTexts } from '../fold/payload-texts.ts';
import { EscapeFinder, MOST_ESCAPE_BYTES, UnescapedText } from './unescaped-text.ts';

/**
 * Bytes of a secret that give it away: so much of it is masked, also where a message was cut in the middle of it. A secret that is shorter
 * as a whole (`x`, `EMPTY`, as local servers take it) would be found by chance in numbers and in any text: it is masked in messages of
 * failures only, as a word.
 */
export const TELLING_BYTES = 8;
/** What is shorter still is not masked at all. */
export const SHORTEST_MASKED_BYTES = 3;
const MASK = '*'.charCodeAt(0);
/** Position of the message in `["ErrorData", type, message]`. */
const ERROR_MESSAGE_PATH = '2';
/** Where an `events` frame says how many bytes its notes have. */
const NOTES_LENGTH_AT = FRAME_HEADER_BYTES + 16;
const ERROR_TAG = Buffer.from('ErrorData');

/**
 * Overwrites secrets that a server sent back with stars, wherever they would be recorded: as they are, escaped as in JSON or a URL, or in
 * parts that came one after the other. The length stays, so the layout of what holds them does too.
 *
 * A search for each secret over all bytes (about 1 GB/s), and a closer look where escapes stand and where parts meet.
 */
export class SecretMask {
  readonly #secrets: readonly Buffer[];
  readonly #shortSecrets: readonly Buffer[];
  /** Farthest that a secret reaches from one of its bytes. */
  readonly #reach: number;
  readonly #text = new UnescapedText();

  constructor(secrets: readonly string[]) {
    const all = secrets.map((secret) => Buffer.from(secret, 'utf8'));
    this.#secrets = all.filter((secret) => secret.length >= TELLING_BYTES);
    this.#shortSecrets = all.filter(
      ({ length }) => length < TELLING_BYTES && length >= SHORTEST_MASKED_BYTES,
    );
    this.#reach = MOST_ESCAPE_BYTES * Math.max(0, ...this.#secrets.map(({ length }) => length));
  }

  /** Masks an unsealed frame. */
  apply(kind: FrameKind, frame: Uint8Array): void {
    if (this.#secrets.length + this.#shortSecrets.length === 0) return;
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    // What looks farthest comes first: it must not find a secret half masked.
    if (kind === FrameKind.events) this.#maskPayloads(bytes);
    else if (kind !== FrameKind.windows) this.#maskEscaped(bytes, FRAME_HEADER_BYTES, bytes.length);
    this.#maskPlain(bytes);
  }

  /** The message of a failure, masked. */
  message(text: string): string {
    const bytes = Buffer.from(text);
    this.#maskEscaped(bytes, 0, bytes.length);
    this.#maskPlain(bytes);
    this.#maskWords(bytes, 0, bytes.length);
    return bytes.toString();
  }

  #maskPlain(bytes: Buffer): void {
    for (const secret of this.#secrets) {
      eachPlace(bytes, secret, (start, end) => bytes.fill(MASK, start, end));
    }
  }

  #maskPayloads(bytes: Buffer): void {
    const { payload, payloadEnds } = decodeBatch(bytes.subarray(FRAME_HEADER_BYTES));
    // The payload may be a copy; where it stands in the frame its layout tells (`columnar-codec.ts`).
    const payloadAt = bytes.length - payload.length - bytes.readUInt32LE(NOTES_LENGTH_AT);
    let start = payloadAt;
    for (const payloadEnd of payloadEnds) {
      const end = payloadAt + payloadEnd;
      if (end > start) this.#maskPayload(bytes, start, end);
      start = end;
    }
    this.#maskEscaped(bytes, payloadAt, bytes.length);
  }

  #maskPayload(bytes: Buffer, start: number, end: number): void {
    let isError = false;
    const pathsSeen = new Map<string, number>();
    visitTexts(bytes, start, end, (path, from, to) => {
      if (path === '0') isError = bytes.subarray(from, to).equals(ERROR_TAG);
      else pathsSeen.set(path, (pathsSeen.get(path) ?? 0) + 1);
      if (isError && path === ERROR_MESSAGE_PATH) this.#maskWords(bytes, from, to);
    });
    for (const [path, count] of pathsSeen) if (count > 1) this.#maskParts(bytes, start, end, path);
  }

  /** Masks what stands across the parts of a text. */
  #maskParts(bytes: Buffer, start: number, end: number, wanted: string): void {
    if (this.#reach === 0) return;
    this.#text.clear();
    visitTexts(bytes, start, end, (path, from, to) => {
      if (path !== wanted) return;
      if (to - from <= 2 * this.#reach) this.#text.add(bytes, from, to);
      else {
        // What stands within one part has been masked.
        this.#text.add(bytes, from, from + this.#reach);
        this.#text.break();
        this.#text.add(bytes, to - this.#reach, to);
      }
    });
    this.#maskText(bytes);
  }

  /** Masks what is escaped between `start` and `end`: looks around each escape. */
  #maskEscaped(bytes: Buffer, start: number, end: number): void {
    if (this.#reach === 0) return;
    const escapes = new EscapeFinder(bytes.subarray(0, end));
    let from = start;
    for (let escape = escapes.next(start); escape < end;) {
      from = Math.max(from, escape - this.#reach);
      let to = escape + this.#reach;
      while ((escape = escapes.next(escape + 1)) <= to) to = escape + this.#reach;
      this.#text.clear();
      this.#text.add(bytes, from, Math.min(end, to));
      this.#maskText(bytes);
      from = Math.min(end, to);
    }
  }

  /** Masks the secrets of the collected text where they come from. */
  #maskText(bytes: Buffer): void {
    const text = this.#text.unescape();
    for (const secret of this.#secrets) {
      eachPlace(text, secret, (start, end) => this.#text.fill(bytes, start, end, MASK));
    }
  }

  /** Masks short secrets that stand as words between `start` and `end`. */
  #maskWords(bytes: Buffer, start: number, end: number): void {
    if (this.#shortSecrets.length === 0) return;
    this.#text.clear();
    this.#text.add(bytes, start, end);
    const text = this.#text.unescape();
    for (const secret of this.#shortSecrets) {
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
        const isWord = !isWordByte(text[at - 1]) && !isWordByte(text[at + secret.length]);
        if (isWord) this.#text.fill(bytes, at, at + secret.length, MASK);
      }
    }
  }
}

/** Calls with each place of a secret, as far as it goes on from its telling start. */
function eachPlace(bytes: Buffer, secret: Buffer, call: (start: number, end: number) => void): void {
  const telling = secret.subarray(0, TELLING_BYTES);
  for (let at = bytes.indexOf(telling); at >= 0; at = bytes.indexOf(telling, at)) {
    let end = at + telling.length;
    while (end - at < secret.length && bytes[end] === secret[end - at]) end += 1;
    call(at, end);
    at = end;
  }
}

function isWordByte(byte: number | undefined): boolean {
  return byte !== undefined && /[\w-]/.test(String.fromCharCode(byte));
}

/** Says which secrets are too short to be masked everywhere. */
export function warnOfShortSecrets(secrets: readonly { where: string; text: string }[], log: Log): void {
  for (const { where, text } of secrets) {
    const bytes = Buffer.byteLength(text);
    if (bytes >= TELLING_BYTES) continue;
    const masked = bytes < SHORTEST_MASKED_BYTES ? 'not masked' : 'masked in error messages only';
    log.warning(
      `${where}: a value of ${countedText(bytes, 'byte')} can't be told from ordinary text. If a server repeats it, it is ${masked}; ` +
        `answers and prompts with it are recorded as they are. From ${TELLING_BYTES} bytes on it is masked everywhere`,
    );
  }
}
