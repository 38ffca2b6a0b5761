import { columnGroup } from '../../core/row-columns.ts';
import { mapColumns } from '../../dataset/columns.ts';
import { datasetError, type RowValues, shown } from '../../dataset/row.ts';
import type { Conversation, Message, Turn } from '../conversation.ts';

/** Columns that say what is asked, or that settings decide as well; all other fields of a payload are sent whatever their names. */
const OWN_ROLES: readonly unknown[] = [
  'prompt',
  'system',
  'messages',
  'tokens',
  'model',
  'limit',
  'stream',
  'extra',
];

/** A turn and the conversation it is of. */
export interface PlacedTurn {
  readonly conversation: Conversation;
  readonly turn: Turn;
}

/**
 * A turn that is a whole request as a row of a dataset. `promptOf`: makes the text of a turn that has only a length.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input), with the place, for a turn that asks nothing, or for more than a request can hold.
 */
export function turnRow(placed: PlacedTurn, promptOf: () => string): RowValues {
  const { conversation, turn } = placed;
  const { place } = conversation;
  if (turn.payload !== undefined) return mapColumns({ place, values: payloadRow(turn.payload) });
  const { messages, model } = turn;
  const others = fieldsBeside(turn);
  // The model that a trace of lengths names is the one that was recorded, not the one under test.
  if (messages === null) return mapColumns({ place, values: { prompt: promptOf(), ...others } });
  const asked = askedBy(placed, messages);
  return mapColumns({ place, values: { ...asked, ...(model === null ? {} : { model }), ...others } });
}

/** The same for a turn that goes on from a history: `messages` is the list that it belongs to, up to its own. */
export function messagesRow({ conversation, turn }: PlacedTurn, messages: readonly Message[]): RowValues {
  const { model, images } = turn;
  const { place } = conversation;
  const shown = images === undefined ? messages : withImages(messages, images, place);
  return { messages: shown, ...(model === null ? {} : { model }), ...fieldsBeside(turn) };
}

function fieldsBeside({ outputTokens, tools, extraBody }: Turn): RowValues {
  return {
    ...(outputTokens === null ? {} : { max_tokens: Math.max(1, outputTokens) }),
    ...(tools === undefined ? {} : { tools }),
    ...(extraBody === undefined ? {} : { extra_body: extraBody }),
  };
}

/** A text that somebody asks, with or without a system prompt, is a prompt: every API takes one. */
function askedBy({ conversation, turn }: PlacedTurn, own: readonly Message[]): RowValues {
  const { system, place } = conversation;
  const messages = turn.images === undefined ? own : withImages(own, turn.images, place);
  const [only, ...more] = messages;
  const isPrompt =
    more.length === 0 &&
    only?.role === 'user' &&
    typeof only.content === 'string' &&
    Object.keys(only).length === 2;
  if (isPrompt) return { prompt: only.content, ...(system === undefined ? {} : { system }) };
  const before = system === undefined ? [] : [{ role: 'system', content: system }];
  return { messages: [...before, ...messages] };
}

/** Behind the text of the last message. */
function withImages(
  messages: readonly Message[],
  images: readonly string[],
  place: () => string,
): readonly Message[] {
  const parts = images.map((url) => {
    if (!/^(https?|data):/i.test(url)) {
      throw datasetError(place(), `images must be URLs or data: URLs (got ${shown(url)})`);
    }
    return { type: 'image_url', image_url: { url } };
  });
  const last = messages.at(-1)!;
  const texts = [last.content]
    .flat()
    .map((part: unknown) => (typeof part === 'string' ? { type: 'text', text: part } : part));
  return [...messages.slice(0, -1), { ...last, content: [...texts, ...parts] }];
}

function payloadRow(payload: RowValues): RowValues {
  const own: [string, unknown][] = [];
  const others: [string, unknown][] = [];
  for (const entry of Object.entries(payload)) {
    const isOwn = OWN_ROLES.includes(columnGroup(entry[0])?.role);
    (isOwn ? own : others).push(entry);
  }
  const row = Object.fromEntries(own);
  return { ...row, extra_body: { ...Object.fromEntries(others), ...(row.extra_body as object | undefined) } };
}
