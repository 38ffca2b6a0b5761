import { createRequire } from 'node:module';
import type * as Minizlib from 'minizlib';
import { errorText } from '../core/errors.ts';
import { HttpParseError } from './http-parse-error.ts';

/** How a body is compressed, as `Content-Encoding` says. */
export type ContentCoding = 'gzip' | 'deflate' | 'br';

type Decompressor = Minizlib.Unzip | Minizlib.InflateRaw | Minizlib.BrotliDecompress;

const require = createRequire(import.meta.url);

/**
 * Decompresses one body as its bytes arrive: whatever a piece completes is handed on before `write` returns, so that it keeps the stamp of
 * its read. Its library is loaded at the first compressed body.
 */
export class ContentDecoder {
  readonly #coding: ContentCoding;
  readonly #onBytes: (bytes: Uint8Array) => void;
  #decompressor: Decompressor | undefined;
  /** Of a body in `deflate`, as long as it is too short to tell its format. */
  #firstByte: Uint8Array | undefined;
  #error: unknown;

  /** `onBytes` may keep the bytes. */
  constructor(coding: ContentCoding, onBytes: (bytes: Uint8Array) => void) {
    this.#coding = coding;
    this.#onBytes = onBytes;
  }

  /** Throws {@link HttpParseError} for bytes that are not compressed in this way. */
  write(bytes: Uint8Array): void {
    let next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#coding === 'deflate' && this.#decompressor === undefined) {
      if (this.#firstByte !== undefined) next = Buffer.concat([this.#firstByte, next]);
      if (next.length < HEADER_BYTES) {
        this.#firstByte = Buffer.from(next);
        return;
      }
    }
    this.#decompressor ??= this.#open(next);
    this.#decompressor.write(next);
    this.#check();
  }

  /** The body has ended. Throws {@link HttpParseError} when it was cut short. */
  end(): void {
    if (this.#decompressor === undefined && this.#firstByte !== undefined) {
      throw new HttpParseError('a deflate body of one byte');
    }
    this.#decompressor?.end();
    this.#check();
  }

  #open(first: Uint8Array): Decompressor {
    const { BrotliDecompress, InflateRaw, Unzip } = require('minizlib') as typeof Minizlib;
    let decompressor: Decompressor;
    if (this.#coding === 'br') decompressor = new BrotliDecompress({ ...OPTIONS });
    // `deflate` means zlib's format; some servers send the bare one.
    else if (this.#coding === 'deflate' && !hasZlibHeader(first))
      decompressor = new InflateRaw({ ...OPTIONS });
    else decompressor = new Unzip({ ...OPTIONS });
    decompressor.on('data', (bytes) => this.#onBytes(bytes));
    decompressor.on('error', (error) => (this.#error ??= error));
    return decompressor;
  }

  #check(): void {
    if (this.#error === undefined) return;
    throw new HttpParseError(`a ${this.#coding} body that can't be decompressed: ${errorText(this.#error)}`);
  }
}

/** Most bytes that one read may become: an honest answer is compressed to a tenth at best, a bomb to a thousandth and less. */
export const MAX_BYTES_A_READ = 2 ** 24;
/** minizlib hands its options on to Node's zlib, which knows this one, and changes them: each decompressor gets a copy. */
const OPTIONS: Minizlib.ZlibOptions & { readonly maxOutputLength: number } = {
  maxOutputLength: MAX_BYTES_A_READ,
};

/** Of zlib's format. */
const HEADER_BYTES = 2;

function hasZlibHeader(bytes: Uint8Array): boolean {
  return (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0;
}
