import { createHash } from 'node:crypto';
import { FRAME_HEADER_BYTES } from '../../transport/frame.ts';

/** Says whether two machines made the same prompts: SHA-256 over what each row asks. To be taken before the frames are recorded, which masks secrets in them. */
export function promptsDigest(promptFrames: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const frame of promptFrames) hash.update(frame.subarray(FRAME_HEADER_BYTES));
  return hash.digest('hex');
}
