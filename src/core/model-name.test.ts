import { expect, test } from 'vitest';
import { mayBeSameModel } from './model-name.ts';

test.each([
  ['llama', 'llama', true],
  ['Llama', 'meta/llama', true],
  ['/models/llama/', 'llama', true],
  ['llama', 'llama:latest', true],
  ['gpt-5', 'gpt-5-2026-08-07', true],
  ['claude-sonnet', 'claude-sonnet@20260801', true],
  ['openai/gpt-5', 'gpt-5-2026-08-07', true],
  ['gpt-5', 'gpt-5-mini', false],
  ['llama3:8b', 'llama3:70b', false],
  ['llama', 'mistral', false],
  ['llama', '', false],
])('%s and %s may be the same: %s', (one, other, wanted) => {
  expect([mayBeSameModel(one, other), mayBeSameModel(other, one)]).toEqual([wanted, wanted]);
});
