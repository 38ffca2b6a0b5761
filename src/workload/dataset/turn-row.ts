import { columnGroup } from '../../core/row-columns.ts';
import { mapColumns } from '../../dataset/columns.ts';
import { datasetError, type RowValues, shown } from '../../dataset/row.ts';
import type { Message } from '../conversation.ts';
import type { Opening } from './opening.ts';

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

/**
 * The first turn of a conversation as a row of a dataset. `promptOf`: makes the text of a turn that has only a length.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input), with the place, for a turn that asks nothing, or for more than a request can hold.
 */
export function turnRow(opening: Opening, promptOf: () => string): RowValues {
  const { conversation, turn } = opening;
  const { place } = conversation;
  if (turn.payload !== undefined) return mapColumns({ place, values: payloadRow(turn.payload) });
  const { messages, outputTokens, tools, extraBody, model } = turn;
  const limit = outputTokens === null ? {} : { max_tokens: Math.max(1, outputTokens) };
  const others = {
    ...limit,
    ...(tools === undefined ? {} : { tools }),
    ...(extraBody === undefined ? {} : { extra_body: extraBody }),
  };
  // The model that a trace of lengths names is the one that was recorded, not the one under test.
  if (messages === null) return mapColumns({ place, values: { prompt: promptOf(), ...others } });
  const asked = askedBy(opening, messages);
  return mapColumns({ place, values: { ...asked, ...(model === null ? {} : { model }), ...others } });
}

/** A text that somebody asks, with or without a system prompt, is a prompt: every API takes one. */
function askedBy({ conversation, turn }: Opening, own: readonly Message[]): RowValues {
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
