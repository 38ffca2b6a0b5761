import type { ReadFaults } from '../transport/msgpack-reader.ts';

/** Bytes that are no snapshot: malformed MessagePack, or well-formed and of another shape. */
export class SnapshotWireError extends Error {
  override readonly name = 'SnapshotWireError';
}

/** How the reader of MessagePack says so. */
export const SNAPSHOT_WIRE_FAULTS: ReadFaults = {
  malformed: (message, cause) => new SnapshotWireError(message, { cause }),
  unexpected: (message) => new SnapshotWireError(message),
};
