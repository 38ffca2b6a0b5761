import { expect, it } from 'vitest';
import { type BalanceName, EndpointBalance } from './endpoint-balance.ts';

/** The endpoints of samples that begin one after another, each once a sample of the given endpoint has ended. */
function choices(name: BalanceName, ended: readonly (number | undefined)[], first = 0): number[] {
  const balance = new EndpointBalance(name, 3, first);
  return ended.map((endpoint) => {
    if (endpoint !== undefined) balance.ended(endpoint);
    const chosen = balance.choose();
    balance.sent(chosen);
    return chosen;
  });
}

const none = undefined;

it('takes turns in order, whatever is in flight', () => {
  expect(choices('round_robin', [none, none, none, 2, 2, 2])).toEqual([0, 1, 2, 0, 1, 2]);
  expect(choices('round_robin', [none, none], 5)).toEqual([2, 0]);
});

it('chooses the endpoint with the fewest in flight, and takes turns among equals', () => {
  expect(choices('least_in_flight', [none, none, none, 1, 1, 1, none, none, none])).toEqual([
    ...[0, 1, 2, 1, 1, 1],
    ...[2, 0, 1],
  ]);
  expect(choices('least_in_flight', [none, 1, 2, 0], 1)).toEqual([1, 2, 0, 1]);
});
