import { expect, it } from 'vitest';
import { outputLengthText } from './output-length.ts';

it('tells what was requested and what came', () => {
  expect(outputLengthText({ requested: 256, delivered: 131 })).toBe(
    '256 tokens requested on average, 131 delivered (51.2 %)',
  );
});
