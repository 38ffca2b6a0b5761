import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readUuidKey, uuidKeyOf, uuidOfKey, UUID_KEY_WORDS } from './uuid-key.ts';
import { UuidMap } from './uuid-map.ts';

const ascii = fc.array(fc.integer({ min: 0, max: 0x7f }), { minLength: 32, maxLength: 32 });
const anyUuid = ascii.map((letters) => String.fromCharCode(...letters));

function keyOf(uuid: string): Int32Array {
  const key = new Int32Array(UUID_KEY_WORDS);
  expect(uuidKeyOf(uuid, key)).toBe(true);
  return key;
}

describe('uuid key', () => {
  it('is the same from text and from bytes, and gives the text back', () => {
    fc.assert(
      fc.property(anyUuid, fc.nat(3), (uuid, at) => {
        const view = new DataView(Uint8Array.from(Buffer.from('x'.repeat(at) + uuid)).buffer);
        const key = new Int32Array(UUID_KEY_WORDS);
        expect(readUuidKey(view, at, key)).toBe(true);
        expect(key).toEqual(keyOf(uuid));
        expect(uuidOfKey(key)).toBe(uuid);
      }),
    );
  });

  it('is of 32 ASCII letters only', () => {
    const key = new Int32Array(UUID_KEY_WORDS);
    for (const uuid of [
      '',
      'a',
      '0'.repeat(31),
      '0'.repeat(33),
      `${'0'.repeat(31)}é`,
      `${'0'.repeat(31)}Ā`,
    ]) {
      expect(uuidKeyOf(uuid, key)).toBe(false);
    }
    const bytes = new Uint8Array(32).fill(0x30);
    for (let i = 0; i < bytes.length; i++) {
      const view = new DataView(bytes.with(i, 0x80).buffer);
      expect(readUuidKey(view, 0, key)).toBe(false);
    }
  });
});

describe('UuidMap', () => {
  it('behaves as a Map of texts, through growth and removal', () => {
    // Neighbouring numbers, as uuids of one run are, and a few that share most of their letters.
    const uuid = fc.oneof(
      fc.nat(700).map((n) => n.toString(16).padStart(32, '0')),
      fc.nat(20).map((n) => n.toString(16).padEnd(32, '0')),
    );
    const step = fc.tuple(fc.constantFrom('set', 'set', 'delete'), uuid);
    fc.assert(
      fc.property(fc.array(step, { size: '+2' }), (steps) => {
        const map = new UuidMap<number>();
        const model = new Map<string, number>();
        for (const [i, [action, text]] of steps.entries()) {
          expect(map.get(keyOf(text))).toBe(model.get(text));
          if (action === 'set') {
            map.set(keyOf(text), i);
            model.set(text, i);
          } else {
            map.delete(keyOf(text));
            model.delete(text);
          }
          expect(map.size).toBe(model.size);
        }
        for (const [text, value] of model) expect(map.get(keyOf(text))).toBe(value);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps thousands and lets them go again', () => {
    const map = new UuidMap<number>();
    const uuids = Array.from({ length: 5000 }, (_, n) => (n * 7).toString(16).padStart(32, 'f'));
    uuids.forEach((uuid, n) => map.set(keyOf(uuid), n));
    uuids.forEach((uuid, n) => {
      if (map.get(keyOf(uuid)) !== n) expect.fail(`${uuid} has another value`);
      map.delete(keyOf(uuid));
      if (map.get(keyOf(uuid)) !== undefined) expect.fail(`${uuid} is still there`);
    });
    expect(map.size).toBe(0);
  });
});
