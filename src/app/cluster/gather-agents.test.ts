import { expect, test } from 'vitest';
import { withDistinctNames } from './gather-agents.ts';

test('agents of one name get numbers, which no other agent has as its name', () => {
  const offers = ['rack', 'rack', 'rack-1', 'tower'].map((name, index) => ({
    ...{ agent_id: String(index), name, host: 'h', version: '1', clock_source: null },
  }));
  expect(withDistinctNames(offers).map(({ name }) => name)).toEqual(['rack-2', 'rack-3', 'rack-1', 'tower']);
});
