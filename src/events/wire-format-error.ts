import type { ReadFaults } from '../transport/msgpack-reader.ts';

/**
 * Bytes that are no event of ours: malformed MessagePack (`DecodeError`), or well-formed and of the wrong shape
 * (`ValidationError`). The two names are the reference's and reach the wire in the `error.generic` record that stands in
 * for an undecodable event.
 */
export class WireFormatError extends Error {
  override readonly name: 'DecodeError' | 'ValidationError';

  constructor(name: 'DecodeError' | 'ValidationError', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = name;
  }
}

/** How the reader of MessagePack says these. */
export const WIRE_FORMAT_FAULTS: ReadFaults = {
  malformed: (message, cause) => new WireFormatError('DecodeError', message, { cause }),
  unexpected: (message) => new WireFormatError('ValidationError', message),
};
