import { expect, test } from 'vitest';
import { NO_SAMPLE, type RunId, sampleUuid, type SampleSeq } from '../core/ids.ts';
import { SampleNumbers } from './sample-numbers.ts';
import { readUuidKey, UUID_KEY_WORDS } from './uuid-key.ts';

test('the key of a uuid tells the number that its text tells, whichever letter is another', () => {
  const runId = '0a1b2c3d4e5f6789' as RunId;
  const samples = new SampleNumbers(runId);
  const key = new Int32Array(UUID_KEY_WORDS);
  const differing: string[] = [];
  for (const seq of [0, 0x90af, NO_SAMPLE - 1, NO_SAMPLE]) {
    const uuid = Buffer.from(sampleUuid(runId, seq as SampleSeq));
    for (let at = 0; at < uuid.length; at++) {
      const other = Buffer.from(uuid);
      for (let letter = 0; letter < 0x80; letter++) {
        other[at] = letter;
        expect(readUuidKey(new DataView(other.buffer, other.byteOffset), 0, key)).toBe(true);
        const text = other.toString('latin1');
        if (samples.ownSeqOfKey(key) !== (samples.ownSeq(text) ?? -1)) differing.push(text);
      }
    }
  }
  expect(differing).toEqual([]);
});
