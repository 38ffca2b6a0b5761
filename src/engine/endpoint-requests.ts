import type { RequestArena } from '../dataset/arena.ts';
import type { RequestSource } from './connection-pool.ts';
import type { Conversations } from './conversations/conversations.ts';
import { RepeatSaltedRequests } from './conversations/repeat-salted-requests.ts';
import { TurnRequests } from './conversations/turn-requests.ts';
import { ModelRequests } from './model-requests.ts';
import { SaltedRequests } from './salted-requests.ts';
import type { SampleModels } from './sample-models.ts';
import type { EngineSettings } from './settings.ts';
import { StampedRequests } from './stamped-requests.ts';

/** Of a request, the first bytes, in which its target stands. */
const MAX_TARGET_BYTES = 2048;

/** What requests of a worker depend on besides its settings. */
export interface RequestParts {
  readonly settings: EngineSettings;
  readonly conversations: Conversations | undefined;
  readonly models: SampleModels;
}

/**
 * The requests of one endpoint: those of its arena, and around them only what the run needs, from the inside out: histories, salts, models, and what each
 * sample puts into its head.
 */
export function endpointRequests(parts: RequestParts, arena: RequestArena, endpoint: number): RequestSource {
  const { settings, conversations, models } = parts;
  const slots = settings.slots?.[endpoint] ?? [];
  const ofFirst = unstamped(parts, arena, endpoint);
  const others = settings.models?.others;
  const ofModels = others && new ModelRequests(ofFirst, models, others, endpoint);
  const requests = ofModels ?? ofFirst;
  if (slots.length === 0) return requests;
  const slotsOf = (row: number, seq: number) => ofModels?.slotsOf(row, seq) ?? slots;
  // A request without a conversation is one by itself.
  const numberOf = (seq: number) => conversations?.placeOf(seq).conversation ?? seq;
  const idOf = (seq: number) => conversations?.placeOf(seq).name?.conversationId ?? String(numberOf(seq));
  const { sessionToken = '' } = settings.conversations ?? {};
  const tokenLineOf = (seq: number) => {
    const token = conversations?.tokenOf(seq);
    return token === undefined ? '' : `${sessionToken}: ${token}\r\n`;
  };
  return new StampedRequests(requests, slotsOf, { numberOf, idOf, tokenLineOf });
}

function unstamped(
  { settings, conversations }: RequestParts,
  arena: RequestArena,
  endpoint: number,
): RequestSource {
  const { salt, seed = 0 } = settings;
  if (conversations === undefined) {
    return salt === undefined ? arena : new SaltedRequests(arena, salt, endpoint, seed);
  }
  const requests = new TurnRequests(arena, conversations);
  const salts = settings.conversations?.repeatSalts;
  if (salts === undefined) return requests;
  return new RepeatSaltedRequests(requests, salts, endpoint, (seq) => conversations.placeOf(seq).repeats);
}

/** `POST /v1/completions`, as the requests to an endpoint begin; that of a model which some rows replace is the first row's. */
export function targetOf(
  { conversations }: EngineSettings,
  arena: RequestArena,
  endpoint: number,
): string | undefined {
  const head =
    conversations?.heads[endpoint] ??
    Buffer.from(arena.requestBytes(0)).toString('latin1', 0, MAX_TARGET_BYTES);
  // A query may hold a key.
  return /^[A-Z]+ [^\s?]+/.exec(head)?.[0];
}
