import type { VerdictFacts } from './facts.ts';

type AdviceFacts = Pick<VerdictFacts, 'client' | 'isEndpointHere'>;

/** Whether a worker had so much to do that another one would have helped. */
export function isBusy({ client }: AdviceFacts): boolean {
  return (client?.busyShare ?? 0) > 0;
}

const HERE = 'a server on this machine shares its cores with the client, so run it on another';

/**
 * What to do about a client that was late: more threads help where one was busy, otherwise cores that nobody else needs. `others`: what helps as well.
 */
export function lateAdvice(facts: AdviceFacts, ...others: readonly string[]): string {
  const isHere = facts.isEndpointHere === true;
  const machine = isHere
    ? []
    : [isBusy(facts) ? 'a machine with less to do' : 'use a machine with less to do'];
  const choices = [...(isBusy(facts) ? ['use more --workers'] : []), ...machine, ...others];
  return [...(choices.length === 0 ? [] : [joinedByOr(choices)]), ...(isHere ? [HERE] : [])].join('; ');
}

function joinedByOr(choices: readonly string[]): string {
  if (choices.length < 3) return choices.join(' or ');
  return `${choices.slice(0, -1).join(', ')}, or ${choices.at(-1)}`;
}
