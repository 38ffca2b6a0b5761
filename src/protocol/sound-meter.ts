import { NS_PER_SECOND } from '../core/time.ts';

/** No header that servers write is longer: it is read in full before anything behind it counts. */
const MOST_HEADER_BYTES = 4096;
const CHUNK_HEAD_BYTES = 8;
const RIFF_BYTES = 12;

/**
 * Measures the bytes of one sound file after another as they come: how many, when the first one of sound is there, and how long they play. The length is
 * known of WAV, from its header and the bytes that came, as streamed headers have none; of MP3, from the heads of its frames; and of raw
 * samples of a known rate.
 */
export class SoundMeter {
  bytes = 0;
  readonly #head = Buffer.alloc(MOST_HEADER_BYTES);
  readonly #mp3 = new Mp3Frames();
  /** Of the sound itself, a second. */
  #bytesPerSecond = NaN;
  /** Bytes of sound by the header; Infinity where it does not tell. */
  #saidBytes = Infinity;
  /** In front of the sound; NaN while the bytes so far may all be header. */
  #headerBytes = NaN;
  #kind: 'unknown' | 'wav' | 'mp3' | 'other' = 'unknown';

  /** `bytesPerSecond`: of raw samples; NaN for a file that tells. */
  reset(bytesPerSecond: number): void {
    this.bytes = 0;
    this.#bytesPerSecond = bytesPerSecond;
    this.#headerBytes = bytesPerSecond > 0 ? 0 : NaN;
    this.#saidBytes = Infinity;
    this.#kind = bytesPerSecond > 0 ? 'other' : 'unknown';
    this.#mp3.reset();
  }

