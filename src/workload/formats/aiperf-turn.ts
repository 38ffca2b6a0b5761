import { datasetError, isRowValues, shown } from '../../dataset/row.ts';
import { PLAIN_TURN, type Turn } from '../conversation.ts';
import type { Fields } from '../fields.ts';
import type { Notes } from '../notes.ts';

const MODALITIES = ['text', 'image', 'audio', 'video'] as const;
type Modality = (typeof MODALITIES)[number];
const KNOWN: readonly string[] = [
  ...MODALITIES.flatMap((name) => [name, `${name}s`]),
  ...['timestamp', 'delay', 'role', 'output_length', 'extra', 'session_id', 'image_uuids', 'type'],
];

/** A turn of aiperf's own formats, with its time or its delay, of which it has one at most. */
export interface AiperfTurn {
  readonly turn: Turn;
  readonly timeMs: number | null;
  readonly delayMs: number | null;
}

/**
 * What the fields of aiperf's formats say: `text` or `texts`, the same for images, audio and video, `output_length`, `extra`, and `timestamp` or
 * `delay` in ms. Throws `INFEROMETER_DATASET_INVALID` for a turn that says nothing, or the same thing twice.
 */
export function aiperfTurn(fields: Fields, notes: Notes): AiperfTurn {
  const unknown = fields.unknownName(KNOWN);
  if (unknown !== undefined)
    notes.add(
      fields.place(),
      `the field "${unknown}" is none of this format and is not sent; put it into "extra"`,
    );
  const contents = new Map(MODALITIES.map((name) => [name, contentsOf(fields, name)]));
  if ([...contents.values()].every((list) => list.length === 0)) {
    throw datasetError(fields.place(), 'says nothing: it needs text, image, audio or video');
  }
  // Not by what they are worth: 0 is a time.
  if (fields.has('timestamp') && fields.has('delay')) {
    throw datasetError(fields.place(), 'has both a timestamp and a delay; keep one of them');
  }
  const texts = contents.get('text')!;
  const media = ['audio', 'video'].filter((name) => contents.get(name as Modality)!.length > 0);
  for (const name of media) notes.add(fields.place(), `${name} is not sent`);
  return {
    timeMs: fields.has('timestamp') ? fields.number('timestamp', 0) : null,
    delayMs: fields.has('delay') ? fields.number('delay', 0) : null,
    turn: {
      ...PLAIN_TURN,
      messages: [{ role: fields.textOr('role', 'user'), content: texts.length === 1 ? texts[0] : texts }],
      outputTokens: fields.countOr('output_length', 1, null),
      ...(fields.has('extra') ? { extraBody: fields.object('extra') } : {}),
      ...(contents.get('image')!.length === 0 ? {} : { images: contents.get('image')! }),
      ...(media.length === 0
        ? {}
        : { facts: Object.fromEntries(media.map((name) => [name, contents.get(name as Modality)])) }),
    },
  };
}

/** One text, a list of texts, or a list of named lists of texts. */
function contentsOf(fields: Fields, name: Modality): readonly string[] {
  const plural = `${name}s`;
  if (fields.has(name) && fields.has(plural)) {
    throw datasetError(fields.place(), `has both ${name} and ${plural}; keep one of them`);
  }
  if (fields.has(name)) return [fields.text(name)];
  return fields.listOr(plural).flatMap((item, index) => {
    if (typeof item === 'string') return [item];
    if (
      isRowValues(item) &&
      Array.isArray(item.contents) &&
      item.contents.every((text) => typeof text === 'string')
    ) {
      return item.contents;
    }
    throw datasetError(
      `${fields.place()}: ${plural}[${index}]`,
      `must be text, or {name, contents} (got ${shown(item)})`,
    );
  });
}
