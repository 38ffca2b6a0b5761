import { expect, it } from 'vitest';
import { figuresOfSummary } from './figures.ts';

it('has energy and cost of runs that were measured for them, and of no others', () => {
  const throughput = { succeeded_per_second: 10 };
  const energy = { joules_per_output_token: 1.5, joules_per_request: 6 };
  expect(figuresOfSummary({ throughput, energy, cost: { per_million_output_tokens: 22.4 } })).toMatchObject({
    joules_per_output_token: { value: 1.5, low: null, high: null },
    cost_per_million_output_tokens: { value: 22.4, low: null, high: null },
  });
  const unknown = figuresOfSummary({ throughput, energy: { joules_per_output_token: null } });
  expect(Object.keys(unknown)).toEqual(['requests_per_second']);
});
