import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMessage, type Offer, offerSchema } from '../../cluster/messages.ts';
import { DISCOVERY_SUBJECT } from '../../cluster/subjects.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { countedText } from '../../core/quantity-text.ts';
import type { NatsPlace } from './nats-place.ts';

const LOOK_MS = 300;

/**
 * Finds the requested number of agents that wait for work, in the order of their names, no two of which are the same. Throws `INFEROMETER_AGENTS_MISSING` (setup) when there are not
 * enough within `waitMs`.
 */
export async function gatherAgents(
  place: NatsPlace,
  { count, waitMs, version, log }: { count: number; waitMs: number; version: string; log: Log },
): Promise<readonly Offer[]> {
  const deadlineMs = performance.now() + waitMs;
  let hasTold = false;
  for (;;) {
    const offers = await askForAgents(place, log);
    const fitting = offers.filter((offer) => offer.version === version);
    if (fitting.length >= count) {
      return withDistinctNames(
        fitting
          .sort((a, b) => (a.name < b.name || (a.name === b.name && a.agent_id < b.agent_id) ? -1 : 1))
          .slice(0, count),
      );
    }
    if (performance.now() >= deadlineMs) throw missing(place, count, fitting.length, offers, version);
    if (!hasTold) log.info(`waiting for agents: ${fitting.length} of ${count} are there`);
    hasTold = true;
    await sleep(LOOK_MS);
  }
}

/** Agents of one name, such as two on one host, get numbers behind it. */
export function withDistinctNames(offers: readonly Offer[]): readonly Offer[] {
  const taken = new Set(offers.map(({ name }) => name));
  return offers.map((offer) => {
    if (offers.filter(({ name }) => name === offer.name).length === 1) return offer;
    let number = 1;
    while (taken.has(`${offer.name}-${number}`)) number += 1;
    const name = `${offer.name}-${number}`;
    taken.add(name);
    return { ...offer, name };
  });
}

async function askForAgents({ connection }: NatsPlace, log: Log): Promise<Offer[]> {
  const offers = new Map<string, Offer>();
  try {
    const answers = await connection.requestMany(DISCOVERY_SUBJECT, undefined, {
      strategy: 'timer',
      maxWait: LOOK_MS,
    });
    for await (const { data } of answers) {
      const offer = decodeMessage(offerSchema, data, 'the offer of an agent');
      offers.set(offer.agent_id, offer);
    }
  } catch (error) {
    // Nobody is there yet, or NATS is away for a moment.
    log.debug(`asking for agents: ${errorText(error)}`);
  }
  return [...offers.values()];
}

function missing(
  { address }: NatsPlace,
  count: number,
  found: number,
  offers: readonly Offer[],
  version: string,
): InferometerError {
  const others = offers.filter((offer) => offer.version !== version);
  const misfits =
    others.length === 0
      ? ''
      : `; ${others.map(({ name, version: theirs }) => `${name} has version ${theirs}`).join(', ')}, and this is ${version}`;
  return new InferometerError(
    'INFEROMETER_AGENTS_MISSING',
    'setup',
    `--agents ${count}: only ${countedText(found, 'agent')} waiting at ${address}${misfits}; ` +
      'start inferometer agent with the same --nats on each load generator',
  );
}