  /** Takes the next bytes; whether there is sound by now. */
  add(buffer: Uint8Array, start: number, end: number): boolean {
    if (Number.isNaN(this.#headerBytes)) this.#readHead(buffer, start, end);
    if (this.#kind === 'mp3') this.#mp3.add(buffer, start, end);
    this.bytes += end - start;
    return this.bytes > this.#headerBytes;
  }

  /** How long the sound plays, ns; NaN where nobody knows. */
  get audioNs(): number {
    if (this.#kind === 'mp3') return this.#mp3.audioNs;
    const soundBytes = Math.min(this.bytes - this.#headerBytes, this.#saidBytes);
    return Math.round((soundBytes / this.#bytesPerSecond) * NS_PER_SECOND);
  }

  #readHead(buffer: Uint8Array, start: number, end: number): void {
    const room = Math.min(end - start, MOST_HEADER_BYTES - this.bytes);
    this.#head.set(buffer.subarray(start, start + room), this.bytes);
    const length = this.bytes + room;
    if (this.#kind === 'unknown') this.#kind = kindOf(this.#head, length);
    if (this.#kind === 'unknown') return;
    if (this.#kind !== 'wav') this.#headerBytes = 0;
    else this.#readWav(length);
    // What came while the kind was unknown belongs to the frames too.
    if (this.#kind === 'mp3') this.#mp3.add(this.#head, 0, this.bytes);
  }

  /** The chunks of a RIFF file up to its data. */
  #readWav(length: number): void {
    const head = this.#head;
    for (let at = RIFF_BYTES; at + CHUNK_HEAD_BYTES <= length;) {
      const id = head.toString('latin1', at, at + 4);
      const body = at + CHUNK_HEAD_BYTES;
      if (id === 'data') {
        this.#headerBytes = body;
        this.#saidBytes = head.readUInt32LE(at + 4) || Infinity;
        return;
      }
      if (id === 'fmt ' && body + 12 <= length) this.#bytesPerSecond = head.readUInt32LE(body + 8);
      const size = head.readUInt32LE(at + 4);
      at = body + size + (size & 1);
    }
    if (length === MOST_HEADER_BYTES) this.#headerBytes = length;
  }
}

/** How long the sound in a file plays, ns; NaN where its format doesn't tell. */
export function audioNsIn(file: Uint8Array): number {
  const meter = new SoundMeter();
  meter.reset(NaN);
  meter.add(file, 0, file.length);
  return meter.audioNs;
}

/** By its first bytes; unknown while they may still be any of them. */
function kindOf(head: Buffer, length: number): 'unknown' | 'wav' | 'mp3' | 'other' {
  const text = head.toString('latin1', 0, Math.min(length, RIFF_BYTES));
  if (isBeginning(text, 'RIFF')) {
    if (length < RIFF_BYTES) return 'unknown';
    return text.endsWith('WAVE') ? 'wav' : 'other';
  }
  if (isBeginning(text, 'ID3')) return length < 3 ? 'unknown' : 'mp3';
  if (head[0] !== 0xff) return 'other';
  if (length < 2) return 'unknown';
  return layerOf(head[1]!) === 3 ? 'mp3' : 'other';
}

function isBeginning(text: string, of: string): boolean {
  return text.startsWith(of) || of.startsWith(text);
}

/** Of MPEG audio, by the second byte of a frame's head; 0 for none. */
function layerOf(second: number): number {
  const isSync = (second & 0xe0) === 0xe0;
  return isSync ? (4 - ((second >> 1) & 3)) % 4 : 0;
}

const FRAME_HEAD_BYTES = 4;
const ID3_HEAD_BYTES = 10;
/** Kilobits a second of layer III: of MPEG 1, and of 2 and 2.5. */
const BIT_RATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
] as const;
/** Samples a second by the version's two bits: 2.5, none, 2, 1. */
const SAMPLE_RATES = [
  [11_025, 12_000, 8000],
  [0, 0, 0],
  [22_050, 24_000, 16_000],
  [44_100, 48_000, 32_000],
] as const;
const MPEG_1 = 3;

/** Adds up how long the frames of an MP3 play, reading only their heads. */
class Mp3Frames {
  /** NaN once something was found that is no frame. */
  audioNs = 0;
  readonly #head = new Uint8Array(ID3_HEAD_BYTES);
  #headBytes = 0;
  #skip = 0;

  reset(): void {
    this.audioNs = 0;
    this.#headBytes = 0;
    this.#skip = 0;
  }

  add(buffer: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end && !Number.isNaN(this.audioNs);) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#head[this.#headBytes++] = buffer[at++]!;
      if (this.#headBytes === this.#wanted) this.#takeHead();
    }
  }

  /** Bytes of the head that is being read. */
  get #wanted(): number {
    return this.#headBytes >= 1 && this.#head[0] === 0x49 ? ID3_HEAD_BYTES : FRAME_HEAD_BYTES;
  }

  #takeHead(): void {
    const [first, second, third] = this.#head as unknown as readonly [number, number, number];
    this.#headBytes = 0;
    if (first === 0x49) {
      this.#skip = tagBytes(this.#head);
      return;
    }
    // A tag of the old kind ends a file.
    if (first === 0x54) {
      this.#skip = Infinity;
      return;
    }
    const version = (second >> 3) & 3;
    const bitRate = BIT_RATES[version === MPEG_1 ? 0 : 1][third >> 4]! * 1000;
    const sampleRate = SAMPLE_RATES[version]![(third >> 2) & 3] ?? 0;
    if (first !== 0xff || layerOf(second) !== 3 || bitRate === 0 || sampleRate === 0) {
      this.audioNs = NaN;
      return;
    }
    const samples = version === MPEG_1 ? 1152 : 576;
    const bytes = Math.floor(((samples / 8) * bitRate) / sampleRate) + ((third >> 1) & 1);
    this.audioNs += Math.round((samples / sampleRate) * NS_PER_SECOND);
    this.#skip = bytes - FRAME_HEAD_BYTES;
  }
}

/** Length of an ID3 tag behind its head: four times seven bits. */
function tagBytes(head: Uint8Array): number {
  return (head[6]! << 21) | (head[7]! << 14) | (head[8]! << 7) | head[9]!;
}
