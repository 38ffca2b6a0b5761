import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutBase64 } from './base64-fields.ts';

test('long images are cut out, and all of them are measured', () => {
  const image = fc.uint8Array({ maxLength: 600 });
  fc.assert(
    fc.property(
      fc.array(image, { maxLength: 4 }),
      fc.boolean(),
      fc.jsonValue(),
      (images, isPretty, other) => {
        const data = images.map((bytes) => ({
          b64_json: Buffer.from(bytes).toString('base64'),
          x: 'b64_json',
        }));
        const text = JSON.stringify({ other, data, more: other }, null, isPretty ? 1 : 0);
        const bytes = Buffer.from(`..${text}.`);
        const found = withoutBase64(bytes, 2, bytes.length - 1, 'b64_json');
        expect(found.bytes).toBe(images.reduce((sum, one) => sum + one.length, 0));
        const value = found.value as { data: { b64_json: string }[]; other: unknown; more: unknown };
        expect(JSON.stringify([value.other, value.more])).toBe(JSON.stringify([other, other]));
        for (const [index, { b64_json: kept }] of value.data.entries()) {
          expect([data[index]!.b64_json, '']).toContain(kept);
        }
      },
    ),
  );
});

test('an image of megabytes costs no parsing of it', () => {
  const bytes = Buffer.from(`{"data":[{"b64_json":"${'A'.repeat(2 ** 24)}"}]}`);
  const found = withoutBase64(bytes, 0, bytes.length, 'b64_json');
  expect(found).toEqual({ value: { data: [{ b64_json: '' }] }, bytes: (2 ** 24 * 3) / 4 });
});

test.each(['', '{"b64_json":', '{"b64_json":"AAAA', '{"b64_json":"AAAA"'])('%s is refused', (text) => {
  const bytes = Buffer.from(text);
  expect(() => withoutBase64(bytes, 0, bytes.length, 'b64_json')).toThrow('must be JSON');
});
