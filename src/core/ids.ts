import { randomBytes } from 'node:crypto';

/** Number of a sample within its run, from 0. `NO_SAMPLE` stands for an event of no sample. */
export type SampleSeq = number & { readonly __brand: 'SampleSeq' };

/** The largest 32-bit number: the sequence column of an event that belongs to no sample. */
export const NO_SAMPLE = 0xffff_ffff as SampleSeq;

/** 16 lower-case hex digits that name a run. */
export type RunId = string & { readonly __brand: 'RunId' };

export function createRunId(): RunId {
  return randomBytes(8).toString('hex') as RunId;
}

/** Numbers of a byte as two hex digits. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The 32 hex digits a sample is known by outside: run id, then its number. */
export function sampleUuid(runId: RunId, seq: SampleSeq): string {
  return runId + sampleDigits(seq);
}

/** The second half of {@link sampleUuid}. */
export function sampleDigits(seq: SampleSeq): string {
  return `00000000${HEX[seq >>> 24]!}${HEX[(seq >>> 16) & 255]!}${HEX[(seq >>> 8) & 255]!}${HEX[seq & 255]!}`;
}

/** The number behind a uuid made by {@link sampleUuid} for this run, or `undefined` for any other text. */
export function sampleSeqOfUuid(runId: RunId, uuid: string): SampleSeq | undefined {
  if (uuid.length !== 32 || !uuid.startsWith(runId)) return undefined;
  const seq = Number.parseInt(uuid.slice(16), 16);
  return seq < NO_SAMPLE && sampleUuid(runId, seq as SampleSeq) === uuid ? (seq as SampleSeq) : undefined;
}
